"""Ids that a sender uses twice: the first event stays, another one under its id goes into quarantine as `id_reused`.

Two copies of one event are told from two events by what their format says a resend keeps. Nothing is compared where the
first one's raw body is gone, nor in formats whose key is made of the content.
"""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import text
from sqlmodel import Session

from lms import formats
from models.sources import Sender

if TYPE_CHECKING:
    from models.inbox import Incoming

CODE = "id_reused"


def hold(session: Session, sender: Sender, known: "Sequence[Incoming]") -> int:
    """Put those events into quarantine that say something else than the event under their key; return how many.

    Each gets a key of its own, so that a resend of it is a duplicate.
    """
    others = {_own_key(event): event for event in _others(session, sender, known)}
    statement = text("""
        INSERT INTO souschef.inbox (school_id, source_id, received_at, next_attempt_at, finished_at, state, code,
               key, kind, shard, payload)
        SELECT :school, :source, now, now, now, 'quarantined', :code, new.*
          FROM (SELECT souschef.clock() OFFSET 0) AS clock(now), unnest(
            CAST(:keys AS bytea[]), CAST(:kinds AS text[]), CAST(:shards AS smallint[]),
            CAST(:payloads AS text[])) AS new
        ON CONFLICT (source_id, key) DO NOTHING
        RETURNING id
    """)
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
    return len(session.connection().execute(statement, parameters).all()) if rows else 0


def _others(session: Session, sender: Sender, known: "Sequence[Incoming]") -> "list[Incoming]":
    same = formats.named(sender.format).same
    if same is None or not known:
        return []
    # A resend is the same text nearly always: only what differs comes back to be understood.
    statement = text("""
        SELECT new.number, inbox.payload
          FROM unnest(CAST(:keys AS bytea[]), CAST(:payloads AS text[])) WITH ORDINALITY AS new(key, payload, number)
          JOIN souschef.inbox ON inbox.source_id = :source AND inbox.key = new.key
         WHERE inbox.payload <> new.payload AND inbox.payload <> ''
    """)
    parameters = {
        "source": sender.source_id,
        "keys": [event.key for event in known],
        "payloads": [event.payload for event in known],
    }
    differing = [(known[number - 1], first) for number, first in session.connection().execute(statement, parameters)]
    return [event for event, first in differing if same(orjson.loads(first)) != same(orjson.loads(event.payload))]


def _own_key(event: "Incoming") -> bytes:
    return hashlib.blake2b(event.key + event.payload.encode(), digest_size=16, person=CODE.encode()).digest()
