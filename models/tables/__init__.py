"""Every table of the private schema `souschef`, one file a concern.

`ref` is the school's own name of a thing; ids never change; the table `alias` maps the names of each sender to ids.
Every table has the school's id, because row security and backups separate schools.
"""

from models.tables.assignments import Assignment, CatalogueNeed, Change, Decision, Feed, Order, Policy
from models.tables.columns import SCHEMA, OrmBase
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
from models.tables.events import Fact, Inbox, Quarantine, Retraction, Tally
from models.tables.learners import Interest, LearnerState, Parameters, SkillGap, Snapshot, StateCheckpoint
from models.tables.lti import (
    LtiCourse,
    LtiDeployment,
    LtiInvite,
    LtiKey,
    LtiRegistration,
    LtiScore,
    LtiState,
    LtiUnknown,
)
from models.tables.outbox import Login, Outbox
from models.tables.pages import PageLink, PageSession
from models.tables.people import Alias, Class, Enrolment, Person, PersonMerge
from models.tables.privacy import Access, AccessHead, Erasure, Pseudonym, Retention, Tombstone
from models.tables.schools import ClockOffset, DoorCount, FileFinding, School, Source, SourceNumber, SourceSchool

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
    "FileFinding",
    "Inbox",
    "Interest",
    "Item",
    "LearnerState",
    "Login",
    "LtiCourse",
    "LtiDeployment",
    "LtiInvite",
    "LtiKey",
    "LtiRegistration",
    "LtiScore",
    "LtiState",
    "LtiUnknown",
    "Material",
    "MaterialSkill",
    "Order",
    "OrmBase",
    "Outbox",
    "PageLink",
    "PageSession",
    "Parameters",
    "Person",
    "PersonMerge",
    "Policy",
    "Prerequisite",
    "Pseudonym",
    "Quarantine",
    "Questionnaire",
    "Retention",
    "Retraction",
    "School",
    "Scope",
    "Skill",
    "SkillGap",
    "Snapshot",
    "Source",
    "SourceNumber",
    "SourceSchool",
    "StateCheckpoint",
    "Tally",
    "Tombstone",
    "Topic",
    "Unread",
]
