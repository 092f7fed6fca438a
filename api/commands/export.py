"""`firstring export`: one call as a capture in which nobody can be found again."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from api.commands.captures import Lines, is_capture, stories_in
from api.commands.ready import Desk, with_database
from api.commands.replay import readable
from crm_core.calls.stored import id_of, stored_call
from crm_core.errors import FirstringError, Invalid
from crm_core.exchanges import config
from pbx.anonymising.capture import Heap, NotAnonymous, write
from pbx.exporting import exported, heap_of_files, heap_of_journal
from pbx.recalled import recalled
from pbx.tracking.story import Story

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")


@dataclass(frozen=True, slots=True)
class Cut:
    """What is exported."""

    story: Story
    heap: Heap


def export_asked(asked: str, to: Path, *, more: list[Path], name: str | None, call: str | None, lines_told: Lines) -> None:
    """Raises Invalid and NotFound; a figure that comes out otherwise is told and is an error (exit code 1)."""
    if name is not None and not _NAME.fullmatch(name):
        raise Invalid("--name: small letters, digits, - and _, at most 61")
    if is_capture(asked, more=more, call=call, lines_told=lines_told):
        cut = _from_files([Path(asked), *more], call, lines_told)
    else:
        cut = with_database(lambda desk: _from_database(desk, asked))
    given = name or usual_name(cut.story, to)
    try:
        made = exported(cut.story, cut.heap, given)
    except NotAnonymous as error:
        raise FirstringError(str(error)) from error
    for file in write(made.files, to):
        sys.stdout.write(f"{file}\n")
    if made.differs:
        raise FirstringError(
            f"The call in the files differs from the original in: {', '.join(made.differs)}; say so when you send it"
        )


def usual_name(story: Story, folder: Path) -> str:
    """By the call's kind, and a number where there is one already: nothing of the call itself."""
    call = story.call()
    kind = f"{call.direction.value}_{call.outcome.value if call.outcome else 'up'}"
    number = next(n for n in range(1, 10_000) if not (folder / f"{_numbered(kind, n)}.ami").exists())
    return _numbered(kind, number)


def _numbered(kind: str, number: int) -> str:
    return kind if number == 1 else f"{kind}_{number}"


def _from_files(files: list[Path], call: str | None, lines_told: Lines) -> Cut:
    found = stories_in(files, lines_told, call)
    if len(found.stories) != 1:
        there_are = found.there_are
        raise Invalid(f"Say which call with --call LINKEDID: {there_are}" if there_are else "There is no call in the capture")
    with readable():
        return Cut(found.stories[0], heap_of_files(files, lines_told.cel))


async def _from_database(desk: Desk, asked: str) -> Cut:
    async with desk.database.read() as connection:
        stored = await stored_call(connection, await id_of(connection, asked))
        exchange = await config.unopened(connection, stored.exchange_id)
        found = await recalled(connection, exchange, stored, keep=True)
    if found.story is None:
        raise FirstringError("What the exchange said of this call is no longer kept, so there is nothing to export")
    return Cut(found.story, heap_of_journal(found.batches))
