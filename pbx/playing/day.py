"""A day at the practice office: what the demo plays, and one more call when somebody asks for it."""

import asyncio
import random
from collections.abc import Iterator
from itertools import cycle
from typing import Protocol

from pbx.playing.calls import Story, inbound, internal, outbound
from pbx.playing.devices import PEOPLE
from pbx.playing.play import Playing
from pbx.playing.speech import Script, scripts

KNOWN_CALLER = "79161112233"
KNOWN_NAMES = {"ru": "Иван Петров", "en": "Ivan Petrov"}
DIRECT, SALES, GROUP = "74951112245", "74951112233", "74951112266"
"""Our numbers: one person's own, the sales queue, a group of phones."""

FIRST_AFTER = 12.0
GAP = 40.0
BUSY_CALLS = 240
"""So many calls come `GAP` seconds apart (nearly three hours), then one every ten minutes: a demo left alone stays small."""
LATE_GAP = 600.0
RING_SECONDS = 6.0
"""Long enough for people to see the pop before the phone picks up."""

_STRANGERS = [f"79{operator}{rest}" for operator, rest in (
    ("16", "4405518"), ("26", "5556677"), ("03", "7421190"), ("65", "2083344"), ("15", "9107755"), ("85", "3621408"),
    ("09", "6674120"), ("62", "8812906"), ("25", "4490173"), ("67", "1195832"),
)]  # fmt: skip


class Exchange(Protocol):
    @property
    def language(self) -> str: ...
    @property
    def speed(self) -> float | None: ...
    def play(self, story: Story) -> Playing: ...


async def demo_day(exchange: Exchange, *, first_after: float = FIRST_AFTER, gap: float = GAP) -> None:
    """Play a believable day until cancelled. Seconds are of the exchange's clock.

    First comes an answered, recorded call to 101; then the mix of `_mix`, one call every `gap` seconds.
    """
    await _pause(exchange, first_after)
    for played, story in enumerate(_mix(exchange.language), start=1):
        exchange.play(story)
        await _pause(exchange, gap if played < BUSY_CALLS else max(gap, LATE_GAP))


def call_on_demand(kind: str, extension: str, caller: str, language: str, number: int) -> Story:
    """One more call of a kind (`answered`, `missed`, `queue`, `outbound`, `outbound_busy`, `outbound_in_vain`).

    What is not understood falls back to the first.

    `number` counts the calls played, so that callers and talks take turns.
    """
    who = extension if extension in PEOPLE else "101"
    usable = caller.isascii() and caller.isdigit() and 5 <= len(caller) <= 15
    from_whom = caller if usable else _STRANGERS[number % len(_STRANGERS)]
    talks = _talks(language)
    spoken = talks[number % len(talks)]
    stories = {
        "missed": inbound(from_whom, DIRECT).rings(who).given_up_after(12),
        "queue": inbound(from_whom, SALES).queued().answered_after(RING_SECONDS, by=who).talks(spoken),
        "outbound": outbound(who, from_whom).answered_after(4).talks(spoken),
        "outbound_busy": outbound(who, from_whom).busy(),
        "outbound_in_vain": outbound(who, from_whom).nobody_answers(RING_SECONDS),
    }
    answered = inbound(from_whom, DIRECT).rings(who).answered_after(RING_SECONDS).talks(spoken)
    return stories.get(kind, answered)


def _mix(language: str) -> Iterator[Story]:
    """The day's calls without end. Nobody's phone has two at once: neighbours in the list ring different people."""
    strangers = cycle(_STRANGERS)
    talks = cycle(_talks(language))
    chance = random.Random(2026)  # noqa: S311  a believable spread, the same each day
    while True:
        yield from _round(KNOWN_NAMES.get(language, KNOWN_NAMES["en"]), strangers, talks, chance)


def _round(known_name: str, stranger: Iterator[str], talk: Iterator[Script], chance: random.Random) -> list[Story]:
    def waited() -> float:
        return round(chance.uniform(3, 9), 1)

    return [
        inbound(KNOWN_CALLER, DIRECT, known_name).rings("101").answered_after(RING_SECONDS).talks(next(talk)),
        inbound(next(stranger), GROUP).rings("102", "103").given_up_after(11),
        inbound(next(stranger), SALES).queued().answered_after(waited(), by="103").talks(next(talk)),
        outbound("102", next(stranger)).answered_after(waited()).talks(next(talk)),
        inbound(next(stranger), DIRECT).rings("101").answered_after(RING_SECONDS).talks(next(talk)),
        inbound(next(stranger), GROUP).rings("104").busy(),
        inbound(next(stranger), SALES).queued().given_up_after(waited() + 4),
        outbound("101", KNOWN_CALLER).nobody_answers(15),
        internal("102", "103").answered_after(3).talks(9.0).unrecorded(),
        inbound(next(stranger), GROUP).rings("102", "103", "104").answered_after(waited(), by="104").talks(next(talk)),
        inbound(next(stranger), DIRECT).rings("101").nobody_answers(12).to_voicemail(8),
        inbound(next(stranger), GROUP).rings("103").declined_after(4),
    ]


def _talks(language: str) -> list[Script]:
    return [script for script in scripts() if script.language == language] or list(scripts())


async def _pause(exchange: Exchange, seconds: float) -> None:
    await asyncio.sleep(seconds / exchange.speed if exchange.speed else 0)
