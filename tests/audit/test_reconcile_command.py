"""`firstring reconcile` as an admin runs it: what it prints, and what it exits with."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.trust.tables import audited_days, differences
from tests.audit.faults import call_of, change_call, forget_call
from tests.audit.house import House, opened
from tests.audit.test_faults import ANSWERED, DIALLED
from tests.product import FIRSTRING

DAYS = ("--from", "2026-11-22", "--to", "2026-11-22")


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> House:
    """Its storage is where the command looks for it."""
    folder = tmp_path / "var"
    folder.mkdir()
    return await opened(database, folder)


def reconcile(house: House, *options: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
    env = clean | {
        "FIRSTRING_DATA_DIR": str(house.folder), "FIRSTRING_DATABASE_URL": house.database.url,
        "FIRSTRING_TIMEZONE": "Europe/Moscow", "FIRSTRING_SECRET_KEY": "a key for tests", "FIRSTRING_LOG_FORMAT": "json",
    }  # fmt: skip
    command = [str(FIRSTRING), "reconcile", *options]
    return subprocess.run(command, env=env, cwd=house.folder, capture_output=True, text=True, timeout=120, check=False)


async def test_a_day_that_agrees_is_said_in_one_line_and_exits_with_0(house: House) -> None:
    done = reconcile(house, *DAYS)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "2026-11-22  default: 6 of 6 calls agree (100.00%), 0 differences"
    assert "    CEL: 126 rows" in done.stdout


async def test_differences_are_told_with_what_each_source_says_kept_and_exit_with_1(house: House) -> None:
    await forget_call(house, await call_of(house, key=DIALLED))
    await change_call(house, await call_of(house, key=ANSWERED), talk_seconds=99.0)

    done, again = reconcile(house, *DAYS), reconcile(house, *DAYS, "--json", "--exchange", "default")

    assert (done.returncode, again.returncode) == (1, 1)
    for words in (
        "4 of 6 calls agree (66.67%), 2 differences", "the talk differs by more than a second", "here: answered, talk 99.0 s",
        "CEL: answered, talk 6.0 s", f"{DIALLED}: only the exchange knows this call",
    ):  # fmt: skip
        assert words in done.stdout, words
    told = json.loads(again.stdout)
    assert [one["kind"] for one in told["differences"]] == ["talk", "missing"]
    assert (told["calls"], told["agreeing"], told["exchange"]) == (6, 4, "default")
    assert len(await house.rows(audited_days)) == 1
    assert len(await house.rows(differences)) == 2


async def test_repair_mends_and_exits_with_what_is_left(house: House) -> None:
    await change_call(house, await call_of(house, key=ANSWERED), talk_seconds=99.0)
    mended = reconcile(house, *DAYS, "--repair")
    assert (mended.returncode, mended.stderr.strip().splitlines()[-1]) == (
        0, "firstring: 2026-11-22 default: repaired; 0 differences are left",
    )  # fmt: skip
    assert (await house.the(calls, key=ANSWERED)).talk_seconds == pytest.approx(6.0, abs=0.1)

    await forget_call(house, await call_of(house, key=DIALLED))
    left = reconcile(house, *DAYS, "--repair")
    assert left.returncode == 1  # the call is back; its recording is the running product's work
    assert [row.kind for row in await house.rows(differences) if row.mended_at is None] == ["audio_waiting"]


@pytest.mark.parametrize(
    ("options", "code"),
    [(("--from", "yesterday"), 2), (("--from", "2026-11-22", "--to", "2026-11-20"), 2), (("--to", "2999-01-01"), 2),
     (("--from", "2001-01-01"), 2), (("--nonsense",), 2), (("--exchange", "nobody"), 1)],
)  # fmt: skip
async def test_wrong_use_is_one_line(options: tuple[str, ...], code: int, house: House) -> None:
    done = reconcile(house, *options)

    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("firstring: ")
    assert len(done.stderr.splitlines()) == 1
