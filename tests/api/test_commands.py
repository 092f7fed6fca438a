"""The command as an admin meets it: each wrong start is one clear line, and what can go on goes on."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.product import FIRSTRING, ROOT, Product, eventually, free_port, running

EXCHANGE = ("exchange", "add", "office", "--ami", "192.0.2.7", "--user", "reader")
CAPTURE = ROOT / "tests/captures/asterisk/inbound_answered.ami"


def firstring(folder: Path, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
    given = {"DATA_DIR": str(folder / "data"), "PORT": str(free_port()), **settings}
    env = clean | {f"FIRSTRING_{name}": value for name, value in given.items()}
    return subprocess.run([FIRSTRING, *words], capture_output=True, text=True, timeout=60, env=env, cwd=folder, check=False)


def assert_one_line(run: "subprocess.CompletedProcess[str]", code: int, say: str) -> None:
    assert (run.returncode, run.stdout) == (code, ""), run.stderr
    assert run.stderr.count("\n") == 1, run.stderr
    assert re.search(say, run.stderr), run.stderr


@pytest.mark.parametrize(
    ("words", "settings", "code", "say"),
    [
        (["serve"], {"PORT": "abc"}, 2, "FIRSTRING_PORT"),
        (["serve"], {"TIMEZONE": "Mars"}, 2, "FIRSTRING_TIMEZONE.*Europe/Moscow"),
        (["serve"], {"AMI_URL": "foo"}, 2, "FIRSTRING_AMI_URL.*ami://"),
        (["serve"], {"AMI_URL_FILE": "/nowhere"}, 2, "FIRSTRING_AMI_URL_FILE"),
        (["serve"], {"HOST": "256.1.1.1"}, 1, "FIRSTRING_HOST"),
        (["serve"], {"DATA_DIR": "/dev/null/data"}, 1, "cannot be written.*FIRSTRING_DATA_DIR"),
        (["serve"], {"DATABASE_URL": "mysql://x/y"}, 2, "FIRSTRING_DATABASE_URL"),
        (["serve", "--only", "half"], {}, 2, "--only.*web"),
        (["demo"], {"HOST": "0.0.0.0"}, 2, "FIRSTRING_HOST=127.0.0.1"),
        (["replay"], {}, 2, "FILE.ami"),
        (["replay", "/nowhere.ami"], {}, 2, "/nowhere.ami"),
        (["replay", "--cel", "broken.csv"], {}, 0, r"3 broken.*line 1 \(2 columns instead of 14\), line 2 \(no time\)"),
        (["replay", "beyond.ami"], {}, 0, r"beyond.ami.times tells of 999999999999999 bytes, beyond.ami holds 22: "),
        (["replay", "--region", "ZZ", str(CAPTURE)], {}, 2, "--region"),
        (["user", "add", "noemail", "--role", "qa"], {}, 2, "e-mail"),
        (["user", "add", "a@b.test", "--role", "boss"], {}, 2, "manager"),
        (["token", "create", "nobody@b.test"], {}, 1, "firstring user add nobody@b.test"),
        ([*EXCHANGE, "--secret-file", "/nowhere", "--recordings", "/tmp"], {}, 2, "/nowhere"),
        ([*EXCHANGE, "--secret-file", "/x", "--recordings", "/nowhere"], {}, 2, "no folder"),
        (["rederive", "--from", "yesterday"], {}, 2, "yesterday.*2026-11-22"),
        (["rederive", "--from", "2099-01-01"], {}, 2, "--from"),
        (["rederive", "--from", "2026-11-22", "--exchange", "nowhere"], {}, 1, "firstring exchange list"),
        (["rederive", "--from", "2026-11-22"], {}, 1, "firstring exchange add"),
        (["bogus"], {}, 2, "bogus"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line_that_says_what_to_do(
    tmp_path: Path, words: list[str], settings: dict[str, str], code: int, say: str
) -> None:
    (tmp_path / "broken.csv").write_bytes(b'"1","x"\n' + b",".join([b'"x"'] * 14) + b"\n\xff\xfe\n")
    (tmp_path / "beyond.ami").write_bytes(b"Event: FullyBooted\r\n\r\n")
    (tmp_path / "beyond.ami.times").write_text("1.0 999999999999999\n")
    assert_one_line(firstring(tmp_path, *words, **settings), code, say)


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert_one_line(firstring(tmp_path, "serve", PORT=str(port)), 1, f"{port}.*FIRSTRING_PORT")


def test_replay_tells_calls_without_a_database_and_nothing_else(tmp_path: Path) -> None:
    run = firstring(tmp_path, "replay", str(CAPTURE))
    as_json = firstring(tmp_path, "replay", "--json", str(CAPTURE))

    assert (run.returncode, run.stderr) == (0, "")
    assert re.search(r"inbound.*79161112233.*answered.*101.*6\.0 s", run.stdout)
    assert as_json.stdout.count("\n") == 1
    assert '"outcome": "answered"' in as_json.stdout
    assert not (tmp_path / "data").exists()


def test_a_command_that_begins_an_installation_says_where(tmp_path: Path) -> None:
    first, second = (firstring(tmp_path, "exchange", "list", DATA_DIR=str(tmp_path / "other")) for _ in range(2))

    assert f"{tmp_path}/other/firstring.db was made anew" in first.stderr
    assert "FIRSTRING_DATA_DIR" in first.stderr
    assert (second.returncode, second.stderr) == (0, "")


def test_people_tokens_and_exchanges_are_added_on_the_command_line(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("ami secret\n")
    exchange = ["--ami", "192.0.2.7:5038", "--user", "reader", "--secret-file", str(secret), "--recordings", str(tmp_path)]

    assert firstring(tmp_path, "exchange", "add", "office", *exchange).returncode == 0
    assert "office  192.0.2.7:5038" in firstring(tmp_path, "exchange", "list").stdout
    made = firstring(tmp_path, "user", "add", "a@b.test", "--role", "manager", "--extension", "101", "--exchange", "office")
    assert (made.returncode, len(made.stdout.strip())) == (0, 16)
    token = firstring(tmp_path, "token", "create", "a@b.test").stdout
    assert re.fullmatch(r"[\w-]{43}\n", token)
    assert b"ami secret" not in (tmp_path / "data" / "firstring.db").read_bytes()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Started with all that can be missing missing: nobody at the exchange's address, no recordings folder, no model."""
    folder = tmp_path_factory.mktemp("product")
    missing = {
        "AMI_URL": f"ami://u:s@127.0.0.1:{free_port()}",
        "RECORDINGS_ROOT": "/nowhere",
        "MODELS_DIR": str(folder / "models"),
    }
    with running(folder / "data", "serve", **missing) as made:
        yield made


