"""How channels, moments and hostile texts of an explanation read, for whoever may see them."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from api.web.translations import Texts
from pbx.explaining.ladder import Ladder, Lane, LaneRole
from pbx.lines import LineKind

LONGEST = 60
_RUNNING_NUMBER = re.compile(r"-[0-9a-f]{8}(?=;|$)")


@dataclass(frozen=True, slots=True)
class Labels:
    """`names`: people by extension. `raw`: whoever reads may see the exchange's own names of channels."""

    texts: Texts
    ladder: Ladder
    names: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False
    seconds_known: bool = True
    _known: Mapping[str, str] = field(init=False, repr=False)
    _hidden: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Made once: a call of a big queue has hundreds of lanes and thousands of facts."""
        heads = {lane.uid: self._who(lane) for lane in self.ladder.lanes}
        many, seen = Counter(heads.values()), Counter[str]()
        known = {}
        for lane in self.ladder.lanes:
            head = heads[lane.uid]
            seen[head] += 1
            name = self.names.get(lane.who or "") if lane.role is LaneRole.PERSON else None
            numbered = head if many[head] == 1 else f"{head} ({seen[head]})"
            known[lane.uid] = f"{numbered} {harmless(name)}" if name else numbered
        machinery = (lane.uid for lane in self.ladder.lanes if lane.role is LaneRole.MACHINERY)
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_hidden", frozenset() if self.raw else frozenset(machinery))

    def lane(self, uid: str) -> str:
        """Who a channel is: the customer, 101 Olga, or a part of the exchange."""
        return self._known.get(uid) or self.texts.gettext("another call's channel")

    def _who(self, lane: Lane) -> str:
        """Without the name, which may be cut where there is little room."""
        if lane.role is LaneRole.MACHINERY:
            return harmless(_RUNNING_NUMBER.sub("", lane.name)) if self.raw else self.texts.gettext("the exchange")
        if lane.role is LaneRole.CUSTOMER and lane.line is LineKind.TRUNK:
            return self.texts.gettext("the customer")
        return harmless(lane.who) if lane.who else self.texts.gettext("an outside line")

    def person(self, extension: str) -> str:
        name = self.names.get(extension)
        return f"{harmless(extension)} {harmless(name)}" if name else harmless(extension)

    def lanes(self, uids: tuple[str, ...]) -> str:
        """All of them that may be told, joined by commas."""
        return ", ".join(self.lane(uid) for uid in uids if self.told(uid))

    def told(self, uid: str) -> bool:
        """The exchange's machinery is for those who look after the exchange."""
        return uid not in self._hidden

    def when(self, at: float | None) -> str:
        """Since the ladder's start: `0:07.3`, in Russian `0:07,3`."""
        if at is None or not self.seconds_known:
            return "?"
        minutes, seconds = divmod(max(0, round((at - self.ladder.start) * 10)), 600)
        return self.decimal(f"{minutes}:{seconds / 10:04.1f}")

    def lasted(self, seconds: float) -> str:
        return self.texts.gettext("%(seconds)s s") % {"seconds": self.decimal(f"{seconds:.1f}") if self.seconds_known else "?"}

    def decimal(self, number: str) -> str:
        """As the reader's language writes it: 4.5 is `4,5` in Russian."""
        return number.replace(".", self.texts.pgettext("decimal mark", "."))


def harmless(text: str | None, longest: int = LONGEST) -> str:
    """One line in which nothing acts: control characters, escapes and marks that turn the direction stand as their codes."""
    shown = "".join(one if one.isprintable() else _code(one) for one in text or "")
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def _code(one: str) -> str:
    return f"\\x{ord(one):02x}" if ord(one) < 0x100 else f"\\u{ord(one):04x}"
