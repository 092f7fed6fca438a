"""What an admin gets wrong, and what breaks around the product: one clear line that says what to do, and the rest goes on."""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pbx.playing.calls import inbound
from pbx.practice import SECRET as REAL_SECRET
from pbx.practice import USER
from tests.practice_office import PracticeOffice, practice_office
from tests.product import Product, eventually, free_port, running

SECRET = "T0p5ecret"
CUSTOMER, DID = "79035551122", "74951112245"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor", speed=4.0) as office:
        yield office


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "var"
    folder.mkdir()
    return folder


# ---- refused at the start: one line, an exit code, nothing half started ----------------------------------------------


@pytest.mark.parametrize(
    ("settings", "say"),
    [
        ({"AMI_URL": f"ami://reader:{SECRET}/x@pbx:5038"}, "FIRSTRING_AMI_URL: write it as ami://user:secret@host:5038"),
        ({"AMI_URL": f"ami://reader@pbx:{SECRET}"}, "FIRSTRING_AMI_URL: write it as"),
        ({"AMI_DIAL_URL": SECRET, "AMI_URL": f"ami://u:{SECRET}@127.0.0.1:9"}, "FIRSTRING_AMI_DIAL_URL: write it as"),
        ({"DATABASE_URL": f"postgresql+asyncpg://u:{SECRET}@127.0.0.1:9/firstring"}, "see that it runs"),
        ({"DATABASE_URL": f"postgresql+asyncpg://u:p@{SECRET}@h:no/firstring"}, "write it as postgresql.asyncpg://"),
        ({"PORT": "abc"}, "FIRSTRING_PORT: write a port number"),
        ({"LOG_FORMAT": "xml"}, "FIRSTRING_LOG_FORMAT: write console or json"),
        ({"REGION": "Mars"}, "FIRSTRING_REGION: .*two letters"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_and_no_secret_is_repeated(
    data: Path, settings: dict[str, str], say: str
) -> None:
    refused(Product(data, **settings), 2, say)


def test_a_data_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").touch()

    refused(Product(tmp_path / "var"), 1, "cannot be written.*FIRSTRING_DATA_DIR")


@pytest.mark.parametrize(
    "damage", [b"no database at all" * 100, b"SQLite format 3\0" + b"\x10\0\1\1\0\x40\x20\x20" + b"\xff" * 8168]
)
def test_a_damaged_database_is_named_and_left_alone(data: Path, damage: bytes) -> None:
    file = data / "firstring.db"
    file.write_bytes(damage)

    refused(Product(data), 2, "cannot be opened.*put a backup back")
    assert file.read_bytes() == damage


def test_a_database_of_a_newer_version_is_not_touched(data: Path) -> None:
    Product(data).run("db", "upgrade")
    with sqlite3.connect(data / "firstring.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    refused(Product(data), 2, "newer Firstring.*backup")


@pytest.mark.parametrize(("name", "say"), [("blobs", "folder of stored files"), ("secret_key", "key .* is empty")])
def test_a_file_that_stands_where_it_should_not_is_named(data: Path, name: str, say: str) -> None:
    (data / name).touch()

    refused(Product(data), 2, say)


def test_accounts_of_the_demo_are_never_shown_to_a_network(data: Path) -> None:
    product = Product(data, HOST="0.0.0.0")
    product.run("user", "add", "somebody@demo.local", "--role", "admin")

    refused(product, 1, "FIRSTRING_HOST=127.0.0.1")
    refused(product, 2, "FIRSTRING_HOST=127.0.0.1", "demo")


def test_a_network_without_tls_is_warned_of(data: Path) -> None:
    with running(data, HOST="0.0.0.0") as product:
        assert said_once(product, "open_to_the_network", "TLS proxy")


def test_a_second_start_on_the_same_data_leaves_the_first_alone(data: Path) -> None:
    with running(data) as product:
        refused(Product(data), 1, "runs on .* already.*FIRSTRING_DATA_DIR")
        assert answers(product)


# ---- told in one line, and the rest goes on --------------------------------------------------------------------------


def test_a_wrong_secret_is_told_once_and_can_be_corrected_while_running(
    data: Path, tmp_path: Path, office: PracticeOffice
) -> None:
    wrong = {"AMI_URL": f"ami://{USER}:{SECRET}@127.0.0.1:{office.port}", "RECORDINGS_ROOT": str(office.recordings)}
    with running(data, **wrong) as product:
        eventually(lambda: "exchange_refused" in product.said, what="the refusal")
        assert said_once(product, "exchange_refused", "manager.conf")
        assert SECRET not in product.said
        assert answers(product)
        assert "refused" in product.run("exchange", "list").stdout

        (tmp_path / "secret").write_text(REAL_SECRET)
        told = ("--user", USER, "--secret-file", str(tmp_path / "secret"), "--recordings", str(office.recordings))
        product.run("exchange", "add", "default", "--ami", f"127.0.0.1:{office.port}", *told, "--replace")
        eventually(lambda: "exchange_up" in product.said, what="the connection with the right secret")


def test_an_exchange_that_is_down_at_the_start_and_later_is_told_once_each_time(data: Path, office: PracticeOffice) -> None:
    office.unplug()
    with running(data, **office.settings) as product:
        eventually(lambda: "exchange_down" in product.said, what="the exchange's being down")
        assert answers(product)

        office.plug_in()
        eventually(lambda: "exchange_up" in product.said, what="the exchange's being up")
        office.unplug()
        eventually(lambda: product.said.count("exchange_down") == 2, what="the exchange's being down again")
        assert answers(product)

        office.plug_in()
        eventually(lambda: product.said.count("exchange_up") == 2, what="the exchange's being up again")
        office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(2.0))
        eventually(lambda: ended_calls(product), what="the call")
        assert product.said.count("exchange_down") == 2


def test_a_recordings_folder_that_is_none_costs_no_call_and_once_mended_gives_the_recording(
    data: Path, tmp_path: Path, office: PracticeOffice
) -> None:
    wrong = tmp_path / "not-a-folder"
    wrong.touch()
    with running(data, AMI_URL=office.settings["AMI_URL"], RECORDINGS_ROOT=str(wrong), MODELS_DIR=str(tmp_path)) as product:
        assert said_once(product, "recordings_folder_missing", "FIRSTRING_RECORDINGS_ROOT")
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(5.0))
        call = eventually(lambda: ended_calls(product), what="the call")[0]
        assert call["outcome"] == "answered"
        eventually(lambda: said_once(product, "recording_missing", str(wrong)), what="the missing recording")

    wrong.unlink()
    wrong.symlink_to(office.recordings)
    with running(data, AMI_URL=office.settings["AMI_URL"], RECORDINGS_ROOT=str(wrong), MODELS_DIR=str(tmp_path)) as product:
        eventually(lambda: ended_calls(product)[0]["recordings"], within=60, what="the recording")
        eventually(lambda: _the_transcript_waits_for_a_model(product, call["id"]), what="the word on the missing model")


def test_without_the_stored_files_the_rest_goes_on_and_new_ones_are_kept(data: Path, office: PracticeOffice) -> None:
    with running(data, **office.settings) as product:
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
        office.play(inbound(CUSTOMER, DID).rings("101").answered_after(1).talks(5.0))
        call = eventually(lambda: recorded_calls(product), within=60, what="the recording")[0]
        shutil.rmtree(data / "blobs")

        with pytest.raises(httpx.HTTPStatusError, match="503"):  # a mount that went away comes back
            product.head().bytes(f"recordings/{call['recordings'][0]['id']}/audio")
        (data / "blobs").mkdir()
        with pytest.raises(httpx.HTTPStatusError, match="404"):
            product.head().bytes(f"recordings/{call['recordings'][0]['id']}/audio")
        office.play(inbound("79035551133", DID).rings("101").answered_after(1).talks(5.0))
        eventually(lambda: len(recorded_calls(product)) == 2, within=60, what="the recording of a second call")
        assert answers(product)
        assert "Traceback" not in product.said


def test_another_key_locks_out_only_the_exchanges_sealed_under_the_old_one(
    data: Path, tmp_path: Path, office: PracticeOffice
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    told = ("--user", "reader", "--secret-file", str(tmp_path / "secret"), "--recordings", str(tmp_path))
    Product(data, SECRET_KEY="the old key").run("exchange", "add", "branch", "--ami", f"127.0.0.1:{free_port()}", *told)

    with running(data, SECRET_KEY="another key", **office.settings) as product:
        eventually(lambda: "exchange_refused" in product.said and "exchange_up" in product.said, what="both exchanges")
        assert said_once(product, "exchange_refused", "branch", "FIRSTRING_SECRET_KEY", "--replace")
        assert "exchange_down" not in product.said
        assert answers(product)


# ---- .env and files of secrets ---------------------------------------------------------------------------------------


def test_env_file_is_read_with_the_files_of_secrets_it_names(tmp_path: Path, office: PracticeOffice) -> None:
    (tmp_path / "ami").write_text(f"{office.settings['AMI_URL']}\n")
    (tmp_path / ".env").write_text(f"FIRSTRING_AMI_URL_FILE={tmp_path / 'ami'}\nFIRSTRING_RECORDINGS_ROOT=\n")

    product = Product(tmp_path / "var")
    try:
        product.start()
        eventually(lambda: "exchange_up" in product.said, what="the exchange")
    finally:
        product.kill_tree()


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\0"])
def test_a_file_of_a_secret_that_is_none_is_named(tmp_path: Path, data: Path, content: bytes | None) -> None:
    file = tmp_path / "ami"
    if content is not None:
        file.write_bytes(content)

    refused(Product(data, AMI_URL_FILE=str(file)), 2, f"FIRSTRING_AMI_URL_FILE: {file}")


# ---- what is asserted ------------------------------------------------------------------------------------------------


def refused(product: Product, code: int, say: str, command: str = "serve") -> None:
    """It ends with that code and one line that says so; no traceback, no secret."""
    run = product.run(command)
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    assert len(run.stderr.splitlines()) == 1, run.stderr
    assert re.search(say, run.stderr), run.stderr
    assert SECRET not in run.stderr


def said_once(product: Product, event: str, *facts: str) -> bool:
    """Exactly one line tells of it, with all these facts in it."""
    lines = [line for line in product.said.splitlines() if event in line]
    return len(lines) == 1 and all(fact in lines[0] for fact in facts) and "Traceback" not in product.said


def answers(product: Product) -> bool:
    return all(httpx.get(product.url + path, timeout=10).status_code == 200 for path in ("/healthz", "/readyz", "/login"))


def ended_calls(product: Product) -> list[dict[str, Any]]:
    return [call for call in product.head().items("calls") if call["ended_at"]]


def recorded_calls(product: Product) -> list[dict[str, Any]]:
    return [call for call in ended_calls(product) if call["recordings"]]


def _the_transcript_waits_for_a_model(product: Product, call_id: int) -> bool:
    told = product.head().get(f"calls/{call_id}/transcript")
    return told["status"] == "parked" and "firstring models fetch" in told["why"]
