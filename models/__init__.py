"""The tables and all SQL on them.

- `engine`: the one connection pool of a process, and `transaction()`. `pooler`: what is different behind PgBouncer.
- `rows`: run SQL, map rows by name.
- `admin`: databases and migrations (`migrations/`). `tables/`: the tables as SQLModel classes.
- `views/`: the current SQL of every view. `sql/`: statements of 20 lines and more.
- `clock`, `locks` (the keys of all advisory locks), `bulk_upsert`: used by all folders.
- `events/`: the inbox, claims, facts, quarantine, the outbox of an LMS, counters, sequence gaps.
- `students/`: people and the names that senders use for them, enrolments, learner states, model versions.
- `catalogue`: what a school teaches with.
- `assignments/`: what a decision reads and writes, student activity, teacher overrides, policies.
- `imports/`: a school's files, loaded as differences.
- `privacy/`: data map, access log, export, erasure, retention, the interest switch.
- `access/`: schools, sources, database roles of an LMS.
- `reports/`: what people read.

Nothing here commits: a task opens one `engine.transaction()` and everything that an event changes goes through it.
All SQL asks `souschef.clock()` for the time.
"""
