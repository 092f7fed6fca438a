"""Whatever callers and strangers send, the log stays lines of plain signs."""

import subprocess
import sys

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import SQLAlchemyError

from crm_core.contacts.tables import contact_numbers
from crm_core.db import Database
from crm_core.logs import masked

SAY = """
import structlog
from crm_core.logs import begin_log
from crm_core.settings import Settings
begin_log(Settings(log_format={form!r}, _env_file=None))
structlog.get_logger().error("request_failed", path="/x\\x1b[31m\\u202e\\x9b1m\\nforged", name="Ольга", count=3)
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_text_of_a_stranger_steers_the_terminal_or_forges_a_line(form: str) -> None:
    ran = subprocess.run([sys.executable, "-c", SAY.format(form=form)], capture_output=True, check=True, timeout=60)
    said = ran.stderr.decode()

    assert len(said.splitlines()) == 1
    assert said.strip().isprintable()
    assert "Ольга" in said


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_number_of_a_customer_stands_in_the_log(form: str) -> None:
    say = SAY.format(form=form).replace('"/x', '"+79161112233 in-74951112245-79161112233-1795304636.0.wav')
    ran = subprocess.run([sys.executable, "-c", say], capture_output=True, check=True, timeout=60)
    said = ran.stderr.decode()

    assert "9161112233" not in said
    assert "+79…33 in-74…45-79…33-1795304636.0.wav" in said


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("fact", ["['+79161112233']", "{'+79161112233': ('+79161112233\\x9b',)}", "ValueError('+79161112233')"])
def test_no_number_stands_in_a_list_or_an_error_that_is_a_fact(form: str, fact: str) -> None:
    say = SAY.format(form=form).replace("count=3", f"count={fact}")
    ran = subprocess.run([sys.executable, "-c", say], capture_output=True, check=True, timeout=60)
    said = ran.stderr.decode()

    assert "9161112233" not in said
    assert "+79…33" in said
    assert said.strip().isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "1795304636.198908",
        "PJSIP/trunk-0000001a",
        "2026-11-21T23:43:56.199Z",
        "port 5038",
        "99 calls",
        "d01c3014881c9c6f3133c182f3d2887eb6ca",
        "/var/blobs/recordings/ab/" + "ab79161112233cdef" * 4 + ".wav",
        "<Task at 0x7f0293873870>",
        "5e51870a-1234-4321-9abc-479161112233",
        'File "/srv/python3.11/site-packages/x.py", line 1234, in take',
    ],
)
def test_what_is_no_number_stays_to_be_looked_up(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("text", ["sip:79161112233@10.0.0.1", "79161112233: unknown", "{'raw':79161112233}", "(79161112233)"])
def test_a_number_is_masked_whatever_stands_beside_it(text: str) -> None:
    assert masked(text) == text.replace("79161112233", "79…33")


FAIL = """
import asyncio, logging, sys
from datetime import UTC, datetime
import structlog
from sqlalchemy import insert
from crm_core.contacts.tables import contact_numbers
from crm_core.db import Database
from crm_core.logs import begin_log
from crm_core.settings import Settings

async def write(database, **row):
    async with database.write() as tx:
        await tx.execute(insert(contact_numbers).values(number="79161112233", raw="8 (916)\\n111-22-33", **row))

async def main():
    database = Database(sys.argv[1])
    await write(database, created_at=datetime.now(UTC))
    for lacking in ({{"created_at": datetime.now(UTC)}}, {{}}):
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(write(database, **lacking))
        except* Exception as grouped:
            [error] = grouped.exceptions
            structlog.get_logger().exception("job_failed", why=str(error))
            structlog.get_logger().error("part_failed", exc_info=error)
            logging.getLogger("library").exception("never retrieved: %r", error)
    await database.close()

begin_log(Settings(log_format={form!r}, _env_file=None))
asyncio.run(main())
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_trace_tells_where_it_went_wrong_and_not_whose_number_it_was(postgres_url: str, form: str) -> None:
    """The server adds the key that is there already, or the whole row; what is between its lines is a customer's."""
    ran = subprocess.run(
        [sys.executable, "-c", FAIL.format(form=form), postgres_url], capture_output=True, check=True, timeout=60
    )
    said = ran.stderr.decode()

    assert not {words for words in ("79161112233", "(916)", "111-22-33", "DETAIL") if words in said}
    assert said.count("job_failed") == said.count("part_failed") == said.count("never retrieved") == 2
    for kept in (
        "UniqueViolationError",
        "NotNullViolationError",
        "INSERT INTO contact_numbers",
        "sqlalche.me",
        ", in do_execute",
    ):
        assert said.count(kept) >= 6, kept
    assert said.count("The above exception was the direct cause") >= 6


async def test_a_databases_error_does_not_tell_what_was_to_be_written(database: Database) -> None:
    with pytest.raises(SQLAlchemyError) as refused:
        async with database.write() as tx:
            await tx.execute(insert(contact_numbers).values(number="79161112233", raw="8 916 111-22-33", contact_id=None))

    assert "INSERT INTO contact_numbers" in str(refused.value)
    assert "79161112233" not in str(refused.value).partition("DETAIL")[0]
