"""The words that scenes are written in: who does what, and what truly happens by the telephones' own clocks."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.asterisk.desk import CUSTOMER, Desk
from tests.asterisk.softphone import Leg

Calls = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    about: str
    play: Callable[[Desk], Awaitable[Calls]]
    dialplan: str = "freepbx"
    desk: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()


SCENES: list[Scene] = []


def scene(about: str, dialplan: str = "freepbx", options: tuple[str, ...] = (), **desk: Any) -> Callable[..., Any]:
    def keep(play: Callable[[Desk], Awaitable[Calls]]) -> Callable[[Desk], Awaitable[Calls]]:
        SCENES.append(Scene(play.__name__, about, play, dialplan, desk, options))
        return play

    return keep


def inbound(
    did: str, outcome: str, wait: float, *people: tuple[Any, ...], caller: str | None = CUSTOMER, **more: Any
) -> dict[str, Any]:
    return _told("inbound", outcome, wait, people, caller=caller, did=did, **more)


def outbound(caller: str, callee: str, outcome: str, wait: float, *people: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    return _told("outbound", outcome, wait, people, caller=caller, callee=callee, **more)


def internal(caller: str, callee: str, outcome: str, wait: float, *people: tuple[Any, ...], **more: Any) -> dict[str, Any]:
    return _told("internal", outcome, wait, people, caller=caller, callee=callee, **more)


def _told(direction: str, outcome: str, wait: float, people: tuple[tuple[Any, ...], ...], **more: Any) -> dict[str, Any]:
    """`people`: (extension, seconds of talk, seconds of consultation)."""
    joined = [
        {"extension": name, "talk_seconds": round(talk, 2), "consultation_seconds": round(asked[0] if asked else 0.0, 2)}
        for name, talk, *asked in people
    ]
    if "rang" in more:
        more["rang"] = [{"extension": name, "outcome": outcome} for name, outcome in more["rang"]]
    usual = {"transfers": [], "hold_seconds": 0.0, "voicemail": False, "forwarded_to": None, "click_to_call": False}
    return {"direction": direction, "outcome": outcome, "wait_seconds": round(wait, 2), "answered_by": joined, **usual, **more}


def given(kind: str, by: str, to: str | None, answered: bool = True) -> dict[str, Any]:
    return {"kind": kind, "from": by, "to": to, "answered": answered}


def both(one: Leg, other: Leg) -> float:
    """How long two telephones were on the line at one time."""
    return min(one.ended_at or 0.0, other.ended_at or 0.0) - max(one.answered_at or 0.0, other.answered_at or 0.0)


def spoke(leg: Leg) -> float:
    """How long a telephone was on the line, until it handed over or hung up."""
    return (leg.left_at or leg.ended_at or 0.0) - (leg.answered_at or 0.0)


def waited(caller: Leg, other: Leg) -> float:
    """From the call until the other side picked up."""
    return (other.answered_at or 0.0) - caller.began_at


async def ended(*legs: Leg) -> None:
    for leg in legs:
        await leg.until_ended()


async def pause(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return time.time()
