"""Pure computation: what a student can do, what they like, and what is assigned because of it. No I/O, no clock, no dice."""
