"""The drill: a backup while calls ring in, and all of it back on another machine. Then the same company on another database."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pbx.playing.calls import inbound
from tests.database_fixtures import postgres, template
from tests.databases import PostgresServer, fresh_sqlite
from tests.file_stores import S3Server, s3
from tests.practice_office import PracticeOffice, practice_office
from tests.product import Product, eventually, running

__all__ = ["postgres", "s3", "template"]

DID = "74951112245"
CALLS = 6
RINGING_ON = 4

_numbers = count(79035550000)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor", speed=8.0) as office:
        yield office


@pytest.fixture(params=["sqlite and a folder", "postgresql and s3"])
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    if request.param == "sqlite and a folder":
        return {}
    store: S3Server = request.getfixturevalue("s3")
    for name, value in store.settings.items():
        monkeypatch.setenv(name, value)
    server: PostgresServer = request.getfixturevalue("postgres")
    return {"DATABASE_URL": server.empty(), "FILES_URL": f"s3://{store.bucket()}/calls"}


def call_in(office: PracticeOffice) -> str:
    number = str(next(_numbers))
    office.play(inbound(number, DID).rings("101").answered_after(0.5).talks(4.0))
    return number


def recorded(product: Product) -> dict[str, dict[str, Any]]:
    """Ended calls with their audio, by caller."""
    calls = [product.head().get(f"calls/{call['id']}") for call in product.head().items("calls", limit=100)]
    return {call["caller"]: call for call in calls if call["ended_at"] and call["recordings"]}


def audio(product: Product, call: dict[str, Any]) -> list[bytes]:
    return [product.head().bytes(f"recordings/{one['id']}/audio") for one in call["recordings"]]


def said(product: Product, *command: str) -> str:
    done = product.run(*command)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    return done.stdout


def test_a_backup_under_load_brings_every_call_and_all_audio_back_elsewhere(
    tmp_path: Path, office: PracticeOffice, settings: dict[str, str]
) -> None:
    archive = str(tmp_path / "archive")
    with running(tmp_path / "here", **office.settings, **settings) as product:
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        rang = [call_in(office) for _ in range(CALLS)]
        eventually(lambda: set(rang) <= set(recorded(product)), within=120, what="the recordings")
        later = [call_in(office) for _ in range(RINGING_ON)]

        assert "The installation's key is in it" in said(product, "backup", archive)

        before = recorded(product)
        heard = {number: audio(product, before[number]) for number in rang}
        refused = product.run("restore", archive)
        assert refused.returncode == 1
        assert "runs on" in refused.stderr or "holds data already" in refused.stderr
        eventually(lambda: set(later) <= set(recorded(product)), within=120, what="the later recordings")
        assert "Traceback" not in product.said
        assert "copied anew" in said(product, "backup", archive)
        assert product.stop() == 0

    # The machine is gone; what is left is the folder of backups, with the backup that was made while calls rang.
    first = min(one.name for one in (tmp_path / "archive").glob("2*"))
    elsewhere = Product(tmp_path / "there")
    assert "Restored" in said(elsewhere, "restore", archive, "--from", first)
    with running(tmp_path / "there", **office.settings) as product:
        after = recorded(product)
        assert {number: after[number] for number in rang} == {number: before[number] for number in rang}
        assert {number: audio(product, after[number]) for number in rang} == heard
        eventually(lambda: "exchange_up" in product.said, what="the exchange, with the restored secret")
        again = call_in(office)
        eventually(lambda: again in recorded(product), within=60, what="a new call on the restored installation")
        assert "Traceback" not in product.said


def test_a_company_moves_to_postgresql_and_goes_on(tmp_path: Path, office: PracticeOffice, postgres: PostgresServer) -> None:
    url = postgres.empty()
    with running(tmp_path / "var", **office.settings) as product:
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        rang = [call_in(office) for _ in range(3)]
        eventually(lambda: set(rang) <= set(recorded(product)), within=60, what="the recordings")
        refused = product.run("db", "move", "--to", url)
        assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
        before = recorded(product)
        assert product.stop() == 0

        assert "counts and sums of every table agree" in said(product, "db", "move", "--to", url)
        assert "They were moved before: " in said(product, "db", "move", "--to", url)
        product.run("user", "add", "late@office.test", "--role", "head")
        refused = product.run("db", "move", "--to", url)
        assert (refused.returncode, "holds data already" in refused.stderr) == (1, True)

    with running(tmp_path / "var", DATABASE_URL=url, **office.settings) as product:
        assert recorded(product) == before
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        number = call_in(office)
        call = eventually(lambda: recorded(product).get(number), within=60, what="a call on PostgreSQL")
        assert call["id"] > max(one["id"] for one in before.values())
        assert audio(product, call)[0]
        elsewhere = product.run("db", "move", "--to", f"sqlite+aiosqlite:///{tmp_path}/back.db")
        assert (elsewhere.returncode, "stop it first" in elsewhere.stderr) == (1, True)
        assert "Traceback" not in product.said


@pytest.mark.parametrize(
    ("command", "code", "say"),
    [
        (("restore", "nowhere"), 2, "no whole backup in nowhere"),
        (("restore", "nowhere", "--from", "../../etc"), 2, "named by its time"),
        (("db", "move", "--to", "mysql://u:T0p5ecret@h/d"), 2, "--to: write postgresql+asyncpg://"),
        (("db", "move", "--to", "postgresql+asyncpg://u:T0p5ecret@127.0.0.1:9/d"), 2, "That database cannot be reached"),
        (("backup", "/proc/backups"), 2, "cannot be written"),
    ],
)
def test_what_cannot_be_meant_is_told_in_one_line(
    tmp_path: Path, template: Path, command: tuple[str, ...], code: int, say: str
) -> None:
    (tmp_path / "var").mkdir()
    fresh_sqlite(template, tmp_path / "var")
    product = Product(tmp_path / "var")

    refused = product.run(*command)

    assert (refused.returncode, refused.stderr.count("\n")) == (code, 1), refused.stderr
    assert say in refused.stderr
    assert "T0p5ecret" not in refused.stderr
