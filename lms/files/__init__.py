"""Files that a school loads, from bytes to rows: pure, and every problem names its file, line and column.

`registry` knows each file by its name and reads them in the order in which they refer to each other; `oneroster` reads
people and classes (and `account_names` what events call them), `souschef_csv` our own CSVs, `case` CASE packages,
`json_toml` questionnaires. They give a `bundle` of `rows`, of `names` and of `findings`: a file that a person writes is
right or refused; of an export the rows that cannot be read are left out and listed. `cycles` finds circles among
prerequisites.

All CSVs: UTF-8 (with or without a mark), a header row, commas, quotes as RFC 4180 has them. Of a person only what
teaching needs is read: no e-mail, no phone, no birth date. All texts are composed (NFC).
"""
