"""Compares the calls told with what truly happened, by the rules written beside the captures.

Where two opinions are defensible the truth says so: `either` (other right values), `either_calls` (calls that may be
told too), `ungraded` (fields not compared). Seconds of the truth were measured elsewhere and may differ by half a second.
"""

import itertools
from typing import Any

from tests.pbx.capture_variants import Capture

_SLACK = 0.5


def problems(capture: Capture, calls: list[dict[str, Any]]) -> list[str]:
    """Empty if the calls are exact by at least one opinion."""
    told = sorted(calls, key=lambda call: call["started_at"] or "")
    opinions = [capture.truth["calls"]]
    for more in capture.truth.get("either_calls") or []:
        base = capture.truth["calls"]
        opinions.append([more["add_first"], *base] if "add_first" in more else [*base, more["add"]])
    return min((_by_opinion(capture, true, told) for true in opinions), key=len)


def _by_opinion(capture: Capture, true: list[dict[str, Any]], told: list[dict[str, Any]]) -> list[str]:
    if len(true) != len(told):
        return [f"{len(told)} calls told, truly {len(true)}"]
    ungraded = capture.truth.get("ungraded") or []
    found = [f for t, c in zip(true, told, strict=True) for f in _differences(t, c, ungraded)]
    return found + _missing_recordings(capture, told)


def _differences(true: dict[str, Any], call: dict[str, Any], ungraded: list[str]) -> list[str]:
    either = true.get("either") or {}
    choices = itertools.product(*[[true.get(name), *others] for name, others in either.items()])
    readings = [{**true, **dict(zip(either, values, strict=True))} for values in choices]
    found = min((_by_reading(reading, call) for reading in readings), key=len)
    return [f for f in found if f.split(":")[0] not in ungraded]


def _by_reading(true: dict[str, Any], call: dict[str, Any]) -> list[str]:
    facts = [
        ("direction", true["direction"], call["direction"]),
        ("caller", _digits(true["caller"]), _digits(call["caller"])),
        ("outcome", true["disposition"], call["outcome"]),
        ("answered_by", [_digits(p["ext"]) for p in true["answered_by"]], _people(call)),
        ("transfers", _given_to(true), _told_given_to(true, call)),
    ]
    if true["direction"] == "inbound":
        facts.append(("did", _digits(true["did"]), _digits(call["did"])))
    if true["direction"] == "outbound" and true.get("customer"):
        facts.append(("callee", _digits(true["customer"]), _digits(call["callee"])))
    found = [f"{name}: {told!r}, truly {wanted!r}" for name, wanted, told in facts if wanted != told]
    return found + _seconds(true, call)


def _seconds(true: dict[str, Any], call: dict[str, Any]) -> list[str]:
    pairs = [("wait_seconds", true["wait_s"], call["wait_seconds"])]
    for wanted, told in zip(true["answered_by"], call["answered_by"], strict=False):
        pairs.append((f"talk of {wanted['ext']}", wanted["talk_s"], told["talk_seconds"]))
    return [f"{name}: {told}, truly {wanted}" for name, wanted, told in pairs if abs(told - wanted) > _SLACK]


def _given_to(true: dict[str, Any]) -> str | None:
    return true.get("transferred_to")


def _told_given_to(true: dict[str, Any], call: dict[str, Any]) -> str | None:
    if true["direction"] != "inbound" and not true.get("transferred_to"):
        return None
    return call["transfers"][-1]["to"] if call["transfers"] else None


def _missing_recordings(capture: Capture, told: list[dict[str, Any]]) -> list[str]:
    """A file that was announced in the capture, and holds an answered call, must be told."""
    if capture.truth["gaps_s"] or not any(t["disposition"] == "answered" for t in capture.truth["calls"]):
        return []
    heard = b"".join(file.read_bytes() for file in capture.files)
    true = [r for r in capture.truth["recordings"] if not r["voicemail"] and r["seconds"] > _SLACK]
    wanted = {r["file"] for r in true if r["file"].encode() in heard}
    named = {name for call in told if call["outcome"] == "answered" for name in call["recordings"]}
    return [f"recordings not told: {sorted(wanted - named)}"] if wanted - named else []


def _people(call: dict[str, Any]) -> list[str | None]:
    return [_digits(person["extension"]) for person in call["answered_by"]]


def _digits(value: str | None) -> str | None:
    return None if value is None else str(value).lstrip("+")
