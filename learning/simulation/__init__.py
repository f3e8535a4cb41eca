"""The simulated classroom: does the decision do what it claims, beside other ways to decide, in several worlds.

A *world* says how students work: whether interest raises effort, does nothing, or distracts the weak; how fast they
forget; whether the curriculum's prerequisites, the survey answers or the events can be trusted. A *class* starts from
one seed with true skills that nobody sees. Every day each student has one assignment open, does it or leaves it, and
answers a few items on it; now and then the class takes a quiz. What is believed of them comes from the same learner
model for every policy (`learning.mastery`, the production code), so that only the decisions differ.

*Policies* are our own (`learning.selection`, the production code: as it ships, with tolerance 0, with a gate weakened
on purpose, and with the truth handed to it) and others' (`baselines`: random, lockstep, lowest mastery, weighted sums,
utilities, thresholds, interest only), which choose among the same materials for all students at once, in NumPy.

All policies see the same students and the same dice (common random numbers), so that differences are paired by seed.
The figure is the net number of skills mastered a student: true skills over the target at the end less at the start.

What this shows is that the decision is consistent with its assumptions, not that children learn from it. For that, a
school compares tolerance 0 with 0.15 by class. The students' rules of learning are ours and simple (`students`); the
differences between policies mean more than their sizes.
"""
