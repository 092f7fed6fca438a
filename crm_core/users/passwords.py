"""Passwords: argon2, computed in a thread because it takes a tenth of a second and tens of megabytes."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.errors import Invalid

SHORTEST = 8
LONGEST = 1000  # what is hashed costs memory: nobody types more

_hasher = PasswordHasher()
# Checked where there is no such user or no password, so that the answer takes as long as for a wrong password.
_NOBODYS = _hasher.hash("nobody's password")


def require_usable(password: str) -> None:
    """Raises Invalid for a password too short or too long to be kept."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid(f"A password has {SHORTEST} to {LONGEST} characters")
    if any("\ud800" <= sign <= "\udfff" for sign in password):
        raise Invalid("A password has whole characters, no halves of broken ones")


async def hashed(password: str) -> str:
    """The hash to store."""
    return await asyncio.to_thread(_hasher.hash, password)


async def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the one behind the hash; takes as long where there is none."""
    return await asyncio.to_thread(_matches, password[:LONGEST], stored)


def _matches(password: str, stored: str | None) -> bool:
    try:
        _hasher.verify(stored or _NOBODYS, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)
