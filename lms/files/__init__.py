"""Files that a school loads, from bytes to rows: pure, strict, and with every problem told by file, line and column.

`reading` knows each file by its name and reads them in the order in which they refer to each other; `oneroster` reads
people and classes, `tables` our own CSVs, `case` CASE packages, `surveys` questionnaires. They give a `bundle` of
`rows` and of `problem`s; nothing is loaded where there is a single one. `graph` finds circles among prerequisites.

All CSVs: UTF-8 (with or without a mark), a header row, commas, quotes as RFC 4180 has them. Of a person only what
teaching needs is read: no e-mail, no phone, no birth date.
"""
