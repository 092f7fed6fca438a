"""`firstring backup`, `restore` and `db move`, killed at one await after another, and done again.

`python -m tests.chaos.failpoints.moving DEED sqlite|postgresql [--points N] [--seed S]`: DEED is backup, restore or move, then
comes what it begins with. A process of its own, for it forks. The last line is JSON, for tests.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert
from sqlalchemy.engine.url import make_url

from api.cli import main as firstring
from crm_core.blobs import Blobs
from crm_core.calls.tables import exchanges, journal
from crm_core.db import Database
from crm_core.moving import archive as form
from crm_core.moving.archive import FileTold
from crm_core.moving.emptiness import revision_of
from crm_core.moving.rows import Sum
from tests.chaos.failpoints.__main__ import chosen
from tests.chaos.failpoints.capture_walk import in_child
from tests.chaos.failpoints.steps import Point, Steps, Taken, watched
from tests.crm_core.backup_room import BLOB, furnished
from tests.databases import PostgresServer, fresh_sqlite, postgres_server, sqlite_template
from tests.everything import sums
from tests.office import NOW

KEY = "the key of this installation"
BATCHES = 40  # of the journal: more than are read or written at once


@dataclass(frozen=True, slots=True)
class Place:
    """An installation, one earlier backup of it, and an empty machine. `began`: what its tables hold."""

    folder: Path
    here: str
    there: str
    began: dict[str, Sum]

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def words(self, deed: str) -> list[str]:
        told = {"backup": ["backup", str(self.archive), "--keep", "1"], "restore": ["restore", str(self.archive)]}
        return told.get(deed, ["db", "move", "--to", self.there])

    def settings(self, deed: str) -> dict[str, str]:
        side, url = ("there", self.there) if deed == "restore" else ("here", self.here)
        return {"FIRSTRING_DATA_DIR": str(self.folder / side), "FIRSTRING_DATABASE_URL": url}


@dataclass(frozen=True, slots=True)
class Ended:
    """`code` is None for who was killed."""

    code: int | None
    said: str
    taken: Taken


@dataclass(slots=True)
class Walked:
    deed: str
    database: str
    awaits: int
    steps: int
    struck: int = 0
    not_met: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        cells = (self.database, self.deed, self.awaits, self.steps, self.struck, self.not_met, len(self.wrong))
        return "| " + " | ".join(map(str, cells)) + " |"


HEAD = "| from | deed | awaits | steps | killed at | not met | wrong |\n|---|---|---|---|---|---|---|"


# ---- one run of the command -----------------------------------------------------------------------------------------


def run(place: Place, deed: str, death: Point | None = None) -> Ended:
    """The command in a fork of this process, killed at `death`."""
    with tempfile.TemporaryDirectory(prefix="firstring-walk-") as folder:
        said, taken = Path(folder) / "said", Path(folder) / "taken"
        child = os.fork()
        if child == 0:
            _become(place, deed, death, said, taken)
        _, status = os.waitpid(child, 0)
        told = json.loads(taken.read_text()) if taken.exists() else []
        words = said.read_text(errors="replace")
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"{deed} ended by signal {os.WTERMSIG(status)}: {words[-2000:]}")
    code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    return Ended(code, words, Taken({(where, resumed): times for where, resumed, times in told}))


def _become(place: Place, deed: str, death: Point | None, said: Path, taken: Path) -> None:
    code, steps = 1, Steps(death)
    try:
        with said.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        signal.alarm(90)
        os.environ.update(place.settings(deed))
        sys.argv = ["firstring", *place.words(deed)]
        asyncio.set_event_loop_policy(_Stepping(steps))
        with watched():
            firstring()
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        taken.write_text(json.dumps([[*where, times] for where, times in steps.taken.items()]))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class _Stepping(asyncio.DefaultEventLoopPolicy):
    """Every loop's tasks are stepped, that of a migration in its thread too."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        self._steps.install_in(loop)
        return loop


# ---- what must be so afterwards -------------------------------------------------------------------------------------


def struck_at(place: Place, deed: str, point: Point) -> list[str] | None:
    """What is wrong after a death there and once more without one; None if it was not passed in that run."""
    if run(place, deed, point).code is not None:
        return None
    wrong = in_child(lambda: _half_done(place, deed))
    again = run(place, deed)
    if again.code != 0 or "Traceback" in again.said:
        return [*wrong, f"again: {again.code}, {again.said[-500:]}"]
    if deed == "backup":
        restored = run(place, "restore")
        if restored.code != 0:
            return [*wrong, f"restored: {restored.said[-500:]}"]
    return [*wrong, *in_child(lambda: _done(place, deed))]


