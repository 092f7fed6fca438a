"""Our calls held against the exchange's own records: each of its calls exactly one of ours, and the other way round."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_core.trust.belonging import Belonging
from tests.asterisk.load import office
from tests.asterisk.load.plan import KINDS, Kind, Planned
from tests.asterisk.load.records import Cdr, Cel, Group, groups

SLACK = 1.0
"""Seconds by which talk may differ from the CDR's."""
Json = dict[str, Any]


@dataclass(slots=True)
class KindLine:
    """One line of the table."""

    kind: Kind
    planned: int = 0
    on_exchange: int = 0
    told: int = 0
    lost: int = 0
    doubled: int = 0
    otherwise: int = 0
    compared: int = 0
    worst_talk: float = 0.0


@dataclass(slots=True)
class Comparison:
    """`problems` is empty when everything agrees."""

    lines: dict[str, KindLine]
    groups: int = 0
    cel_calls: int = 0
    calls: int = 0
    without_cdr: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    partial: int = 0
    problems: list[str] = field(default_factory=list)

    def table(self) -> str:
        """For people: what was tried, compared, lost, doubled, differing."""
        head = (
            "| kind of call | planned | on the exchange | told | lost | doubled | told otherwise | CDR compared | worst talk, s |"
        )
        rows = [
            f"| {line.kind.name} | {line.planned} | {line.on_exchange} | {line.told} | {line.lost} | {line.doubled} "
            f"| {line.otherwise} | {line.compared} | {f'{line.worst_talk:.3f}' if line.compared else ''} |"
            for line in self.lines.values()
        ]
        whole = [sum(getattr(line, name) for line in self.lines.values()) for name in _COUNTS]
        rows.append(f"| **all** | {' | '.join(str(number) for number in whole)} | |")
        return "\n".join([head, "|---|" + "---|" * 8, *rows, "", self.summary()])

    def summary(self) -> str:
        told = ", ".join(f"{number} {source}" for source, number in sorted(self.sources.items()))
        return (
            f"CDR groups {self.groups}, calls by CEL {self.cel_calls}, our calls {self.calls} ({told}; {self.partial} partial; "
            f"{self.without_cdr} of kinds without CDR). Problems: {len(self.problems)}."
        )


_COUNTS = ("planned", "on_exchange", "told", "lost", "doubled", "otherwise", "compared")


def compare(
    planned: Sequence[Planned], cdr: Iterable[Cdr], cel: Sequence[Cel], belonging: Belonging, calls: Sequence[Json],
    *, broken_off: frozenset[str] = frozenset(),
) -> Comparison:  # fmt: skip
    """`broken_off`: linkedids of calls that were up when the exchange itself was killed: they have no CDR and end anyhow."""
    found = Comparison({kind.name: KindLine(kind) for kind in KINDS})
    found.calls = len(calls)
    found.sources = Counter(call["source"] for call in calls)
    found.partial = sum(call["partial"] for call in calls)
    grouped = groups(cdr, belonging)
    found.groups = len(grouped)
    _one_to_one(found, grouped, calls, broken_off)
    _known_to_cel(found, cel, belonging, calls)
    _as_planned(found, planned, cel, calls, {row.linkedid: group for group in grouped for row in group.rows}, broken_off)
    return found


def _one_to_one(found: Comparison, grouped: Sequence[Group], calls: Sequence[Json], broken_off: frozenset[str]) -> None:
    ours = _by_linkedid(calls)
    of_group = {linkedid: place for place, group in enumerate(grouped) for linkedid in group.linkedids}
    for group in grouped:
        hit = {call["id"] for linkedid in group.linkedids for call in ours[linkedid]}
        if len(hit) != 1:
            found.problems.append(f"CDR {sorted(group.linkedids)} is {len(hit)} calls of ours: {sorted(hit)}")
    for call in calls:
        places = {of_group[linkedid] for linkedid in call["linkedids"] if linkedid in of_group}
        if len(places) > 1:
            found.problems.append(f"call {call['linkedids']} is {len(places)} groups of the CDR")
        if not places:
            found.without_cdr += 1
            if not _may_lack_cdr(call) and not broken_off & set(call["linkedids"]):
                found.problems.append(f"no CDR knows our call {_short(call)}")


def _may_lack_cdr(call: Json) -> bool:
    """Click-to-call without an agent, and a number that is not ours."""
    return bool(call["outcome"] == "agent_no_answer" or call["did"] == office.NOT_OURS)


def _known_to_cel(found: Comparison, cel: Sequence[Cel], belonging: Belonging, calls: Sequence[Json]) -> None:
    ours = _by_linkedid(calls)
    by_cel = belonging.grouped({row.linkedid for row in cel})
    found.cel_calls = len(by_cel)
    for members in by_cel:
        hit = {call["id"] for linkedid in members for call in ours[linkedid]}
        if len(hit) != 1:
            found.problems.append(f"CEL {sorted(members)} is {len(hit)} calls of ours: {sorted(hit)}")


