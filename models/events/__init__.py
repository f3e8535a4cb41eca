"""Events from receipt to effect: the inbox, claims, facts, quarantine, the outbox, counters and sequence gaps."""
