"""The simulated classroom: does the decision do what it claims, beside other ways to decide, in worlds of several kinds?

A *world* says how students work: whether interest raises effort, does nothing, or distracts the weak; how fast they
forget; whether the curriculum's prerequisites, the survey answers or the events can be trusted. A *class* of students
starts from one seed with true skills that nobody sees. Every round (a day) each student has one assignment open, does it
or leaves it, and answers a few items on it; now and then the class takes a quiz. What is believed of them comes from the
same learner model for every policy (`learning.mastery`, the production code), so only the decisions differ.

*Policies* are our own (`learning.selection`, the production code: with interest, with tolerance 0, with a gate weakened on
purpose, and with the truth handed to it) and others' (`baselines`: random, lockstep, lowest mastery, weighted sums,
utilities, thresholds, interest only), which pick one of the same materials for all students at once.

All policies see the same students and the same dice (common random numbers), so that differences are paired by seed.
The figure is the net number of skills mastered a student: true skills over the target at the end less at the start.

What this shows is that the decision is consistent with its own assumptions, not that children learn from it: for that a
school runs the comparison of tolerance 0 against 0.15 by class (`docs/`).
"""