def _by_linkedid(calls: Iterable[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for call in calls:
        for linkedid in call["linkedids"]:
            found[linkedid].append(call)
    return found


# ---- by what was planned --------------------------------------------------------------------------------------------


def _as_planned(
    found: Comparison, planned: Sequence[Planned], cel: Sequence[Cel], calls: Sequence[Json], group_of: dict[str, Group],
    broken_off: frozenset[str],
) -> None:  # fmt: skip
    numbers = {row.number for row in cel} | {row.uniqueid.removeprefix("click-") for row in cel}
    by_number: dict[str, list[Json]] = defaultdict(list)
    for call in calls:
        clicked = [linkedid.removeprefix("click-") for linkedid in call["linkedids"] if linkedid.startswith("click-")]
        for number in clicked or [call["callee" if call["direction"] == "outbound" else "caller"]]:
            by_number[number].append(call)
    for one in planned:
        line = found.lines[one.kind.name]
        line.planned += 1
        if not one.number:
            continue
        theirs = by_number[one.number]
        line.on_exchange += one.number in numbers or bool(theirs)
        line.told += len(theirs)
        line.doubled += max(0, len(theirs) - 1)
        if not theirs and one.number in numbers:
            line.lost += 1
            found.problems.append(f"lost: {one.kind.name}, {one.number}")
        if len(theirs) > 1:
            found.problems.append(f"doubled: {one.kind.name}, {[_short(call) for call in theirs]}")
        for call in theirs:
            _as_meant(found, line, call, group_of, broken_off)
    _inside(found, calls, group_of, broken_off)


def _inside(found: Comparison, calls: Sequence[Json], group_of: dict[str, Group], broken_off: frozenset[str]) -> None:
    """Calls between colleagues have no number of their own: each kind is known by who calls whom."""
    for line in found.lines.values():
        if line.kind.by in {"trunk", "click"} or line.kind.calls.startswith("7926"):
            continue
        theirs = [
            call
            for call in calls
            if (call["direction"], call["caller"], call["callee"]) == ("internal", line.kind.by, line.kind.calls)
        ]
        line.told = line.on_exchange = len(theirs)
        for call in theirs:
            _as_meant(found, line, call, group_of, broken_off)


def _as_meant(found: Comparison, line: KindLine, call: Json, group_of: dict[str, Group], broken_off: frozenset[str]) -> None:
    if broken_off & set(call["linkedids"]):
        return
    if wrong := _not_as(line.kind, call):
        line.otherwise += 1
        found.problems.append(f"{line.kind.name} is told with {wrong}: {_short(call)}")
    group = next((group_of[linkedid] for linkedid in call["linkedids"] if linkedid in group_of), None)
    if not line.kind.direct or group is None:
        return
    line.compared += 1
    if (call["outcome"] == "answered") != group.answered:
        found.problems.append(f"the CDR says answered={group.answered} of {_short(call)}")
    apart = abs(call["talk_seconds"] - group.talk)
    line.worst_talk = max(line.worst_talk, apart)
    if apart > SLACK:
        found.problems.append(f"the CDR says {group.talk:.3f} s of talk of {_short(call)}")


def _not_as(kind: Kind, call: Json) -> str:
    """What of the telling is not as the telephones did it."""
    if call["outcome"] not in kind.outcomes:
        return f"outcome {call['outcome']}"
    if kind.people is not None and (people := tuple(_people(call))) != kind.people:
        return f"people {people}"
    given = [transfer["kind"] for transfer in call["transfers"]]
    return f"transfers {given}" if given != ([kind.given] if kind.given else []) else ""


def _short(call: Json) -> str:
    names = (
        "linkedids",
        "direction",
        "caller",
        "did",
        "callee",
        "outcome",
        "talk_seconds",
        "source",
        "partial",
        "started_at",
        "ended_at",
    )
    return ", ".join(f"{name}={call[name]}" for name in names)


# ---- two tellings of the same calls -----------------------------------------------------------------------------------

EXACT = (
    "direction", "caller", "caller_name", "did", "callee", "outcome", "transfers", "voicemail", "forwarded_to",
    "queue", "click_to_call",
)  # fmt: skip
SECONDS = ("wait_seconds", "talk_seconds", "hold_seconds")
NEAR = 0.25
"""Seconds: AMI and CEL stamp the same fact some milliseconds apart, dozens under load."""


def differences(ours: Sequence[Json], replayed: Sequence[Json], broken_off: frozenset[str] = frozenset()) -> list[str]:
    """Rows against `firstring replay` of a connection that was never cut: equal up to source, partial and those seconds."""
    known, other = (
        {key: call for call in calls if not broken_off & (key := frozenset(call["linkedids"]))} for calls in (ours, replayed)
    )
    found = [f"only in the rows: {_short(known[key])}" for key in known.keys() - other.keys()]
    found += [f"only in the replay: {_short(other[key])}" for key in other.keys() - known.keys()]
    for key in known.keys() & other.keys():
        found += [f"{_named(known[key])}: {one}" for one in _different(known[key], other[key])]
    return found


def _named(call: Json) -> str:
    return f"{call['linkedids'][0]} ({call['caller']} → {call['did'] or call['callee']}, {call['source']})"


def _different(row: Json, replayed: Json) -> list[str]:
    pairs = [(name, row[name], replayed[name]) for name in EXACT]
    pairs.append(("rang", _rung(row), _rung(replayed)))
    pairs.append(("recordings", _mixes(row), _mixes(replayed)))
    pairs.append(("answered_by", _people(row), _people(replayed)))
    found = [f"{name} is {ours!r}, replayed {theirs!r}" for name, ours, theirs in pairs if ours != theirs]
    names = SECONDS if row["source"] == "live" else SECONDS[:-1]  # no record tells of hold: this office has no hold music
    found += [f"{name} is {row[name]}, replayed {replayed[name]}" for name in names if abs(row[name] - replayed[name]) > NEAR]
    return found


def _rung(call: Json) -> list[tuple[str, str]]:
    return sorted((ring["extension"], ring["outcome"]) for ring in call["rang"])


def _mixes(call: Json) -> list[str]:
    """Each file by name; the side files are told by the exchange's log alone, AMI names the mix."""
    return sorted(name for name in call["recordings"] if not name.endswith(("-rx.wav", "-tx.wav")))


def _people(call: Json) -> list[str]:
    return [person["extension"] for person in call["answered_by"]]
