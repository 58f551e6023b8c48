"""Passwords: which are good enough, how they are kept, and that a check takes as long for strangers as for members."""

from __future__ import annotations

import asyncio

import bcrypt

from embedded.auth.errors import AuthError

COST = 10  # bcrypt rounds 2^10, as GoTrue
SHORTEST = 8  # characters
LONGEST_BYTES = 72  # bcrypt reads no further

_NOBODYS = bcrypt.hashpw(b"nobody's password", bcrypt.gensalt(COST)).decode()


def check_strength(password: str) -> None:
    """Raises AuthError for fewer than `SHORTEST` characters, and for more than bcrypt can read."""
    if len(password.encode()) > LONGEST_BYTES:
        raise AuthError(400, "validation_failed", f"Password cannot be longer than {LONGEST_BYTES} characters")
    if len(password) < SHORTEST:
        message = f"Password should be at least {SHORTEST} characters."
        raise AuthError(422, "weak_password", message, weak_password={"reasons": ["length"]})


async def hashed(password: str) -> str:
    """The bcrypt hash, made in a thread: it takes some 50 ms, in which the event loop serves others."""
    return (await asyncio.to_thread(bcrypt.hashpw, password.encode(), bcrypt.gensalt(COST))).decode()


async def matches(password: str, kept: str | None) -> bool:
    """True when `kept` is the hash of `password`. Without a hash it fails after the same time."""
    secret = password.encode()
    right = await asyncio.to_thread(_check, secret[:LONGEST_BYTES], kept or _NOBODYS)
    return right and bool(kept) and len(secret) <= LONGEST_BYTES


def _check(secret: bytes, kept: str) -> bool:
    try:
        return bcrypt.checkpw(secret, kept.encode())
    except ValueError:  # what is kept is no bcrypt hash: an account made by SQL
        return False
