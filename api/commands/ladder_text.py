"""A ladder and its reasons for a terminal: lanes along a time axis, then what happened, then why each figure is what it is."""

import unicodedata
from collections.abc import Iterator

from api.web.translations import Texts
from api.web.why.labels import Labels, harmless
from api.web.why.terms import bar_names, headings, mark_names
from api.web.why.words import Why, Words
from pbx.explaining.explanation import Explanation
from pbx.explaining.ladder import BarKind, Ladder, Lane
from pbx.explaining.lane_facts import FactKind, each_once

SIGNS = {
    BarKind.QUEUE: "┄", BarKind.RING: "~", BarKind.VOICEMAIL: "v", BarKind.CONSULTATION: "▒", BarKind.TALK: "█",
    BarKind.HOLD: "=",
}  # fmt: skip
"""In the order in which they are painted: a later one covers an earlier one."""
COLOURS = {
    BarKind.QUEUE: "36", BarKind.RING: "33", BarKind.VOICEMAIL: "35", BarKind.CONSULTATION: "34", BarKind.TALK: "32",
    BarKind.HOLD: "31",
}  # fmt: skip
MARKS = {FactKind.TRANSFERRED: "»", FactKind.PARKED: "P", FactKind.PICKED_UP: "^", FactKind.VANISHED: "?"}
NARROWEST, WIDEST, LONGEST_LABEL = 40, 160, 26


def lines(told: Explanation, words: Words, *, width: int = 80, colour: bool = False) -> Iterator[str]:
    width = max(NARROWEST, min(width, WIDEST))
    yield from _drawing(told.ladder, words.labels, words.texts, width, colour=colour)
    yield ""
    yield _bold(headings(words.texts)["happened"], colour=colour)
    yield from _happened(told, words, width)
    yield ""
    yield _bold(headings(words.texts)["why"], colour=colour)
    for why in words.all(told):
        yield from _why(why, width, colour=colour)


def _drawing(ladder: Ladder, labels: Labels, texts: Texts, width: int, *, colour: bool) -> Iterator[str]:
    names = {lane.uid: labels.lane(lane.uid) for lane in ladder.lanes}
    beside = min(LONGEST_LABEL, max(map(cells, names.values()), default=0))
    room = width - beside - 2
    scale = Scale(ladder, room)
    yield " " * (beside + 2) + _axis(labels, scale)
    for lane in ladder.lanes:
        painted = _paint(lane, ladder, scale)
        yield f"{padded(names[lane.uid], beside)}  {_coloured(painted) if colour else ''.join(painted)}".rstrip()
    yield from wrapped(_legend(ladder, texts), width, "  ")


class Scale:
    """Moments to columns."""

    def __init__(self, ladder: Ladder, room: int) -> None:
        self.start, self.lasts, self.room = ladder.start, max(ladder.end - ladder.start, 0.001), room

    def column(self, at: float) -> int:
        return max(0, min(self.room - 1, int((at - self.start) / self.lasts * self.room)))


def _axis(labels: Labels, scale: Scale) -> str:
    line = [" "] * scale.room
    steps = max(1, scale.room // 16)
    for step in range(steps + 1):
        at = scale.start + scale.lasts * step / steps
        label = "|" + labels.when(at)
        place = min(scale.column(at), scale.room - len(label))
        line[place : place + len(label)] = label
    return "".join(line).rstrip()


def _paint(lane: Lane, ladder: Ladder, scale: Scale) -> list[str]:
    line = [" "] * scale.room
    first, last = scale.column(lane.began), scale.column(ladder.end if lane.ended is None else lane.ended)
    line[first : last + 1] = "─" * (last + 1 - first)
    for kind, sign in SIGNS.items():
        for bar in (bar for bar in ladder.bars if bar.uid == lane.uid and bar.kind is kind):
            begin, end = scale.column(bar.start), max(scale.column(bar.start) + 1, scale.column(bar.end))
            line[begin:end] = sign * (end - begin)
    for fact in ladder.facts:
        if fact.uid == lane.uid and fact.kind in MARKS:
            line[scale.column(fact.at)] = MARKS[fact.kind]
    return line


def _coloured(painted: list[str]) -> str:
    colours = {SIGNS[kind]: colour for kind, colour in COLOURS.items()}
    return "".join(f"\x1b[{colours[sign]}m{sign}\x1b[0m" if sign in colours else sign for sign in painted)


def _legend(ladder: Ladder, texts: Texts) -> str:
    """Only the signs that are there."""
    bars = {bar.kind for bar in ladder.bars}
    marks = {fact.kind for fact in ladder.facts}
    named = [f"{sign} {bar_names(texts)[kind]}" for kind, sign in SIGNS.items() if kind in bars]
    named += [f"{sign} {mark_names(texts)[kind]}" for kind, sign in MARKS.items() if kind in marks]
    return ", ".join(named)


def _happened(told: Explanation, words: Words, width: int) -> Iterator[str]:
    beside = min(LONGEST_LABEL, max((cells(words.labels.lane(lane.uid)) for lane in told.ladder.lanes), default=0))
    for fact in each_once(told.ladder.facts):
        who = words.labels.lane(fact.uid) if fact.uid else ""
        start = f"  {words.labels.when(fact.at):>7}  {padded(who, beside)}  "
        first, *rest = wrapped(words.fact(fact), width - cells(start), "")
        yield start + first
        yield from (" " * cells(start) + line for line in rest)


def _why(why: Why, width: int, *, colour: bool) -> Iterator[str]:
    yield _bold(cut(f"{why.title} — {why.value}", width), colour=colour)
    yield from wrapped(f"  {why.say}", width, "  ")
    for row in why.rows:
        yield from wrapped(f"    {row}", width, "      ")


def _bold(text: str, *, colour: bool) -> str:
    return f"\x1b[1m{text}\x1b[0m" if colour else text


def cells(text: str) -> int:
    """Columns of a terminal: letters of the Far East take two, marks that sit on others none."""
    return sum(0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def cut(text: str, width: int) -> str:
    shown = harmless(text, longest=max(width * 2, 1))
    while cells(shown) > width:
        shown = shown[:-2] + "…"
    return shown


def padded(text: str, width: int) -> str:
    shown = cut(text, width)
    return shown + " " * (width - cells(shown))


def wrapped(text: str, width: int, indent: str) -> Iterator[str]:
    """Lines of at most so many columns; a word longer than that is cut."""
    line, fresh = text[: len(text) - len(text.lstrip())], True
    for word in text.split():
        part = cut(word, width - len(indent))
        if not fresh and cells(line) + 1 + cells(part) > width:
            yield line
            line, fresh = indent, True
        line, fresh = line + part if fresh else f"{line} {part}", False
    yield line
