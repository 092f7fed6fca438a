"""A reason says why one figure of a call is what it is: a rule and the facts it rests on. Data; whoever shows it words it.

The figures and their intervals are those that the call itself was read with: nothing is reckoned here a second time.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from crm_core.calls.events import Call
from pbx.channels import Channel, Span
from pbx.tracking.story import Story


@dataclass(frozen=True, slots=True)
class Moment:
    """Epoch seconds, or seconds on any one clock in replay."""

    at: float


@dataclass(frozen=True, slots=True)
class Lasted:
    seconds: float


@dataclass(frozen=True, slots=True)
class On:
    """A channel, by its uid."""

    uid: str


Told = Moment | Lasted | On | str | int | bool | None | tuple["Told", ...]
"""What a rule rests on; a text is as the exchange or a caller wrote it, so hostile."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """An interval that a figure is the sum of; `uids` are the channels joined then, Local halves included."""

    start: float
    end: float
    uids: tuple[str, ...] = ()
    why: str = ""

    @property
    def seconds(self) -> float:
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class Reason:
    """`figure` is a key of the call JSON (`answered_by.talk_seconds` inside its items), `item` the place in its list."""

    figure: str
    value: Any
    rule: str
    facts: Mapping[str, Told] = field(default_factory=dict)
    item: int | None = None
    stretches: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """A call together with what it was read from. `shown` is its JSON with every time and second known."""

    story: Story
    call: Call
    shown: Mapping[str, Any]

    def why(self, figure: str, rule: str, /, stretches: Iterable[Stretch] = (), **facts: Told) -> Reason:
        return Reason(figure, self.shown[figure], rule, facts, stretches=tuple(stretches))

    def why_item(
        self, figure: str, item: int, rule: str, /, facts: Mapping[str, Told], stretches: Iterable[Stretch] = (), part: str = ""
    ) -> Reason:
        """Of one item of a list; `part` names a figure inside it."""
        value = self.shown[figure][item]
        whole = figure if not part else f"{figure}.{part}"
        return Reason(whole, value[part] if part else value, rule, facts, item, tuple(stretches))

    def until_now(self, spans: Iterable[Span]) -> list[Span]:
        """As they are summed: what goes on ends now."""
        return [(start, min(end, self.story.now)) for start, end in spans]

    def joined_in(self, spans: Iterable[Span], wanted: frozenset[str], *, with_customer: bool = True) -> list[Stretch]:
        """The spans with the channels that were joined in them in one group with any of `wanted`, and the customer or not him."""
        customers, found = self.story.cast.customers, []
        fitting = [g for g in self.story.together if g.uids & wanted and bool(g.uids & customers) is with_customer]
        for start, end in spans:
            groups = (group for group in fitting if group.start < end and group.end > start)
            uids = {uid for group in groups for uid in group.uids}
            found.append(Stretch(start, end, tuple(sorted(uids, key=self.age))))
        return found

    def age(self, uid: str) -> tuple[float, str]:
        return self.story.channels[uid].started_at, uid


def moment(at: float | None) -> Moment | None:
    return None if at is None or at in {inf, -inf} else Moment(at)


def on(channel: Channel | None) -> On | None:
    return None if channel is None else On(channel.uid)
