"""What the exchange itself wrote of a load: its CDR, grouped into calls as its CEL and its AMI say which belong together."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.audit.cel_told import JOINING
from crm_core.trust.belonging import Belonging


@dataclass(frozen=True, slots=True)
class Cdr:
    """One row; times are epoch seconds, `answer` 0 where nobody answered."""

    start: float
    answer: float
    end: float
    number: str
    last_app: str
    answered: bool
    uniqueid: str
    linkedid: str

    @property
    def talk(self) -> float:
        """Seconds from the answer to the end; the CDR's own billsec is cut to whole ones."""
        return self.end - self.answer if self.answered and self.answer else 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """All rows of one call as the exchange knows it."""

    linkedids: frozenset[str]
    rows: tuple[Cdr, ...]

    @property
    def answered(self) -> bool:
        return any(row.answered for row in self.rows)

    @property
    def talk(self) -> float:
        return sum(row.talk for row in self.rows)


def read_cdr(file: Path) -> list[Cdr]:
    return [_cdr(row) for row in _rows(file) if len(row) >= 16]


def groups(rows: Iterable[Cdr], belonging: Belonging) -> list[Group]:
    by_linkedid: dict[str, list[Cdr]] = defaultdict(list)
    for row in rows:
        by_linkedid[row.linkedid].append(row)
    return [
        Group(members, tuple(row for linkedid in sorted(members) for row in by_linkedid[linkedid]))
        for members in belonging.grouped(by_linkedid)
    ]


@dataclass(frozen=True, slots=True)
class Cel:
    """One row of the exchange's event log; `extra` is its JSON, empty where there is none."""

    at: float
    kind: str
    number: str
    channel: str
    uniqueid: str
    linkedid: str
    extra: Mapping[str, Any]


def read_cel(file: Path) -> list[Cel]:
    return [
        Cel(float(row[0]), row[1], row[2], row[7], row[10], row[11], json.loads(row[13]) if row[13] else {})
        for row in _rows(file)
        if len(row) == 14
    ]


def belonging_by(cel: Iterable[Cel], events: Iterable[Mapping[str, str]]) -> Belonging:
    """As the attended transfers of CEL and AMI, and CEL's pickups and retrieved parkings, say."""
    found = Belonging()
    own: dict[str, str] = {}
    names: dict[str, str] = {}
    for row in cel:
        own.setdefault(row.uniqueid, row.linkedid)
        names[row.channel] = row.uniqueid
        if row.kind in JOINING and (other := _other_channel(row, names)) in own:
            found.join(row.linkedid, own[other])
    for event in events:
        found.join(event["OrigTransfererLinkedid"], event["SecondTransfererLinkedid"])
    return found


def _other_channel(row: Cel, names: Mapping[str, str]) -> str:
    told = str(row.extra.get(JOINING[row.kind], ""))
    return names.get(told, told)


def never_ended(cel: Iterable[Cel]) -> frozenset[str]:
    """The linkedids of channels whose end nobody wrote: the exchange was killed."""
    up: dict[str, str] = {}
    for row in cel:
        if row.kind == "CHAN_END":
            up.pop(row.uniqueid, None)
        elif row.kind == "CHAN_START":
            up[row.uniqueid] = row.linkedid
    return frozenset(up.values())


def _cdr(row: list[str]) -> Cdr:
    start, answer, end = (float(cell or 0) for cell in row[:3])
    return Cdr(start, answer, end, row[4], row[9], row[13] == "ANSWERED", row[14], row[15])


def _rows(file: Path) -> list[list[str]]:
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8", errors="replace") as rows:
        return list(csv.reader(rows))
