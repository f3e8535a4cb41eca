"""The decision: skill gates, interest chooses inside a tolerance, the teacher rules, every line explains itself.

`choose` is a pure function of a student's place (beliefs, interests, history, what lies open), the catalogue, the
policy, the class's scope and the teacher's orders, at one moment. It goes in one straight line (`decide`):

1. *Compact* (`inputs`): everything becomes integers in 1/10,000 (`fixed`), interests only with the switch on. From
   here on there are no floats, so that every machine comes to the same decision.
2. *What stays* (`stability`): an unattempted assignment stays unless a named trigger fires: attempted, teacher, a rule
   broken, something better by more than the hysteresis in two refreshes with newer evidence, or left alone too long.
3. *The teacher* (`teacher`): must-dos and pins are followed first, above the machine's rules, which the record names.
4. *Candidates* (`candidates`): a skill in scope that is needed gets a value (`value`): the gap weighed by what the
   curriculum says and by how near it is, what it unlocks, review, information, new contexts, less repetition. Of its
   materials those that pass the hard rules (`admissible`) and whose predicted success is nearest to 0.75 are looked up
   on sorted shelves (`shelves`): the catalogue is never scanned. Value times fit is a candidate's value.
5. *The window* (`window`): among candidates within the tolerance of the best, the highest interest x confidence x
   depth (`liking`) wins; where no interest is clear, what has no theme. The value given up is the price of interest.
   At tolerance 0 interest decides nothing. Every eighth choice tries the least-known context.
6. *The menu* (`menu`): up to three alternates of the same skill, equally hard, each in another context.
7. *The ladder* (`ladder`): where a student would have nothing at all, rules are waived one rung after the other: wider
   band, reuse, neutral, the weakest prerequisite. Every rung is named; if none helps, the reason for nothing is.
8. *The record* (`record`, `outcome`): the compact inputs with as much of the catalogue as the decision rested on, and
   the outcome with the best candidates, the best by skill alone, the runner-up and why not. `replay` decides again from
   a record alone, byte for byte. And two sentences that a teacher can read (`sentences`).

Each hard rule is a small named function; `admissible.broken` lists those that any material breaks for a student, each
with a sentence, and so answers "why not this one?". The laws that hold are in `tests/learning/selection/laws.py`.
"""

from learning.selection.catalogue import (
    Catalogue,
    CatalogueError,
    Depth,
    Material,
    Prerequisite,
    Skill,
    Strength,
    Topic,
)
from learning.selection.decide import choose, replay
from learning.selection.decision import Chosen, Decision, Kept, Need, Nothing, Option, Rung, Trigger, Unmet, Withdrawn
from learning.selection.place import AssignmentState, Carry, CurrentAssignment, Liking, Pace, Place, Tally, Use
from learning.selection.policy import Order, OrderKind, Orders, Policy, PolicyError, ScopeWindow

__all__ = [
    "AssignmentState",
    "Carry",
    "Catalogue",
    "CatalogueError",
    "Chosen",
    "CurrentAssignment",
    "Decision",
    "Depth",
    "Kept",
    "Liking",
    "Material",
    "Need",
    "Nothing",
    "Option",
    "Order",
    "OrderKind",
    "Orders",
    "Pace",
    "Place",
    "Policy",
    "PolicyError",
    "Prerequisite",
    "Rung",
    "ScopeWindow",
    "Skill",
    "Strength",
    "Tally",
    "Topic",
    "Trigger",
    "Unmet",
    "Use",
    "Withdrawn",
    "choose",
    "replay",
]
