"""The decision: skill gates, interest chooses inside a tolerance, the teacher rules, every line explains itself."""

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
from learning.selection.decision import Chosen, Decision, Kept, Need, Nothing, Option, Rung, Trigger, Withdrawn
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
    "Use",
    "Withdrawn",
    "choose",
    "replay",
]
