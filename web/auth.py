"""Read the credential of a request, and verify webhook signatures."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

TOLERANCE = timedelta(seconds=300)
"""How old, or how far in the future, a signed message may be."""


def basic_or_bearer(header: str) -> tuple[str, str] | None:
    """Return (key, secret) from an Authorization header, or None if it holds none.

    A bearer token is `key.secret`. Caliper sensors send the token with or without the word Bearer.
    """
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(rest.strip(), validate=True).decode()
        except ValueError:  # not base64, not UTF-8, or a character beyond ASCII
            return None
        key, separator, secret = text.partition(":")
    else:
        token = rest.strip() if scheme.lower() == "bearer" else header.strip()
        key, separator, secret = token.partition(".")
    return (key, secret) if separator and key and secret else None


def typeform_signed(body: bytes, header: str, *, secret: str) -> bool:
    """Whether `header` is `sha256=` and the base64 HMAC-SHA256 of the raw body.

    Source: Typeform, "Secure your webhooks".
    """
    expected = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(b"sha256=" + expected, header.encode(errors="replace"))


def webhook_signed(body: bytes, headers: Mapping[str, str], *, secret: str) -> bool:
    """Whether one of the signatures of a Standard Webhooks message is valid.

    The sender is configured with `whsec_` and the base64 of the secret's text, or with the secret as raw key.

    Source: Standard Webhooks 1.0, "Signature scheme": base64 HMAC-SHA256 of `id.timestamp.body`, several after `v1,`.
    """
    message = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}.".encode() + body
    signatures = [part[3:] for part in headers.get("webhook-signature", "").split(" ")[:8] if part.startswith("v1,")]
    return any(_is_one_of(signatures, hmac.new(key, message, hashlib.sha256).digest()) for key in _keys(secret))


def webhook_is_fresh(headers: Mapping[str, str], *, now: datetime) -> bool:
    """Whether a Standard Webhooks message was signed within the last five minutes."""
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004 - seconds until the year 33658
        return False
    return abs(now.timestamp() - int(timestamp)) <= TOLERANCE.total_seconds()


def _is_one_of(signatures: Iterable[str], expected: bytes) -> bool:
    text = base64.b64encode(expected)
    # Compare all of them, so that the time reveals nothing.
    matches = [hmac.compare_digest(text, signature.encode(errors="replace")) for signature in signatures]
    return any(matches)


def _keys(secret: str) -> list[bytes]:
    try:
        return [secret.encode(), base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))]
    except binascii.Error:
        return [secret.encode()]
