"""Bring a database to the tables of this version. Needs no file beside the package and no working directory."""

import asyncio
import contextlib
import re
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import DBAPIError

from crm_core.errors import SettingsError

CLASS_OF_DRIVER = re.compile(r"^<class '[^']*'>: ")


async def upgrade(database_url: str, revision: str = "head") -> None:
    """Migrate to the newest version, unless told; raises SettingsError if the database cannot be reached or written."""
    await asyncio.to_thread(upgrade_now, database_url, revision)


def upgrade_now(database_url: str, revision: str = "head") -> None:
    """The same, for callers without an event loop."""
    make_room(database_url)
    try:
        command.upgrade(config(database_url), revision)
    except (OSError, DBAPIError) as error:
        raise SettingsError(_worded(database_url, getattr(error, "orig", None) or error)) from error
    except ModuleNotFoundError as error:
        say = f"{error.name} is needed for this database: .venv/bin/uv pip install --require-hashes -r requirements/servers.txt"
        raise SettingsError(say) from error
    except CommandError as error:
        raise SettingsError("The database was made by a newer Firstring; run that one, or restore a backup") from error


def newest_revision() -> str:
    """Of the tables of this version."""
    return str(ScriptDirectory.from_config(config("")).get_current_head())


def knows(revision: str) -> bool:
    """Whether this version can bring such tables up to its own."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(config("")).walk_revisions())


def config(database_url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parent))
    made.attributes["database_url"] = database_url  # not an option: a password may hold a percent sign
    return made


def _worded(database_url: str, why: BaseException) -> str:
    """What the driver said, and what to do; the address itself is not repeated, for it may hold a password."""
    said = CLASS_OF_DRIVER.sub("", str(why)).strip() or type(why).__name__
    is_sqlite = make_url(database_url).get_backend_name() == "sqlite"
    do = (
        "make it readable and writable, or put a backup back" if is_sqlite else "see that it runs; correct FIRSTRING_DATABASE_URL"
    )
    return f"The database cannot be opened: {said}; {do}"


def make_room(database_url: str) -> None:
    """The folder of an SQLite file; raises SettingsError if it cannot be made, or if the file is no database."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The data folder cannot be made: {error}") from error
    _require_database(url.database)


def _require_database(file: str) -> None:
    """Look before the driver does: its thread would die with a page of traceback."""
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=10)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        say = f"The database {file} cannot be opened: {error}; make it readable and writable, or put a backup back"
        raise SettingsError(say) from error
