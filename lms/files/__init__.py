"""Files that a school loads, from bytes to rows: pure, strict, and with every fault told by file, line and column.

`oneroster` reads people and classes, `tables` our own CSVs, `case` CFPackages; `bundle` holds what they give and the
faults that they find. Nothing is loaded where there is a single fault.
"""
