"""`firstring exchange add|change|list|check|remove`: what is told is kept, the rest stays, no secret is shown or stored open."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.cli import main
from crm_core.db import Database
from crm_core.exchanges import config
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import CsvSource, SqlKind, SqlSource
from crm_core.secrets import SecretBox
from crm_core.settings import Settings, secret_key
from pbx.practice import SECRET, USER
from tests.practice_office import practice_office

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def firstring(desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command in this process: exit code, what it printed, and its errors."""
    monkeypatch.setenv("FIRSTRING_DATA_DIR", str(desk / "data"))
    monkeypatch.chdir(desk)

    def run(*told: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["firstring", "exchange", *told])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        assert not {"re4der", "di4ller", "rec0rds"} & set((said.out + said.err).split())
        return int(left.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name, text in (("reader", "re4der"), ("dialler", "di4ller"), ("records", "rec0rds")):
        (tmp_path / f"{name}.secret").write_text(f"{text}\n")
    (tmp_path / "monitor").mkdir()
    (tmp_path / "ca.pem").write_text("a certificate")
    return tmp_path


def words(desk: Path, *more: str) -> list[str]:
    login = ["--ami", "192.0.2.7:5038", "--user", "reader", "--secret-file", str(desk / "reader.secret")]
    return [*login, "--recordings", str(desk / "monitor"), *more]


def kept(desk: Path, name: str = "office") -> ExchangeConfig:
    settings = Settings(data_dir=desk / "data")

    async def load() -> ExchangeConfig:
        database = Database(settings.database)
        try:
            async with database.read() as connection:
                return await config.load(connection, name, SecretBox(secret_key(settings)))
        finally:
            await database.close()

    return asyncio.run(load())


def test_everything_that_can_be_told_of_an_exchange_is_kept(desk: Path, firstring: Run) -> None:
    (desk / "cel").mkdir()
    assert firstring(
        "add", "office", *words(desk), "--dial-user", "dialler", "--dial-secret-file", str(desk / "dialler.secret"),
        "--ca-file", str(desk / "ca.pem"), "--dialect", "freepbx", "--region", "kz", "--language", "ru", "--trunk", "PJSIP/l-*",
        "--extension", "PJSIP/1*", "--own-number", "+7 727 123-45-67", "--cel", str(desk / "cel/firstring.csv"),
        "--cdr", "mysql://reader@127.0.0.1/asteriskcdrdb/cdr", "--records-secret-file", str(desk / "records.secret"),
        "--timezone", "Asia/Almaty",
    )[0] == 0  # fmt: skip

    one = kept(desk)

    assert (one.dialect, one.region, one.language, one.ami_tls) == ("freepbx", "KZ", "ru", True)
    assert (one.reader.secret, one.reader.ca_file) == ("re4der", desk / "ca.pem")
    assert one.dialler is not None
    assert (one.dialler.user, one.dialler.secret) == ("dialler", "di4ller")
    assert (one.trunks, one.extensions, one.own_numbers) == (("PJSIP/l-*",), ("PJSIP/1*",), {"77271234567"})
    assert one.records.cel == CsvSource(desk / "cel/firstring.csv")
    assert one.records.cdr == SqlSource(SqlKind.MYSQL, "127.0.0.1", 3306, "asteriskcdrdb", "reader", "rec0rds", "cdr")
    assert one.records.timezone == "Asia/Almaty"
    stored = b"".join(file.read_bytes() for file in (desk / "data").glob("firstring.db*"))
    assert not any(secret in stored for secret in (b"re4der", b"di4ller", b"rec0rds"))


def test_change_changes_what_is_told_and_nothing_else(desk: Path, firstring: Run) -> None:
    assert firstring("add", "office", *words(desk, "--dialect", "freepbx", "--trunk", "PJSIP/l-*"))[0] == 0
    before = kept(desk)

    assert firstring("change", "office", "--region", "KZ")[0] == 0
    after = kept(desk)
    assert firstring("change", "office", "--off")[0] == 0

    facts: dict[str, Any] = {name: getattr(before, name) for name in ("reader", "dialect", "trunks", "recordings_root")}
    assert facts == {name: getattr(after, name) for name in facts}
    assert (before.region, after.region) == ("RU", "KZ")
    assert "office  192.0.2.7:5038  freepbx KZ  off" in firstring("list")[1]


def test_secrets_may_stay_in_their_files(desk: Path, firstring: Run) -> None:
    assert firstring("add", "office", *words(desk, "--in-files"))[0] == 0
    (desk / "reader.secret").write_text("changed meanwhile\n")

    one = kept(desk)

    assert (one.reader.secret, one.reader.secret_file) == ("", desk / "reader.secret")


@pytest.mark.parametrize(
    ("told", "say"),
    [
        (["--ami", "198.51.100.1:5038"], "secret"),  # another place: the secret is not carried there
        (["--dialect", "cisco"], "asterisk, freepbx, mikopbx"),
        (["--region", "XX"], "--region"),
        (["--ca-file", "/nowhere.pem"], "/nowhere.pem.*PEM"),
        (["--cdr", "mysql://u:p@h/d/t"], "--records-secret-file"),
        (["--cdr", "oracle://u@h/d/t"], "mysql or postgresql"),
        (["--queue-log", "/nowhere/queue_log"], "--queue-log.*no folder"),
        (["--timezone", "Mars"], "Mars"),
        (["--dial-user", "reader", "--dial-secret-file", "reader.secret"], "dialler"),
        ([], "--help"),
    ],
)
def test_what_cannot_be_is_one_line(desk: Path, firstring: Run, told: list[str], say: str) -> None:
    assert firstring("add", "office", *words(desk))[0] == 0

    code, _, error = firstring("change", "office", *told)

    assert (code, error.count("\n")) == (2, 1)
    assert re.search(say, error)


def test_a_check_logs_in_with_what_is_kept(desk: Path, firstring: Run) -> None:
    (desk / "reader.secret").write_text(SECRET)
    (desk / "dialler.secret").write_text("wr0ng")
    with practice_office(desk / "recordings") as practice:
        there = ["--ami", f"127.0.0.1:{practice.port}", "--user", USER, "--secret-file", str(desk / "reader.secret")]
        told = ["--recordings", str(desk / "monitor")]
        assert firstring("add", "office", *there, *told)[0] == 0
        good = firstring("check", "office")
        assert firstring("change", "office", "--dial-user", "x", "--dial-secret-file", str(desk / "dialler.secret"))[0] == 0
        half = firstring("check", "office")

    assert (good[0], good[1].startswith("reader: let in, ")) == (0, True)
    assert "22.0.0-practice" in good[1]
    assert half[0] == 1
    assert half[1].splitlines()[1].startswith("dialler: ")
    assert "let in" not in half[1].splitlines()[1]


def test_an_exchange_without_calls_is_removed_once_it_is_off(desk: Path, firstring: Run) -> None:
    assert firstring("add", "office", *words(desk))[0] == 0

    refused = firstring("remove", "office")
    assert firstring("change", "office", "--off")[0] == 0
    removed = firstring("remove", "office")

    assert (refused[0], "switch it off first" in refused[2]) == (1, True)
    assert removed[:2] == (0, "Removed office.\n")
    assert firstring("list")[1] == ""
    assert firstring("remove", "office")[0] == 1


def test_what_the_environment_describes_is_not_removed(desk: Path, firstring: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert firstring("add", "default", *words(desk))[0] == 0
    monkeypatch.setenv("FIRSTRING_AMI_URL", "ami://u:s@192.0.2.7")

    code, _, error = firstring("remove", "default")

    assert (code, "FIRSTRING_AMI_URL" in error) == (1, True)


def test_an_exchange_that_is_not_there_is_named(desk: Path, firstring: Run) -> None:
    code, _, error = firstring("change", "nowhere", "--off")

    assert (code, "firstring exchange list" in error) == (1, True)
