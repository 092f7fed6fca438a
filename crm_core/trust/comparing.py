"""Our calls of a day held against what the exchange keeps itself: each of its calls exactly one of ours, told alike. Pure.

Who judges what (docs/decisions/0022 and 0054): CEL knows every call and how each ended; CDR, grouped by linkedid, knows most
calls, and of a direct one whether and how long it was talked; queue_log knows who was connected out of a queue. Where CEL was
read, it decides; the others are heard for what it does not know.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_core.calls.events import Outcome
from crm_core.calls.repeated_ids import FAR_APART, plain
from crm_core.trust.belonging import Belonging
from crm_core.trust.differences import Difference, Kind, said
from crm_core.trust.told import OurCall, Told, Witness

SLACK = 1.0
"""Seconds by which talk may differ; a source in whole seconds may be another one off."""
EARLY = 1.0
"""Seconds: a CDR answered sooner may have been answered by the dialplan, for a menu or music, and by no person."""


@dataclass(frozen=True, slots=True)
class Period:
    """Epoch seconds. What is not over by `settled` is not looked at: the exchange and we may still be writing of it."""

    begins: float
    ends: float
    settled: float

    def holds(self, at: float) -> bool:
        return self.begins <= at < self.ends


@dataclass(slots=True)
class Comparison:
    """`calls`: ours and those only the exchange knows, each once; `agreeing`: those without any difference."""

    calls: int = 0
    agreeing: int = 0
    up: int = 0  # not over yet: not counted
    differences: list[Difference] = field(default_factory=list)
    missing: list["Group"] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """All that the exchange's records say of one call."""

    linkedids: frozenset[str]
    told: list[Told]

    @property
    def began(self) -> float:
        return min(told.began for told in self.told)

    @property
    def ended(self) -> float | None:
        ends = [told.ended for told in self.told if told.ended is not None]
        return max(ends) if ends else None

    def by(self, witness: Witness) -> Told | None:
        return next((told for told in self.told if told.witness is witness), None)


def compare(period: Period, ours: Sequence[OurCall], told: Iterable[Told], covered: frozenset[Witness]) -> Comparison:
    """`covered`: the sources that tell of this whole period; of the others only what they do tell counts."""
    found = Comparison()
    pairing = Pairing(ours, told)
    differing: set[int] = set()
    for group in pairing.groups:
        _hold_group(found, period, group, pairing.ours_of(group), differing)
    for call in ours:
        _hold_call(found, period, call, pairing.groups_of(call), covered, differing)
    counted = [call for call in ours if period.holds(call.told.began) and _is_over(call, period)]
    found.calls = len(counted) + len(found.missing)
    found.agreeing = sum(call.id not in differing for call in counted)
    if not covered & {Witness.CEL, Witness.CDR}:
        found.calls = found.agreeing = 0
    found.differences.sort(key=lambda one: (one.at, one.key))
    return found


class Pairing:
    """Which calls of ours and of the exchange's records are the same: those that share an id, at about the same time."""

    def __init__(self, ours: Sequence[OurCall], told: Iterable[Told]) -> None:
        self.groups = _grouped(told)
        self._of_id = {linkedid: group for group in self.groups for linkedid in group.linkedids}
        self._ours: dict[int, dict[int, OurCall]] = defaultdict(dict)
        self._groups: dict[int, list[Group]] = defaultdict(list)
        for call in ours:
            for group in {id(group): group for linkedid in call.told.linkedids if (group := self._near(linkedid, call))}.values():
                self._ours[id(group)][call.id] = call
                self._groups[call.id].append(group)

    def ours_of(self, group: Group) -> list[OurCall]:
        return list(self._ours[id(group)].values())

    def groups_of(self, call: OurCall) -> list[Group]:
        return self._groups[call.id]

    def _near(self, linkedid: str, call: OurCall) -> Group | None:
        """An exchange gives an id again after a restart."""
        group = self._of_id.get(plain(linkedid))
        return group if group and abs(group.began - call.told.began) < FAR_APART else None


def _grouped(told: Iterable[Told]) -> list[Group]:
    listed = list(told)
    belonging = Belonging()
    for one in listed:
        first, *others = sorted(one.linkedids)
        for other in others:
            belonging.join(first, other)
    found: dict[str, list[Told]] = defaultdict(list)
    for one in listed:
        found[belonging.root(min(one.linkedids))].append(one)
    return [Group(frozenset[str]().union(*(one.linkedids for one in members)), members) for members in found.values()]


