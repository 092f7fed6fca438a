"""Whether a call that was cut out and masked is told as its original is, up to the masks."""

from typing import Any

from crm_core.calls.call_json import call_json
from pbx.anonymising.masks import Mask
from pbx.tracking.story import Story

_SLACK = 0.05
"""Seconds by which a figure may differ: without times of its own a message has that of the bytes around it."""
_PLAIN = ("direction", "outcome", "voicemail", "click_to_call", "source", "partial")
_SECONDS = ("wait_seconds", "talk_seconds", "hold_seconds")


def differences(story: Story, told: list[dict[str, Any]], mask: Mask) -> tuple[str, ...]:
    """The figures that came out otherwise; `calls` if the call is not there. Others, that it met, may be there too."""
    original = _masked(call_json(story.call()), mask)
    found = next((call for call in told if original["linkedids"][0] in call["linkedids"]), None)
    if found is None:
        return ("calls",)
    return tuple(sorted(name for name in original if not _alike(original[name], found[name])))


def _masked(call: dict[str, Any], mask: Mask) -> dict[str, Any]:
    """The figures that can be compared; names are drawn anew letter by letter and times of day are moved."""
    numbers = {name: _number(call[name], mask) for name in ("caller", "did", "callee", "forwarded_to")}
    plain = {name: call[name] for name in (*_PLAIN, *_SECONDS)}
    return {
        **plain, **numbers,
        "answered_by": [{**one, "extension": _number(one["extension"], mask)} for one in call["answered_by"]],
        "rang": [{**one, "extension": _number(one["extension"], mask)} for one in call["rang"]],
        "transfers": [{**one, "from": _number(one["from"], mask), "to": _number(one["to"], mask)} for one in call["transfers"]],
        "queue": None if call["queue"] is None else mask.text(call["queue"]),
        "recordings": [mask.text(name) for name in call["recordings"]],
        "linkedids": [mask.uid(linkedid) for linkedid in call["linkedids"]],
    }  # fmt: skip


def _number(number: str | None, mask: Mask) -> str | None:
    return None if number is None else mask.number(number)


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float | int):
        return abs(one - other) <= _SLACK
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return bool(one == other)
