"""One call of a capture or of the journal as a capture of its own, in which nobody can be found again. Pure.

What is written is replayed before it is given away: the call should be the same up to the masks, and no long run of digits, no
name and no id of the original may be left. If one is, the masks are chosen anew; if that does not help, nothing is given away.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pbx.ami.protocol import Message, text
from pbx.anonymising.choosing import chosen
from pbx.anonymising.masks import CannotMask, Mask, found_again, runs_of, words_of
from pbx.anonymising.messages import masked, named_uids
from pbx.anonymising.records import masked_rows, rows_of
from pbx.anonymising.sameness import differences
from pbx.anonymising.vocabulary import SAFE
from pbx.lines import LineKind, LineRule, split_name
from pbx.replay import Heard
from pbx.tracking.story import Story

_SEEDS = 40
_SHORTEST = 3
"""Letters from which a word counts as a name that must not be found again."""
WRITTEN_BY = "firstring export"


Replayer = Callable[[dict[str, bytes], str, dict[str, Any]], list[dict[str, Any]]]
"""Derives the calls of files that are not given away yet, by the name of the capture and the options beside it."""


class NotAnonymous(Exception):
    """Something of the original would still be there: nothing was written."""


@dataclass(frozen=True, slots=True)
class Heap:
    """What a call is cut out of: sessions of one exchange in order, and lines of its records (CEL)."""

    sessions: list[list[Heard]]
    records: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Exported:
    """Files by name. `differs` are the figures of the call that came out otherwise than in the original."""

    files: dict[str, bytes]
    differs: tuple[str, ...]


def export(story: Story, heap: Heap, name: str, replay: Replayer) -> Exported:
    """Raises NotAnonymous. `replay` derives calls from the files made, with the options beside them.

    Where the call alone is not told as it was, because it met another one, that one is cut out with it.
    """
    ids = frozenset([*story.case.channels, *story.case.linkedids])
    alone = _export(story, heap, name, replay, ids)
    if not alone.differs:
        return alone
    met = {
        uid for session in heap.sessions for heard in session if (uids := named_uids(Message(heard.raw))) & ids for uid in uids
    }
    together = _export(story, heap, name, replay, ids | met)
    return min((alone, together), key=lambda made: len(made.differs))


def _export(story: Story, heap: Heap, name: str, replay: Replayer, ids: frozenset[str]) -> Exported:
    bridges = frozenset(bridge for channel in story.case.channels.values() for bridge in channel.bridges)
    boots: dict[bytes, int] = {}
    sessions = [chosen(session, ids, bridges, boots) for session in heap.sessions]
    rows = rows_of(heap.records, ids)
    original = _original(sessions, rows)
    taken = frozenset(_words(original) | _runs(original))
    for seed in range(_SEEDS):
        try:
            mask = Mask(seed, story.teller.region, taken)
            files = _files(sessions, rows, name, mask)
        except CannotMask:
            continue
        options = {"region": story.teller.region, **_lines(story, mask)}
        told = replay(files, name, options)
        differs = differences(story, told, mask)
        files[f"{name}.truth.json"] = _truth(told, options, differs)
        if not survivors(original, files, mask):
            return Exported(files, differs)
    raise NotAnonymous("Something of the original could still be found in every attempt, so nothing was written")


def _files(sessions: list[list[Heard]], rows: list[list[str]], name: str, mask: Mask) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    seconds = [heard.second for session in sessions for heard in session if heard.second is not None]
    for number, session in enumerate(sessions):
        file = f"{name}.ami" if number == 0 else f"{name}.after{number}.ami"
        written, lines = b"", []
        for heard in session:
            written += masked(Message(heard.raw), mask)
            if heard.second is not None:
                lines.append(f"{mask.second(heard.second - min(seconds))} {len(written)}\n")
        files[file] = written
        if lines:
            files[f"{file}.times"] = "".join(lines).encode()
    if rows:
        files[f"{name}.cel.csv"] = masked_rows(rows, mask).encode()
    return files


def _lines(story: Story, mask: Mask) -> dict[str, list[str]]:
    """Which of the call's channels are trunks and phones, where their masked names would not say so."""
    named = [(channel.name, channel.kind(story.teller.lines)) for channel in story.case.channels.values()]
    told = [(mask.channel(name), kind) for name, kind in named if kind is not LineKind.MACHINERY]
    rule = LineRule()
    if all(rule.kind_of(name) is kind for name, kind in told):
        return {"trunks": [], "extensions": []}
    globs = {kind: sorted({f"{'/'.join(split_name(name))}-*" for name, k in told if k is kind}) for kind in LineKind}
    return {"trunks": globs[LineKind.TRUNK], "extensions": globs[LineKind.PHONE]}


def _truth(told: list[dict[str, Any]], options: dict[str, Any], differs: Iterable[str]) -> bytes:
    """What our derivation says, to be corrected by whoever knows better. A key that is taken out is not compared."""
    truth = {"about": "", "written_by": WRITTEN_BY, "options": options, "differs_from_original": list(differs), "told": told}
    return (json.dumps(truth, ensure_ascii=False, indent=1) + "\n").encode()


def _original(sessions: list[list[Heard]], rows: list[list[str]]) -> str:
    """All that the chosen messages and rows hold, headers that are dropped as well; also as it reads once decoded."""
    said = "\n".join([*(text(heard.raw) for session in sessions for heard in session), *(",".join(row) for row in rows)])
    return f"{said}\n{unquote(said)}" if "%" in said else said


def _runs(original: str) -> set[str]:
    return runs_of(original)


def _words(original: str) -> set[str]:
    return {word for word in words_of(original) if len(word) >= _SHORTEST and word.lower() not in SAFE}


def survivors(original: str, files: dict[str, bytes], mask: Mask) -> set[str]:
    """Long runs of digits of the original, and words that were to be hidden, that the files still hold."""
    written = "\n".join(_compared(file, data.decode("utf-8", "replace")) for file, data in files.items())
    found = found_again(_runs(original), written)
    capture = "\n".join(data.decode("utf-8", "replace") for file, data in files.items() if file.endswith((".ami", ".csv")))
    words = set(words_of(capture))
    hidden = {word for word in mask.hidden if len(word) >= _SHORTEST and word.lower() not in SAFE and not word.isdecimal()}
    return found | (hidden & words)


def _compared(file: str, written: str) -> str:
    """How far the bytes had come by each second is counted by us and no part of the original."""
    return "\n".join(line.partition(" ")[0] for line in written.splitlines()) if file.endswith(".times") else written


def parts(files: dict[str, bytes], name: str) -> tuple[list[str], str | None]:
    """The names of the sessions in order, and of the records if there are gaps to be filled from them."""
    sessions = sorted(file for file in files if file.endswith(".ami"))
    ordered = sorted(sessions, key=lambda file: (len(file), file))
    cel = f"{name}.cel.csv"
    return ordered, cel if cel in files and len(ordered) > 1 else None


def write(files: dict[str, bytes], folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    for file, data in sorted(files.items()):
        (folder / file).write_bytes(data)
        yield folder / file
