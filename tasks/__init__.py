"""The stages of an event, in order, each thin.

`events` holds the tasks that the doorbell starts; they `drain` the inbox batch by batch. For each batch `apply` turns
payloads into facts, `decide` folds them into beliefs, chooses and publishes: one commit for an event's whole effect.
`refresh` does the same deciding for students whose policy, catalogue or clock has moved without an event.
`maintenance` rings for what nobody rang for, and does what is due at night.
"""
