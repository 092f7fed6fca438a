"""`firstring explain`: the ladder of a call and why its figures are what they are, from captures or from the database."""

import json
import shutil
import sys
from pathlib import Path

from api.commands.captures import Lines, is_capture, stories_in
from api.commands.ladder_text import lines
from api.commands.ready import Desk, with_database
from api.web.translations import texts_in
from api.web.why.labels import Labels
from api.web.why.telling import CallTold, call_told
from api.web.why.words import Words
from crm_core.calls.stored import id_of
from crm_core.errors import Invalid
from crm_core.settings import load_settings
from pbx.explaining.explanation import Explanation, explain, explanation_json

USUAL_WIDTH = 80


def explain_asked(asked: str, *, as_json: bool, more: list[Path], call: str | None, lines_told: Lines) -> None:
    """`asked` is a file where there is one of this name, else an id of a call. Raises Invalid and NotFound."""
    if is_capture(asked, more=more, call=call, lines_told=lines_told):
        _from_files([Path(asked), *more], as_json=as_json, call=call, lines_told=lines_told)
        return
    told = with_database(lambda desk: _from_database(desk, asked))
    _print(told.explanation, as_json=as_json, names=told.names)
    for note in told.notes(texts_in(load_settings().language)):
        sys.stderr.write(f"firstring: {note}\n")


async def _from_database(desk: Desk, asked: str) -> CallTold:
    async with desk.database.read() as connection:
        return await call_told(connection, await id_of(connection, asked), now=desk.now)


def _from_files(files: list[Path], *, as_json: bool, call: str | None, lines_told: Lines) -> None:
    found = stories_in(files, lines_told, call)
    if not found.stories:
        there_are = found.there_are
        raise Invalid(f"No such call in the capture; there are: {there_are}" if there_are else "There is no call in the capture")
    for number, story in enumerate(found.stories):
        if number and not as_json:
            sys.stdout.write("\n" + "═" * USUAL_WIDTH + "\n")
        _print(explain(story), as_json=as_json, clock_known=found.clock.zero is not None, seconds_known=found.clock.seconds_known)


def _print(
    told: Explanation, *, as_json: bool, names: dict[str, str] | None = None, clock_known: bool = True, seconds_known: bool = True
) -> None:
    if as_json:
        shown = explanation_json(told, clock_known=clock_known, seconds_known=seconds_known)
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
        return
    language = load_settings().language
    texts = texts_in(language)
    labels = Labels(texts, told.ladder, names or {}, raw=True, seconds_known=seconds_known)
    width = shutil.get_terminal_size((USUAL_WIDTH, 24)).columns
    for line in lines(told, Words(language, texts, labels), width=width, colour=sys.stdout.isatty()):
        sys.stdout.write(line + "\n")
