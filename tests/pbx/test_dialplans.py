"""Calls played on a real exchange with other dialplans (`tests/asterisk/play_scenes.py`) are told as the telephones saw them.

`whole` in a truth holds what the contract's JSON must say, a key that is null is not compared; `calls` says the same in the
words of the shared captures. Times are those of the telephones' own clock, which the exchange is a little behind.
"""

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from pbx.replay import replay
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import CAPTURES, Names, capture, rewritten, with_a_gap

FOLDERS = ("asterisk22_own", "asterisk22_dialplans", "asterisk16_dialplans", "asterisk16_chansip", "examined")
PLACES = [
    pytest.param(truth, id=f"{truth.name.removesuffix('.truth.json')}-{folder}")
    for folder in FOLDERS
    for truth in sorted((CAPTURES.parent / folder).glob("*.truth.json"))
]
WITH_CEL = [place for place in PLACES if Path(str(place.values[0]).replace(".truth.json", ".cel.csv")).exists()]
SLACK = 0.4
NOT_IN_CEL = ("hold_seconds", "rang")
"""Asterisk's CEL tells neither hold nor ringing; the number called when the customer is called first is not in it either."""
_RECORDS = (b"Event: CEL", b"Event: Cdr")


@pytest.mark.parametrize("truth", PLACES)
def test_the_call_is_told_as_it_happened(truth: Path) -> None:
    _agrees(truth, [_ami(truth)])


@pytest.mark.parametrize("truth", PLACES)
def test_without_records_and_dialplan_it_is_told_alike(truth: Path, tmp_path: Path) -> None:
    dropped = (*_RECORDS, b"Event: Newexten", b"Event: VarSet")
    bare = rewritten(_ami(truth), tmp_path, lambda message: b"" if message.startswith(dropped) else message)

    _agrees(truth, [bare], untold=("recordings",))


@pytest.mark.parametrize("truth", PLACES)
def test_without_the_exchanges_own_times_it_is_told_alike(truth: Path, tmp_path: Path) -> None:
    def timeless(message: bytes) -> bytes:
        return re.sub(rb"\r\nTimestamp: [^\r]*", b"", message)

    _agrees(truth, [rewritten(_ami(truth), tmp_path, timeless)])


@pytest.mark.parametrize("truth", WITH_CEL)
def test_from_its_records_alone_it_is_told_alike(truth: Path) -> None:
    _agrees(truth, [], cel=truth.with_name(truth.name.replace(".truth.json", ".cel.csv")), untold=NOT_IN_CEL)


@pytest.mark.parametrize("truth", WITH_CEL)
def test_records_fill_a_gap_wherever_it_is(truth: Path, tmp_path: Path) -> None:
    dice = random.Random(truth.name)
    last = float(Path(f"{_ami(truth)}.times").read_text().split()[-2])
    for _ in range(3):
        since = dice.uniform(0.5, last)
        sessions = with_a_gap(_ami(truth), tmp_path, since, dice.uniform(since, last))

        _agrees(truth, sessions, cel=truth.with_name(truth.name.replace(".truth.json", ".cel.csv")), untold=NOT_IN_CEL)


@pytest.mark.parametrize("truth", [place for place in PLACES if "dialplans" in str(place.id)])
@pytest.mark.parametrize(("seed", "inside_the_rule"), [(1, True), (2, False)])
def test_other_names_and_numbers_are_told_alike(truth: Path, seed: int, inside_the_rule: bool, tmp_path: Path) -> None:
    if json.loads(truth.read_text())["dialplan"] != "freepbx":
        return  # the others' names are what they are about
    names = Names(seed, inside_the_rule=inside_the_rule)
    facts = json.loads(names.change(truth.read_bytes()))
    facts["replay_options"] = [] if inside_the_rule else [word for trunk in names.trunks for word in ("--trunk", trunk)]
    (tmp_path / truth.name).write_text(json.dumps(facts))

    _agrees(tmp_path / truth.name, [rewritten(_ami(truth), tmp_path, names.change)])


def _ami(truth: Path) -> Path:
    return truth.with_name(truth.name.replace(".truth.json", ".ami"))


def _agrees(truth: Path, files: list[Path], *, cel: Path | None = None, untold: tuple[str, ...] = ()) -> None:
    facts = json.loads(truth.read_text())
    words = facts.get("replay_options") or []
    trunks, phones = ([words[i + 1] for i, word in enumerate(words) if word == option] for option in ("--trunk", "--extension"))
    calls = replay(files, cel=cel, trunks=trunks, extensions=phones)
    if "whole" not in facts:
        found = problems(capture(truth.name.removesuffix(".truth.json"), truth.parent), calls)
        assert [problem for problem in found if not problem.startswith(untold or "-")] == []
        return
    calls.sort(key=lambda call: call["started_at"])
    assert len(calls) == len(facts["whole"])
    for call, wanted in zip(calls, facts["whole"], strict=True):
        expected = {key: value for key, value in wanted.items() if key not in untold}
        assert _differences(call, expected, by_cel=cel is not None) == []


def _differences(call: dict[str, Any], wanted: dict[str, Any], *, by_cel: bool) -> list[str]:
    either = wanted.get("either") or {}
    untold = {"callee"} if by_cel and call["callee"] is None else set()
    found = []
    for key, value in wanted.items():
        optional = value is None and key in {"transfers", "hold_seconds", "wait_seconds"}
        if key == "either" or key in untold or optional or call[key] in either.get(key, []):
            continue
        if not _alike(call[key], value, ordered=key != "rang"):
            found.append(f"{key}: {call[key]!r}, truly {value!r}")
    return found


def _alike(told: Any, wanted: Any, *, ordered: bool) -> bool:
    if isinstance(wanted, float):
        return told is not None and abs(told - wanted) <= SLACK
    if isinstance(wanted, dict):
        return all(_alike(told.get(key), value, ordered=True) for key, value in wanted.items())
    if isinstance(wanted, list):
        if not ordered:
            told, wanted = (sorted(rings, key=lambda ring: ring["extension"]) for rings in (told, wanted))
        return len(told) == len(wanted) and all(_alike(one, other, ordered=True) for one, other in zip(told, wanted, strict=True))
    return bool(told == wanted)
