"""What the compose file, the image and the units start really runs: outside containers, on a real PostgreSQL and Redis."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import PostgresServer, postgres_server
from tests.deploy import commands
from tests.practice_office import PracticeOffice, practice_office
from tests.product import ROOT, eventually, free_port
from tests.requirements import requires_redis, requires_systemd

__all__ = ["requires_redis", "requires_systemd"]  # fixtures

BIN = Path(sys.executable).parent
ALL = commands.all_commands()
SAYS = {
    "firstring serve": "exchange_up",
    "firstring serve --only web": "Firstring is at",
    "firstring serve --only listen": "exchange_up",
    "firstring serve --only work": "worker_started",
}
"""What each of them has said when it does its work."""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def office(tmp_path: Path) -> Iterator[PracticeOffice]:
    with practice_office(tmp_path / "monitor") as office:
        yield office


@pytest.fixture
def redis_url(tmp_path: Path, requires_redis: None) -> Iterator[str]:
    words = commands.services()["redis"]["command"]
    port = free_port()
    with _started([*words, "--port", str(port), "--dir", str(tmp_path)], tmp_path, {}) as (_, said):
        eventually(lambda: "Ready to accept connections" in said.read_text(), what="Redis")
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def environment(tmp_path: Path, server: PostgresServer, office: PracticeOffice, redis_url: str) -> dict[str, str]:
    told = {**office.settings, "DATABASE_URL": server.fresh(), "REDIS_URL": redis_url, "DATA_DIR": str(tmp_path / "var")}
    return {f"FIRSTRING_{name}": value for name, value in told.items()} | {"FIRSTRING_PORT": str(free_port())}


@pytest.mark.parametrize("words", sorted({command.words for command in ALL if "upgrade" not in command.words}), ids=" ".join)
def test_what_the_files_start_does_its_work_and_ends_when_asked(
    words: tuple[str, ...], environment: dict[str, str], tmp_path: Path
) -> None:
    with _started(words, tmp_path, environment) as (process, said):
        if words[0] == "celery":
            eventually(lambda: _answers(words[:3], environment, tmp_path), within=60, what="the worker's answer")
        else:
            eventually(lambda: SAYS[" ".join(words)] in said.read_text(), within=60, what=f"{words} at work")
        if words[-1] in ("serve", "web"):
            eventually(lambda: _is_healthy(environment["FIRSTRING_PORT"]), within=30, what="the health check")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, said.read_text()[-2000:]
    assert "Traceback" not in said.read_text()


def test_the_health_check_fails_where_nothing_answers() -> None:
    assert not _is_healthy(str(free_port()))


def test_the_tables_are_made_by_the_command_that_goes_before_the_parts(
    server: PostgresServer, environment: dict[str, str], tmp_path: Path
) -> None:
    (words,) = {command.words for command in ALL if "upgrade" in command.words}
    environment["FIRSTRING_DATABASE_URL"] = server.empty()

    for _ in ("first", "again"):
        made = subprocess.run(_found(words), env=_around(environment), cwd=tmp_path, timeout=60, check=False)
        assert made.returncode == 0


@pytest.mark.parametrize("unit", commands.UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path, requires_systemd: None) -> None:
    """In a copy whose program is there; what it says of other units of the machine is not ours."""
    copy = tmp_path / unit.name
    shutil.copy(unit.with_name("firstring.target"), tmp_path)
    copy.write_text(unit.read_text().replace(f"{commands.HOME}/.venv/bin", str(BIN)).replace(commands.HOME, str(ROOT)))

    told = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=60, check=False)

    assert not [line for line in told.stderr.splitlines() if unit.name.removesuffix(".service") in line]


@pytest.mark.parametrize("command", [command for command in ALL if command.where.endswith(".service")], ids=lambda one: one.where)
def test_a_unit_starts_a_program_of_the_installation(command: commands.Command) -> None:
    assert (BIN / command.words[0]).exists()


def test_the_command_of_the_service_works_on_its_data_wherever_it_is_run(tmp_path: Path) -> None:
    """Of the wrapper only the places and the user are others."""
    data, elsewhere, command = tmp_path / "lib", tmp_path / "elsewhere", tmp_path / "firstring"
    for folder in (data, elsewhere):
        folder.mkdir()
    script = (ROOT / "deploy/systemd/firstring").read_text()
    for told, here in (("/var/lib/firstring", str(data)), ("=firstring", "=root"), (f"{commands.HOME}/.venv/bin", str(BIN))):
        assert told in script
        script = script.replace(told, here)
    command.write_text(script)
    settings = (ROOT / "deploy/systemd/firstring.env").read_text().replace("/var/lib/firstring", str(data / "var"))
    (data / ".env").write_text(settings)

    words = ["sh", str(command), "user", "add", "anna@office.test", "--role", "admin"]
    ran = subprocess.run(words, env=_around({}), cwd=elsewhere, capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 0, ran.stderr
    assert (data / "var/firstring.db").exists()
    assert list(elsewhere.iterdir()) == []


def test_the_image_is_built_of_what_is_locked(tmp_path: Path) -> None:
    """The build stage's own lines, in a copy of what the image is given; the model is there already."""
    app = tmp_path / "app"
    subprocess.run(["git", "clone", "--quiet", "--local", str(ROOT), str(app)], check=True, timeout=60)
    told = {"FIRSTRING_MODELS_DIR": os.environ.get("FIRSTRING_MODELS_DIR", str(Path(sys.prefix) / "models"))}
    path = f"{app}/.venv/bin:{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}"

    for step in commands.build_steps():
        words, env = ["sh", "-euc", step], {**_around(told), "PATH": path}
        done = subprocess.run(words, cwd=app, env=env, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stderr[-2000:]

    assert (
        subprocess.run([app / ".venv/bin/firstring", "--help"], cwd=tmp_path, env=_around({}), timeout=60, check=False).returncode
        == 0
    )


def test_no_container_of_ours_is_root_or_may_write_to_its_root() -> None:
    own = [service for service in commands.services().values() if service.get("image") == commands.OWN_IMAGE]

    assert all(service["read_only"] and service["cap_drop"] == ["ALL"] for service in own)
    assert "\nUSER 10001\n" in commands.DOCKERFILE.read_text()


def _answers(celery: tuple[str, ...], environment: dict[str, str], folder: Path) -> bool:
    words = _found([*celery, "inspect", "ping", "--timeout", "2"])
    return (
        subprocess.run(words, env=_around(environment), cwd=folder, capture_output=True, timeout=60, check=False).returncode == 0
    )


def _is_healthy(port: str) -> bool:
    words = [word.replace(commands.PORT, port) for word in commands.health_check()]
    return subprocess.run([sys.executable, *words[1:]], capture_output=True, timeout=20, check=False).returncode == 0


@contextmanager
def _started(
    words: "tuple[str, ...] | list[str]", folder: Path, told: dict[str, str]
) -> "Iterator[tuple[subprocess.Popen[bytes], Path]]":
    said = folder / f"{words[0]}.said"
    with said.open("wb") as out:
        process = subprocess.Popen(_found(words), env=_around(told), cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield process, said
    finally:
        process.kill()
        process.wait(10)


def _found(words: "tuple[str, ...] | list[str]") -> list[str]:
    program = BIN / words[0]
    return [str(program) if program.exists() else words[0], *words[1:]]


def _around(told: dict[str, str]) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
    return clean | told
