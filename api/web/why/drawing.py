"""The ladder as a page draws it: rows with bars, rungs between rows, ticks on the axis; places in per cent of the whole time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from api.web.why.labels import Labels
from api.web.why.terms import bar_names
from pbx.explaining.ladder import Bar, BarKind, Ladder
from pbx.explaining.lane_facts import FactKind

RUNGS = frozenset([FactKind.DIALLED, FactKind.JOINED, FactKind.TRANSFERRED, FactKind.PICKED_UP, FactKind.UNPARKED])
STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
MOST_TICKS = 6
_PAINTED = (BarKind.QUEUE, BarKind.RING, BarKind.VOICEMAIL, BarKind.TALK, BarKind.CONSULTATION, BarKind.HOLD)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A bar; `left` and `width` in per cent."""

    kind: str
    name: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    role: str
    left: float
    width: float
    bars: tuple[Drawn, ...]


@dataclass(frozen=True, slots=True)
class Rung:
    """From row `top` to row `bottom`, at `left` per cent."""

    kind: str
    left: float
    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """`kinds` are the bars that occur, with their names, for the legend."""

    rows: tuple[Row, ...]
    rungs: tuple[Rung, ...]
    ticks: tuple[tuple[float, str], ...]
    kinds: Mapping[str, str]


def drawing(ladder: Ladder, labels: Labels) -> Drawing:
    scale = Scale(ladder)
    names = bar_names(labels.texts)
    lanes = [lane for lane in ladder.lanes if labels.told(lane.uid)]
    bars: dict[str, list[Bar]] = {}
    for bar in ladder.bars:
        bars.setdefault(bar.uid, []).append(bar)
    rows = tuple(
        Row(
            labels.lane(lane.uid), lane.role.value, *scale.place(lane.began, ladder.end if lane.ended is None else lane.ended),
            tuple(
                Drawn(bar.kind.value, names[bar.kind], *scale.place(bar.start, bar.end))
                for kind in _PAINTED for bar in bars.get(lane.uid, ()) if bar.kind is kind
            ),
        )
        for lane in lanes
    )  # fmt: skip
    kinds = {kind.value: names[kind] for kind in _PAINTED if any(b.kind is kind and labels.told(b.uid) for b in ladder.bars)}
    return Drawing(
        rows,
        tuple(_rungs(ladder, [lane.uid for lane in lanes], scale)),
        tuple((left, labels.decimal(shown)) for left, shown in scale.ticks()),
        kinds,
    )


class Scale:
    """Moments to per cent of the ladder's time."""

    def __init__(self, ladder: Ladder) -> None:
        self.start = ladder.start
        self.lasts = max(ladder.end - ladder.start, 0.001)

    def left(self, at: float) -> float:
        return round(min(100.0, max(0.0, (at - self.start) / self.lasts * 100)), 3)

    def place(self, start: float, end: float) -> tuple[float, float]:
        left = self.left(start)
        return left, round(max(self.left(end) - left, 0.0), 3)

    def ticks(self) -> Iterator[tuple[float, str]]:
        days_long = ceil(self.lasts / (MOST_TICKS * STEPS[-1])) * STEPS[-1]  # a call whose end was never heard
        step = next((step for step in STEPS if self.lasts / step <= MOST_TICKS), days_long)
        for number in range(int(self.lasts / step) + 1):
            minutes, seconds = divmod(number * step, 60)
            shown = f"{seconds:04.1f}" if step < 1 else f"{int(seconds):02}"
            yield self.left(self.start + number * step), f"{int(minutes)}:{shown}"


def _rungs(ladder: Ladder, shown: list[str], scale: Scale) -> Iterator[Rung]:
    """Who dialled whom, who met whom: upright lines between their rows."""
    found = set()
    places = {uid: place for place, uid in enumerate(shown)}
    for fact in ladder.facts:
        if fact.kind not in RUNGS or fact.uid not in places:
            continue
        for other in (uid for uid in fact.others if uid in places and uid != fact.uid):
            top, bottom = sorted((places[fact.uid], places[other]))
            found.add(Rung(fact.kind.value, round(scale.left(fact.at), 1), top, bottom))
    return iter(sorted(found, key=lambda rung: (rung.left, rung.top, rung.bottom, rung.kind)))
