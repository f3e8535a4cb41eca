"""The simulated classroom: does the decision do what it claims, beside other ways to decide, in several scenarios.

A *scenario* says how students work: whether interest raises effort, does nothing, or distracts the weaker half; how
fast they forget; whether the curriculum's prerequisites, the survey answers or the events can be trusted. A *classroom*
starts from one seed with hidden true skills. Every day each student has one assignment open, does it or leaves it, and
answers a few items on it; now and then the class takes a quiz. Beliefs about students come from the same learner model
for every policy (`learning.mastery.model`, the production code), so that only the decisions differ.

*Policies* are those of Souschef (`learning.selection`, the production code: with its defaults, with tolerance 0, with
hard rules weakened on purpose, and with the true skills) and *baselines* (`baselines`: random, lockstep, lowest
mastery, weighted sums, utilities, thresholds, interest only), which choose among the same materials for all students at
once, in NumPy.

All policies see the same students and the same random numbers, so that differences are paired by seed. The measure is
the net number of skills mastered per student: true skills over the target at the end less at the start.

This shows that the decision is consistent with its assumptions, not that children learn from it. For that, a school
compares tolerance 0 with 0.15 by class. The rules by which simulated students learn are simple (`students`); the
differences between policies mean more than their sizes.
"""
