"""Ids that a sender uses twice: the first event stays, another event under its id is quarantined as `id_reused`.

Two copies of one event and two events under one id differ in what the format's `same` compares. Nothing is compared
where the payload of the first is gone, nor in formats whose key is made of the content.
"""

import hashlib
from collections.abc import Sequence

import orjson
from sqlmodel import Session

from lms import formats
from models.access.sources import Sender
from models.events.incoming import NewEvent
from models.rows import execute

CODE = "id_reused"


def quarantine_conflicts(session: Session, sender: Sender, existing: Sequence[NewEvent]) -> int:
    """Quarantine events whose key is taken by an event with another content; return how many.

    Each gets a key of its own, so that a resend of it is a duplicate.
    """
    others = {_own_key(event): event for event in _others(session, sender, existing)}
    statement = """
        INSERT INTO souschef.inbox (school_id, source_id, received_at, next_attempt_at, finished_at, state, code,
               key, kind, shard, payload)
        SELECT :school, :source, now, now, now, 'quarantined', :code, new.*
          FROM (SELECT souschef.clock() OFFSET 0) AS clock(now), unnest(
            CAST(:keys AS bytea[]), CAST(:kinds AS text[]), CAST(:shards AS smallint[]),
            CAST(:payloads AS text[])) AS new
        ON CONFLICT (source_id, key) DO NOTHING
        RETURNING id
    """
    rows = sorted(others.items())
    parameters = {
        "school": sender.school_id,
        "source": sender.source_id,
        "code": CODE,
        "keys": [key for key, _ in rows],
        "kinds": [event.kind.value for _, event in rows],
        "shards": [event.shard for _, event in rows],
        "payloads": [event.payload for _, event in rows],
    }
    return len(execute(session, statement, parameters).all()) if rows else 0


def _others(session: Session, sender: Sender, existing: Sequence[NewEvent]) -> list[NewEvent]:
    same = formats.format_named(sender.format).same
    if same is None or not existing:
        return []
    # A resend is nearly always the same text: only the others are parsed.
    statement = """
        SELECT new.number, inbox.payload
          FROM unnest(CAST(:keys AS bytea[]), CAST(:payloads AS text[])) WITH ORDINALITY AS new(key, payload, number)
          JOIN souschef.inbox ON inbox.source_id = :source AND inbox.key = new.key
         WHERE inbox.payload <> new.payload AND inbox.payload <> ''
    """
    parameters = {
        "source": sender.source_id,
        "keys": [event.key for event in existing],
        "payloads": [event.payload for event in existing],
    }
    differing = [(existing[number - 1], first) for number, first in execute(session, statement, parameters)]
    return [event for event, first in differing if same(orjson.loads(first)) != same(orjson.loads(event.payload))]


def _own_key(event: NewEvent) -> bytes:
    return hashlib.blake2b(event.key + event.payload.encode(), digest_size=16, person=CODE.encode()).digest()
