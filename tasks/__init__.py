"""The stages of an event, in order, each thin.

`events` holds the tasks that the doorbell starts; they `drain` the inbox batch by batch. For each batch `apply` turns
payloads into facts (`choices` follows what students chose, `orders` what teachers ordered), and `decide` does the rest:
it sets the `table`, brings states up to date (`folding`), chooses, and writes what differs (`publishing`): one commit
for an event's whole effect. `refresh` decides in the same way for students whose policy, catalogue or clock has moved
without an event. `maintenance` rings for what nobody rang for, and does what is due at night.
"""