async def _half_done(place: Place, deed: str) -> list[str]:
    """The old is as it was, the backups there were are whole, and the new is empty or whole."""
    wrong = [] if await _held(place.here) == place.began else ["the installation changed"]
    wrong += [f"the backup {one.name} is not whole" for one in form.backups(place.archive) if not _is_whole(place, one)]
    there = await _held(place.there) if deed != "backup" else {}
    if any(one.rows for one in there.values()) and there != place.began:
        wrong.append("the new database holds a part")
    return wrong


async def _done(place: Place, deed: str) -> list[str]:
    wrong = [] if await _held(place.there) == place.began else ["the new database holds something else"]
    if await _held(place.here) != place.began:
        wrong.append("the installation changed")
    if left := [one.name for one in place.archive.rglob("*.partial")]:
        wrong.append(f"left behind: {left}")
    if deed != "move":
        there = place.folder / "there"
        data = b"".join([part async for part in Blobs(there / "blobs").read(BLOB)])
        if (data, (there / "secret_key").read_text()) != (b"the whole conversation", KEY):
            wrong.append("its files are not as they were")
    return wrong


def _is_whole(place: Place, backup: Path) -> bool:
    form.opened(backup)
    told: list[FileTold] = list(form.lines_of(backup / form.FILES, FileTold))
    return all(form.sha256_of(form.file_in(place.archive, one)) == one.sha256 for one in told)


async def _held(url: str) -> dict[str, Sum]:
    """Nothing, where there are no tables yet."""
    database = Database(url)
    try:
        if database.is_sqlite and not Path(str(make_url(url).database)).exists():
            return {}
        async with database.read() as connection:
            bare = await revision_of(connection) is None
        return {} if bare else await sums(database)
    finally:
        await database.close()


# ---- the places -----------------------------------------------------------------------------------------------------


@contextmanager
def places(kind: str) -> Iterator[Callable[[Path], Place]]:
    """What gives, in a folder, an installation on one kind of database and an empty one of the other kind."""
    with ExitStack() as opened:
        server = opened.enter_context(postgres_server())
        template = opened.enter_context(sqlite_template())
        seed = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="firstring-walk-")))
        (seed / "here").mkdir()
        url = fresh_sqlite(template, seed / "here") if kind == "sqlite" else server.fresh()
        began: dict[str, Sum] = in_child(lambda: _furnish(url, seed))
        first = Place(seed, url, "", began)
        if (told := run(first, "backup")).code != 0:
            raise RuntimeError(told.said)
        yield lambda folder: _copied(first, folder, server)


def _copied(first: Place, folder: Path, server: PostgresServer) -> Place:
    shutil.copytree(first.folder, folder, dirs_exist_ok=True)
    if first.here.startswith("sqlite"):
        return Place(folder, f"sqlite+aiosqlite:///{folder}/here/firstring.db", server.empty(), first.began)
    like = str(make_url(first.here).database)
    return Place(folder, server.fresh(like), f"sqlite+aiosqlite:///{folder}/there/firstring.db", first.began)


async def _furnish(url: str, folder: Path) -> dict[str, Sum]:
    """A call with its recording, and a long journal."""
    (folder / "here" / "secret_key").write_text(KEY)
    database = Database(url)
    room = await furnished(database, database, folder / "here")
    async with database.write() as tx:
        exchange_id = await tx.scalar(exchanges.select().with_only_columns(exchanges.c.id))
        row = {"exchange_id": exchange_id, "connection": "c", "received_at": NOW, "data": bytes(2000)}
        await tx.execute(insert(journal), [{**row, "offset": 2000 * number} for number in range(BATCHES)])
    told = await sums(room.database)
    await database.close()
    return told


def walked(deed: str, kind: str, points: int, dice: random.Random) -> Walked:
    with places(kind) as prepared:
        with tempfile.TemporaryDirectory(prefix="firstring-walk-") as folder:
            whole = run(prepared(Path(folder)), deed)
        told = Walked(deed, kind, len({where for where, _ in whole.taken}), whole.taken.total())
        if whole.code != 0:
            told.wrong.append(whole.said[-1000:])
        for point in chosen(whole.taken, points, dice):
            with tempfile.TemporaryDirectory(prefix="firstring-walk-") as folder:
                wrong: Any = struck_at(prepared(Path(folder)), deed, point)
            told.not_met += wrong is None
            told.struck += wrong is not None
            if wrong:
                told.wrong.append(f"{point}: {wrong}")
    return told


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m tests.chaos.failpoints.moving")
    reader.add_argument("deed", choices=["backup", "restore", "move"])
    reader.add_argument("database", choices=["sqlite", "postgresql"])
    reader.add_argument("--points", type=int, default=1_000_000)
    reader.add_argument("--seed", type=int, default=1)
    asked = reader.parse_args()
    told = walked(asked.deed, asked.database, asked.points, random.Random(asked.seed))
    print(f"{HEAD}\n{told.line}\n{json.dumps([asdict(told)])}")
    return 1 if told.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
