"""Published holes of Asterisk and the version of each branch that mended them. A table of its date: newer ones are not in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

AS_OF = date(2026, 2, 6)
"""The day of the newest advisory in the table."""

END_OF_LIFE = {
    16: date(2023, 10, 9), 17: date(2021, 10, 28), 18: date(2025, 10, 20), 19: date(2023, 11, 2), 21: date(2025, 10, 18),
}  # fmt: skip
"""When a branch was last mended (Asterisk's own page of versions)."""

_NUMBER = re.compile(r"(?:certified[/-])?(\d+)\.(\d+)(?:\.(\d+))?(?:-cert(\d+))?(.*)", re.DOTALL)

Number = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Version:
    branch: int
    number: Number
    certified: int | None  # its cert release
    is_somebodys: bool  # a distribution's or a certified one: mends of later versions may have been taken over


@dataclass(frozen=True, slots=True)
class Hole:
    """`mended`: by branch; a branch below the newest of them that is not named was never mended, a newer one never had it."""

    cve: str
    what: str
    mended: Mapping[int, Number]
    certified: Mapping[str, int]


def _hole(cve: str, what: str, *mended: str, cert: Mapping[str, int] | None = None) -> Hole:
    numbers = [tuple(map(int, one.split("."))) for one in mended]
    return Hole(cve, what, {one[0]: (one[0], one[1], one[2]) for one in numbers}, cert or {})


HOLES = (
    _hole("CVE-2022-42706", "files read by a manager user", "16.29.1", "18.15.1", "19.7.1", "20.0.1", cert={"18.9": 3}),
    _hole("CVE-2023-37457", "overflow by PJSIP_HEADER", "18.20.1", "20.5.1", "21.0.1", cert={"18.9": 6}),
    _hole("CVE-2023-49294", "files read by a manager user", "18.20.1", "20.5.1", "21.0.1", cert={"18.9": 6}),
    _hole("CVE-2023-49786", "calls broken by DTLS", "18.20.1", "20.5.1", "21.0.1", cert={"18.9": 6}),
    _hole("CVE-2024-35190", "any caller taken for a phone of the house", "18.23.1", "20.8.1", "21.3.1"),
    _hole("CVE-2024-42365", "programs run by whoever may originate", "18.24.2", "20.9.2", "21.4.2", cert={"18.9": 11, "20.7": 2}),
    _hole("CVE-2024-42491", "crash by a SIP header", "18.24.3", "20.9.3", "21.4.3", cert={"18.9": 12, "20.7": 3}),
    _hole("CVE-2025-47779", "another's name on messages", "18.26.2", "20.14.1", "21.9.1", "22.4.1", cert={"18.9": 14, "20.7": 5}),
    _hole("CVE-2025-49832", "crash by STIR/SHAKEN", "18.26.3", "20.15.1", "21.10.1", "22.5.1", cert={"18.9": 16, "20.7": 7}),
    _hole("CVE-2025-57767", "crash by an Authorization header", "20.15.2", "21.10.2", "22.5.2"),
    _hole("CVE-2026-23738", "scripts on the status page", "20.18.2", "21.12.1", "22.8.2", "23.2.2", cert={"20.7": 9}),
)  # fmt: skip


def version_of(told: str) -> Version | None:
    """Of what CoreSettings says: `22.10.1+dfsg…`, `certified/20.7-cert9`, `20.15.2`."""
    found = _NUMBER.match(told.removeprefix("Asterisk ").strip())
    if found is None:
        return None
    number = (int(found[1]), int(found[2]), int(found[3] or 0))
    certified = int(found[4]) if found[4] else None
    return Version(number[0], number, certified, bool(certified or found[5].strip()))


def holes_of(version: Version) -> list[Hole]:
    return [hole for hole in HOLES if _has(version, hole)]


def _has(version: Version, hole: Hole) -> bool:
    if version.certified is not None:
        mended = hole.certified.get(f"{version.number[0]}.{version.number[1]}")
        if mended is not None:
            return version.certified < mended
    first = hole.mended.get(version.branch)
    if first is not None:
        return version.number < first
    return version.branch < max(hole.mended)
