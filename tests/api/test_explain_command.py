"""`firstring explain` and `firstring export`, of captures and of calls in the database."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from api.commands.captures import Lines
from api.commands.explain import explain_asked
from api.commands.export import export_asked
from crm_core.calls.tables import journal
from crm_core.errors import Invalid
from pbx.replay import replay
from tests.api.heard import CAPTURES, hear
from tests.api.test_commands import assert_one_line, firstring
from tests.api.world import House

TWO_CALLS = str(CAPTURES / "two_overlapping.ami")
ONE_CALL = str(CAPTURES / "hold.ami")


def test_a_capture_is_explained_in_the_language_of_the_settings(tmp_path: Path) -> None:
    russian, english = (firstring(tmp_path, "explain", ONE_CALL, LANGUAGE=language) for language in ("ru", "en"))

    assert "Удержание" in russian.stdout
    assert "on hold" in english.stdout
    assert "\x1b" not in english.stdout


def test_json_tells_the_call_its_ladder_and_its_reasons(tmp_path: Path) -> None:
    told = [json.loads(line) for line in firstring(tmp_path, "explain", "--json", TWO_CALLS).stdout.splitlines()]

    assert [one["call"] for one in told] == replay([Path(TWO_CALLS)])
    assert all(one["ladder"]["bars"] and one["reasons"] for one in told)


def test_one_of_several_calls_is_named_by_its_linkedid(tmp_path: Path) -> None:
    second = replay([Path(TWO_CALLS)])[1]["linkedids"][0]

    told = firstring(tmp_path, "explain", "--json", "--call", second, TWO_CALLS).stdout.splitlines()

    assert [json.loads(one)["call"]["linkedids"][0] for one in told] == [second]


LINES = Lines(None, [], [], "RU")


@pytest.mark.parametrize(
    ("asked", "options", "say"),
    [
        ("/nowhere.ami", {}, "/nowhere.ami"),
        (ONE_CALL, {"call": "1.1"}, "No such call in the capture; there are: 1"),
        ("4711", {"call": "1.1"}, "go with a capture"),
        (ONE_CALL, {"lines_told": Lines(None, [], [], "ZZ")}, "--region"),
        ("4711", {"lines_told": Lines(None, ["x"], [], "RU")}, "go with a capture"),
    ],
)
def test_what_cannot_be_explained_is_refused(asked: str, options: dict[str, Any], say: str) -> None:
    with pytest.raises(Invalid, match=say):
        explain_asked(asked, as_json=False, **{"more": [], "call": None, "lines_told": LINES, **options})


@pytest.mark.parametrize(
    ("asked", "options", "say"),
    [
        (TWO_CALLS, {}, "--call LINKEDID: 1"),
        (ONE_CALL, {"name": "../x"}, "--name"),
        ("4711", {"call": "1.1"}, "go with a capture"),
    ],
)
def test_what_cannot_be_exported_is_refused(tmp_path: Path, asked: str, options: dict[str, Any], say: str) -> None:
    with pytest.raises(Invalid, match=say):
        export_asked(asked, tmp_path, **{"more": [], "name": None, "call": None, "lines_told": LINES, **options})
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_there_is_not_is_one_line(tmp_path: Path) -> None:
    assert_one_line(firstring(tmp_path, "explain", "4711"), 1, "no call with the id or linkedid 4711")


def test_a_call_of_a_capture_is_exported_beside_others_of_its_kind(tmp_path: Path) -> None:
    first = firstring(tmp_path, "export", ONE_CALL, "--to", "out")
    second = firstring(tmp_path, "export", ONE_CALL, "--to", "out", "--name", "held")

    assert (first.returncode, second.returncode) == (0, 0)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        "held.ami", "held.ami.times", "held.truth.json",
        "inbound_answered.ami", "inbound_answered.ami.times", "inbound_answered.truth.json",
    ]  # fmt: skip
    assert replay([tmp_path / "out" / "held.ami"]) == json.loads((tmp_path / "out" / "held.truth.json").read_text())["told"]


async def test_a_call_of_the_database_is_found_by_either_id(house: House, tmp_path: Path) -> None:
    call = await hear(house.database, "attended_transfer_replaces")
    told = replay([CAPTURES / "attended_transfer_replaces.ami"])[0]
    data = str(house.context.settings.data_dir)

    for asked in (str(call), told["linkedids"][1]):
        shown = json.loads(firstring(tmp_path, "explain", "--json", asked, DATA_DIR=data).stdout)
        assert shown["call"]["transfers"] == told["transfers"]
    exported = firstring(tmp_path, "export", str(call), "--to", "out", DATA_DIR=data)
    assert exported.returncode == 0, exported.stderr


async def test_a_call_whose_journal_is_gone_says_so(house: House, tmp_path: Path) -> None:
    call = await hear(house.database, "hold")
    async with house.database.write() as tx:
        await tx.execute(delete(journal))
    data = str(house.context.settings.data_dir)

    shown = firstring(tmp_path, "explain", str(call), DATA_DIR=data, LANGUAGE="en")

    assert "As it was stored when the call ended" in shown.stdout
    assert "no longer kept" in shown.stderr
    assert_one_line(firstring(tmp_path, "export", str(call), "--to", "out", DATA_DIR=data), 1, "no longer kept")