def test_it_runs_without_exchange_recordings_or_model_and_says_so_in_a_line_each(product: Product) -> None:
    eventually(lambda: "exchange_down" in product.said, what="the exchange's being down")
    lines = product.said.splitlines()

    assert sum("/nowhere is no folder" in line and "FIRSTRING_RECORDINGS_ROOT" in line for line in lines) == 1
    assert sum("firstring models fetch" in line for line in lines) == 1
    assert sum("exchange_down" in line for line in lines) == 1
    assert "Traceback" not in product.said


def test_a_first_start_prints_a_set_up_link_that_opens(product: Product) -> None:
    links = re.findall(r"http://\S+/setup/\S+", product.said)

    assert len(links) == 1
    assert httpx.get(links[0]).status_code == 200


def test_a_second_start_on_the_same_data_is_refused_and_harms_nothing(product: Product) -> None:
    second = firstring(product.data.parent, "serve", DATA_DIR=str(product.data))

    assert_one_line(second, 1, "FIRSTRING_DATA_DIR")
    assert product.process is not None
    assert product.process.poll() is None


def test_an_exchange_added_meanwhile_is_listened_to(product: Product, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s")
    exchange = ("--ami", f"127.0.0.1:{free_port()}", "--user", "u", "--secret-file", str(secret), "--recordings", str(tmp_path))

    assert product.run("exchange", "add", "second", *exchange).returncode == 0
    eventually(lambda: re.search(r"exchange_down.*exchange=second", product.said), what="the second exchange")


def test_a_killed_hub_leaves_no_worker_behind_and_starts_again(tmp_path: Path) -> None:
    product = Product(tmp_path / "data")
    try:
        product.start()
        members = eventually(lambda: product.tree()[1:], what="the worker")
        assert product.process is not None
        product.process.send_signal(signal.SIGKILL)
        product.process.wait(10)

        assert psutil.wait_procs(members, timeout=10)[1] == []
        product.start()
        assert product.stop() == 0
    finally:
        product.kill_tree()


def test_its_parts_may_run_as_processes_of_their_own(tmp_path: Path) -> None:
    web = Product(tmp_path / "data", "serve --only web")
    rest = Product(tmp_path / "data", "serve --only work --only listen")
    try:
        web.start()
        rest.start(ready=False)
        eventually(lambda: "worker_started" in rest.said, 60, "the worker")
        twice = firstring(tmp_path, "serve", "--only", "work", DATA_DIR=str(tmp_path / "data"))

        assert_one_line(twice, 1, r"\(work\)")
        assert (web.stop(), rest.stop()) == (0, 0)
    finally:
        web.kill_tree()
        rest.kill_tree()
