"""A school's own signing keys: made at first use, encrypted at rest, published as a key set, rotated by a command."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlmodel import Session

from models.access import lti_keys

ALGORITHMS = ["RS256"]
BITS = 2_048
MAX_AGE_SECONDS = 3_600
"""How long a platform may keep our key set."""


def rotate(session: Session, school_id: int, *, secret_key: bytes) -> str:
    """Make a new key that signs from now on; the one before stays published for a day. Return the new key's id."""
    made = RSAKey.generate_key(BITS)
    kid = made.thumbprint()
    pem = made.as_pem(private=True, password=_password(school_id, secret_key)).decode()
    lti_keys.add(session, school_id, kid=kid, pem=pem)
    return kid


def key_set(session: Session, school_id: int, *, secret_key: bytes) -> dict[str, Any]:
    """Return a school's public keys as a JWK Set, the one in use first; the first key is made here."""
    return {"keys": [_public(kid, key) for kid, key in _keys(session, school_id, secret_key).items()]}


def sign(session: Session, school_id: int, claims: Mapping[str, Any], *, secret_key: bytes) -> str:
    """Return claims as a JWT that the school's key in use has signed."""
    kid, key = next(iter(_keys(session, school_id, secret_key).items()))
    return jwt.encode({"alg": "RS256", "kid": kid}, dict(claims), key, algorithms=ALGORITHMS)


def _keys(session: Session, school_id: int, secret_key: bytes) -> dict[str, RSAKey]:
    if not lti_keys.published(session, school_id):
        rotate(session, school_id, secret_key=secret_key)
    password = _password(school_id, secret_key)
    return {kid: RSAKey.import_key(pem, password=password) for kid, pem in lti_keys.published(session, school_id)}


def _public(kid: str, key: RSAKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": kid, "alg": "RS256", "use": "sig"}


def _password(school_id: int, secret_key: bytes) -> str:
    return hmac.new(secret_key, f"souschef lti keys of school {school_id}".encode(), hashlib.sha256).hexdigest()
