"""The tables and all SQL on them.

One file a concern: `inbox` takes events in and hands them out, `facts` keeps what they became, `roster` resolves what
senders call people and things, `learners` loads and saves beliefs, `kitchen` loads what a decision needs, `publish`
writes the difference that a decision makes, `schools` and `sources` say who is who. `tables` holds the tables
themselves, `migrations` how they came about, `database` the one engine of a process.

Nothing here commits: a task opens one `database.transaction()` and everything that an event changes goes through it.
All SQL asks `souschef.clock()` for the time.
"""
