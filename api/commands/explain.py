"""`firstring explain`: the ladder of a call and why its figures are what they are, from captures or from the database."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from api.commands.ladder_text import lines
from api.commands.ready import Desk, with_database
from api.commands.replay import known_to_be_read
from api.web.translations import texts_in
from api.web.why.labels import Labels, harmless
from api.web.why.telling import CallTold, call_told
from api.web.why.words import Words
from crm_core.calls.stored import id_of
from crm_core.errors import Invalid
from crm_core.settings import load_settings
from pbx.explaining.explanation import Explanation, explain, explanation_json
from pbx.replay import replayed

USUAL_WIDTH = 80


@dataclass(frozen=True, slots=True)
class Lines:
    """What a capture is replayed with; see `firstring replay`."""

    cel: Path | None
    trunks: list[str]
    extensions: list[str]
    region: str


def explain_asked(asked: str, *, as_json: bool, more: list[Path], call: str | None, lines_told: Lines) -> None:
    """`asked` is a file where there is one of this name, else an id of a call. Raises Invalid and NotFound."""
    if asked.endswith(".ami") or Path(asked).is_file():
        _from_files([Path(asked), *more], as_json=as_json, call=call, lines_told=lines_told)
        return
    if more or lines_told.cel or lines_told.trunks or lines_told.extensions or call:
        raise Invalid("--after, --cel, --trunk, --extension and --call go with a capture (FILE.ami), not with a call's id")
    told = with_database(lambda desk: _from_database(desk, asked))
    _print(told.explanation, as_json=as_json, names=told.names)
    for note in told.notes(texts_in(load_settings().language)):
        sys.stderr.write(f"firstring: {note}\n")


async def _from_database(desk: Desk, asked: str) -> CallTold:
    async with desk.database.read() as connection:
        return await call_told(connection, await id_of(connection, asked), now=desk.now)


def _from_files(files: list[Path], *, as_json: bool, call: str | None, lines_told: Lines) -> None:
    found = stories_in(files, lines_told, call)
    for number, one in enumerate(found.explanations):
        if number and not as_json:
            sys.stdout.write("\n" + "═" * USUAL_WIDTH + "\n")
        _print(one, as_json=as_json, clock_known=found.clock_known, seconds_known=found.seconds_known)


@dataclass(frozen=True, slots=True)
class Found:
    explanations: list[Explanation]
    clock_known: bool
    seconds_known: bool


def stories_in(files: list[Path], lines_told: Lines, call: str | None) -> Found:
    """The calls of the captures, explained; with `call` only the one that has this linkedid. Raises Invalid."""
    with known_to_be_read(files, lines_told.region, lines_told.cel):
        tracker, clock = replayed(
            files, cel=lines_told.cel, trunks=lines_told.trunks, extensions=lines_told.extensions,
            region=lines_told.region.upper(), exchange="default",
        )  # fmt: skip
    stories = [story for story in tracker.stories() if call is None or call in story.call().linkedids]
    if not stories:
        known = ", ".join(harmless(story.case.keys()[0]) for story in tracker.stories()[:10])
        raise Invalid(f"No such call in the capture; there are: {known}" if known else "There is no call in the capture")
    return Found([explain(story) for story in stories], clock.zero is not None, clock.seconds_known)


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
