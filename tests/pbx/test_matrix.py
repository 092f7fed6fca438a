"""Ways a call can go that the scenarios with a measured truth do not have: read by hand once, held from then on."""

import json
from pathlib import Path
from typing import Any

import pytest

from pbx.replay import replay
from tests.pbx.capture_variants import CAPTURES

MATRIX = CAPTURES.parent / "asterisk_matrix"
CASES = [
    pytest.param(folder, name, id=f"{name}-{folder.name}")
    for folder in sorted(path for path in MATRIX.iterdir() if path.is_dir())
    for name in json.loads((folder / "expected.json").read_text())
]
SLACK = 0.2


@pytest.mark.parametrize(("folder", "name"), CASES)
def test_it_is_told_as_it_was_read(folder: Path, name: str) -> None:
    expected = json.loads((folder / "expected.json").read_text())[name]["calls"]

    calls = replay([folder / f"{name}.ami"])

    assert len(calls) == len(expected)
    for call, wanted in zip(calls, expected, strict=True):
        assert _without_seconds(call, wanted) == _without_seconds(wanted, wanted)
        assert _seconds(call) == pytest.approx(_seconds(wanted), abs=SLACK)


def _without_seconds(call: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    keys = {*wanted, "answered_by", "rang", "transfers", "voicemail", "queue", "forwarded_to", "outcome", "direction"}
    told = {key: call.get(key) or None for key in sorted(keys) if not key.endswith("_seconds")}
    return told | {"answered_by": [person["extension"] for person in call.get("answered_by", [])]}


def _seconds(call: dict[str, Any]) -> list[float]:
    people = [person[key] for person in call.get("answered_by", []) for key in ("talk_seconds", "consultation_seconds")]
    return [call.get(key) or 0.0 for key in ("wait_seconds", "talk_seconds", "hold_seconds")] + people
