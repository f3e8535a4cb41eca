"""Pure computation: what a student can do, what they like, what is assigned because of it: no I/O, no clock."""
