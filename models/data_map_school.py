"""What the data map says of tables in which no row is a student's."""

from typing import Any

SCHOOL: dict[str, dict[str, Any]] = {
    "access_head": {
        "why": "Where the access log begins and ends.",
        "kept": "with the school",
        "nobody": "school_id last_number last_hash pruned_number pruned_hash",
    },
    "erasure": {
        "why": "That somebody was erased, by whom and why; not who.",
        "kept": "with the school",
        "staff": {"author": "who did it", "reason": "why; it must not name the student", "erased_at": "when"},
        "nobody": "id school_id key",
    },
    "tombstone": {
        "why": "So that who was erased does not come back with a late event or the next roster.",
        "kept": "with the school",
        "student": {"mark": "a keyed hash of a name that they had; it tells the name to nobody who does not guess it"},
        "nobody": "school_id erasure_id",
    },
    "policy": {
        "why": "The rules of a school or class.",
        "kept": "with the school",
        "staff": {"author": "who set them", "changed_at": "when", "reason": "why"},
        "nobody": "id school_id class_id document version until",
    },
    "questionnaire": {
        "why": "Surveys as the school loaded them.",
        "kept": "with the school",
        "staff": {"document": "the questions; where they are of a protected category, who consented and when"},
        "nobody": "id school_id ref",
    },
    "retention": {
        "why": "How long the school keeps what.",
        "kept": "with the school",
        "nobody": "school_id kind days",
    },
    "snapshot": {
        "why": "How hard items and skills are, over all students.",
        "kept": "with the school; made anew each night from those who are still there",
        "nobody": "school_id version body responses created_at",
    },
    "parameters": {
        "why": "The learner model's constants, fitted over all students.",
        "kept": "with the school",
        "nobody": "school_id version document active created_at",
    },
    "door_count": {
        "why": "How much came from a source on a day.",
        "kept": "with the source",
        "nobody": "source_id day outcome school_id count",
    },
    "source_number": {
        "why": "Which of a sender's consecutive numbers have come, and which are missing.",
        "kept": "with the source",
        "nobody": "source_id school_id seen missing named swept_at",
    },
    "tally": {
        "why": "Totals of the operator's dashboards.",
        "kept": "always",
        "nobody": "name label shard value",
    },
    "clock_offset": {"why": "The clock of tests and the demo.", "kept": "while it is set", "nobody": "single ahead"},
    "feed": {"why": "The last number of the feed.", "kept": "with the school", "nobody": "school_id last_number"},
    "school": {
        "why": "The schools.",
        "kept": "with the school",
        "nobody": "id ref name language interests_enabled catalogue_version created_at",
    },
    "lms_login": {"why": "The LMSs' logins.", "kept": "with the school", "nobody": "school_id role rotated_at"},
    "source": {
        "why": "What may send.",
        "kept": "with the school",
        "nobody": "id school_id name format surveys settings generation previous_until created_at revoked_at",
    },
    "class": {"why": "The classes.", "kept": "with the school", "nobody": "id school_id ref title grade"},
    "skill": {
        "why": "What is taught.",
        "kept": "with the school",
        "nobody": "id school_id ref title grade strand weight",
    },
    "prerequisite": {
        "why": "What needs what.",
        "kept": "with the school",
        "nobody": "school_id skill_id needs_id strength",
    },
    "item": {"why": "Questions.", "kept": "with the school", "nobody": "id school_id ref"},
    "alignment": {
        "why": "Which question asks for which skill.",
        "kept": "with the school",
        "nobody": "school_id item_id skill_id weight difficulty",
    },
    "topic": {"why": "Topics of interest.", "kept": "with the school", "nobody": "id school_id ref title phrases"},
    "material": {
        "why": "What can be assigned.",
        "kept": "with the school",
        "nobody": "id school_id ref title url difficulty context depth reading_level minutes language licence "
        "active_from active_until twin text answer",
    },
    "material_skill": {
        "why": "Which material is for which skill.",
        "kept": "with the school",
        "nobody": "school_id material_id position skill_id",
    },
    "scope": {
        "why": "What a class is at.",
        "kept": "with the school",
        "staff": {"author": "who opened or closed a skill", "reason": "why"},
        "nobody": "school_id class_id skill_id opens_at closes_at due_at",
    },
}
