"""Every table of the private schema `souschef`, one file a concern.

Names are foreign only at the edge: `ref` is the school's own name of a thing, ids are ours and never change, and the
table `alias` maps what each sender calls a thing onto its id. Every table has the school in it, because the school is
what is backed up, moved, distributed and fenced off from others.
"""

from models.tables.assignments import Assignment, CatalogueNeed, Change, Decision, Feed, Order, Policy
from models.tables.base import SCHEMA, Table
from models.tables.curriculum import (
    Alignment,
    Item,
    Material,
    MaterialSkill,
    Prerequisite,
    Questionnaire,
    Scope,
    Skill,
    Topic,
)
from models.tables.events import Fact, Inbox, Quarantine
from models.tables.learners import Interest, LearnerState, Parameters, SkillGap, Snapshot
from models.tables.outbox import Login, Outbox
from models.tables.people import Alias, Class, Enrolment, Person
from models.tables.privacy import Access, AccessHead, Erasure, Pseudonym, Retention, Tombstone
from models.tables.schools import ClockOffset, DoorCount, School, Source, SourceNumber
from models.tables.tallies import Tally

__all__ = [
    "SCHEMA",
    "Access",
    "AccessHead",
    "Alias",
    "Alignment",
    "Assignment",
    "CatalogueNeed",
    "Change",
    "Class",
    "ClockOffset",
    "Decision",
    "DoorCount",
    "Enrolment",
    "Erasure",
    "Fact",
    "Feed",
    "Inbox",
    "Interest",
    "Item",
    "LearnerState",
    "Login",
    "Material",
    "MaterialSkill",
    "Order",
    "Outbox",
    "Parameters",
    "Person",
    "Policy",
    "Prerequisite",
    "Pseudonym",
    "Quarantine",
    "Questionnaire",
    "Retention",
    "School",
    "Scope",
    "Skill",
    "SkillGap",
    "Snapshot",
    "Source",
    "SourceNumber",
    "Table",
    "Tally",
    "Tombstone",
    "Topic",
]
