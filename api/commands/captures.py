"""Captures named on the command line: the calls in them, for `firstring explain` and `firstring export`."""

from dataclasses import dataclass
from pathlib import Path

from api.commands.replay import known_to_be_read
from api.web.why.labels import harmless
from crm_core.errors import Invalid
from pbx.replay import Clock, replayed
from pbx.tracking.story import Story

MOST_NAMED = 10  # calls in a message


@dataclass(frozen=True, slots=True)
class Lines:
    """What a capture is replayed with; see `firstring replay`."""

    cel: Path | None
    trunks: list[str]
    extensions: list[str]
    region: str


@dataclass(frozen=True, slots=True)
class Found:
    """`stories`: the calls asked for. `there_are`: linkedids of those in the capture, for a message; empty: it has none."""

    stories: list[Story]
    there_are: str
    clock: Clock


def is_capture(asked: str, *, more: list[Path], call: str | None, lines_told: Lines) -> bool:
    """Whether a file is meant, not a call's id. Raises Invalid for what goes with a capture alone."""
    if asked.endswith(".ami") or Path(asked).is_file():
        return True
    if more or call or lines_told.cel or lines_told.trunks or lines_told.extensions:
        raise Invalid("--after, --cel, --trunk, --extension and --call go with a capture (FILE.ami), not with a call's id")
    return False


def stories_in(files: list[Path], lines_told: Lines, call: str | None) -> Found:
    """The calls of the captures; with `call` only the one that has this linkedid. Raises Invalid for what cannot be read."""
    with known_to_be_read(files, lines_told.region, lines_told.cel):
        tracker, clock = replayed(
            files, cel=lines_told.cel, trunks=lines_told.trunks, extensions=lines_told.extensions,
            region=lines_told.region.upper(), exchange="default",
        )  # fmt: skip
    stories = tracker.stories()
    named = ", ".join(harmless(story.case.keys()[0]) for story in stories[:MOST_NAMED])
    return Found([story for story in stories if call is None or call in story.call().linkedids], named, clock)
