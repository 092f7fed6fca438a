"""A call that somebody sent us (`firstring export`), dropped into a folder of tests/captures, is a test by that alone.

Its `NAME.truth.json` says how it is replayed and what must come out: what our derivation said when it was exported, corrected
by whoever knew better. A key that was taken out is not compared; seconds may differ a little. See docs/captures.md.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pbx.anonymising.capture import parts
from pbx.replay import replay

CAPTURES = Path(__file__).resolve().parent.parent / "captures"
SLACK = 0.05


def dropped() -> list[Path]:
    """Truths that say what is told, as an export writes them; those of our own recordings are graded elsewhere."""
    return [truth for truth in sorted(CAPTURES.glob("*/**/*.truth.json")) if "told" in json.loads(truth.read_text())]


def place(truth: Path) -> str:
    return str(truth.relative_to(CAPTURES))


def told(truth: Path) -> list[dict[str, Any]]:
    name = truth.name.removesuffix(".truth.json")
    files = {file.name: b"" for file in truth.parent.glob(f"{name}.*")}
    sessions, cel = parts(files, name)
    options = json.loads(truth.read_text())["options"]
    return replay(
        [truth.parent / file for file in sessions], cel=truth.parent / cel if cel else None, trunks=options["trunks"],
        extensions=options["extensions"], region=options["region"],
    )  # fmt: skip


def differences(truly: Any, told_so: Any, where: str = "") -> list[str]:
    if isinstance(truly, dict) and isinstance(told_so, dict):
        return [line for key, value in truly.items() for line in differences(value, told_so.get(key), f"{where}.{key}")]
    if isinstance(truly, list) and isinstance(told_so, list) and len(truly) == len(told_so):
        return [
            line
            for place_in, (one, other) in enumerate(zip(truly, told_so, strict=True))
            for line in differences(one, other, f"{where}[{place_in}]")
        ]
    if isinstance(truly, float) and isinstance(told_so, float | int):
        return [] if abs(truly - told_so) <= SLACK else [f"{where}: {told_so}, truly {truly}"]
    return [] if truly == told_so else [f"{where}: {told_so!r}, truly {truly!r}"]


@pytest.mark.parametrize("truth", dropped(), ids=place)
def test_a_call_that_was_sent_to_us_is_told_as_it_happened(truth: Path) -> None:
    assert differences(json.loads(truth.read_text())["told"], told(truth)) == []


def test_a_wrong_figure_is_named() -> None:
    truly = [{"outcome": "answered", "talk_seconds": 5.0, "rang": [{"extension": "101"}]}]

    assert differences(truly, [{"outcome": "missed", "talk_seconds": 5.01, "rang": [{"extension": "102"}], "did": None}]) == [
        "[0].outcome: 'missed', truly 'answered'", "[0].rang[0].extension: '102', truly '101'",
    ]  # fmt: skip