def _hold_group(found: Comparison, period: Period, group: Group, ours: Sequence[OurCall], differing: set[int]) -> None:
    over = group.ended is not None and group.ended < period.settled
    if not ours and period.holds(group.began) and over:
        found.missing.append(group)
        found.differences.append(Difference(Kind.MISSING, group.began, None, min(group.linkedids), _facts(None, group)))
    elif not ours and period.holds(group.began):
        found.up += 1
    if len(ours) > 1 and any(period.holds(call.told.began) for call in ours):
        first = min(ours, key=lambda call: (call.told.began, call.id))
        facts = {**_facts(first, group), "calls": sorted(call.id for call in ours)}
        found.differences.append(Difference(Kind.DOUBLED, first.told.began, first.id, min(group.linkedids), facts))
        differing.update(call.id for call in ours)


def _hold_call(
    found: Comparison, period: Period, call: OurCall, groups: Sequence[Group], covered: frozenset[Witness], differing: set[int]
) -> None:
    if not period.holds(call.told.began):
        return
    if not _is_over(call, period):
        _hold_open(found, period, call, groups)
        return
    kind = _difference(call, groups, covered)
    if kind is None:
        return
    differing.add(call.id)
    found.differences.append(Difference(kind, call.told.began, call.id, _key(call), _facts(call, *groups)))


def _hold_open(found: Comparison, period: Period, call: OurCall, groups: Sequence[Group]) -> None:
    """Up as far as we know: a difference only if the exchange's records say that it is over."""
    ends = [group.ended for group in groups]
    if call.told.ended is None and ends and all(end is not None and end < period.settled for end in ends):
        found.differences.append(Difference(Kind.OPEN, call.told.began, call.id, _key(call), _facts(call, *groups)))
    else:
        found.up += 1


def _is_over(call: OurCall, period: Period) -> bool:
    return call.told.ended is not None and call.told.ended < period.settled


def _difference(call: OurCall, groups: Sequence[Group], covered: frozenset[Witness]) -> Kind | None:
    """The gravest there is."""
    if not groups:
        known_to_all = Witness.CEL in covered or (Witness.CDR in covered and not call.may_lack_cdr)
        return Kind.UNKNOWN if known_to_all else None
    if len(groups) > 1:
        return Kind.MERGED if Witness.CEL in covered else None
    group = groups[0]
    if cel := group.by(Witness.CEL):
        return _by_cel(call.told, cel) if cel.ended is not None else None
    cdr = group.by(Witness.CDR)
    kind = _by_cdr(call.told, cdr) if cdr and cdr.sure and call.plainly else None
    queue = group.by(Witness.QUEUE_LOG)
    return kind or (Kind.OUTCOME if queue and queue.answered and not call.told.answered else None)


def _by_cel(ours: Told, cel: Told) -> Kind | None:
    if cel.answered != ours.answered or (cel.outcome is not None and cel.outcome != ours.outcome):
        return Kind.OUTCOME
    return Kind.TALK if _apart(ours, cel) else None


def _by_cdr(ours: Told, cdr: Told) -> Kind | None:
    """Of a direct call. Its answer is a person's where it came late enough, and its talk ours where both began at once."""
    if ours.answered and not cdr.answered:
        return Kind.OUTCOME
    if cdr.answered and not ours.answered:
        by_person = cdr.answered_at is not None and cdr.answered_at - cdr.began > EARLY + cdr.whole_seconds
        return Kind.OUTCOME if by_person else None
    together = _near(ours.answered_at, cdr.answered_at, SLACK + cdr.whole_seconds)
    return Kind.TALK if together and _apart(ours, cdr) else None


def _apart(ours: Told, theirs: Told) -> bool:
    return not _near(ours.talk or 0.0, theirs.talk or 0.0, SLACK + theirs.whole_seconds)


def _near(one: float | None, other: float | None, within: float) -> bool:
    return one is not None and other is not None and abs(one - other) <= within


def _facts(call: OurCall | None, *groups: Group) -> dict[str, Any]:
    """What each source says; of several of the exchange's calls in one of ours, each source's first."""
    facts: dict[str, Any] = {Witness.OURS.value: said(call.told)} if call else {}
    for group in groups:
        for told in group.told:
            facts.setdefault(told.witness.value, said(told))
    if len(groups) > 1:
        facts["linkedids"] = [min(group.linkedids) for group in groups]
    return facts


def _key(call: OurCall) -> str:
    return plain(min(call.told.linkedids))


def may_lack_cdr(outcome: Outcome | None, *, rang: bool) -> bool:
    """Whether an exchange writes no CDR of such a call (`unanswered = no`): nobody was called, or nobody could be."""
    return outcome in (Outcome.AGENT_NO_ANSWER, Outcome.FAILED) or (outcome is Outcome.ABANDONED and not rang)
