"""`firstring replay`."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crm_core.errors import Invalid
from crm_core.settings import known_region
from pbx.records.cel import fault_of
from pbx.replay import bytes_timed
from pbx.replay import replay as replayed

MESSAGE = re.compile(rb"^(Event|Response|Message):|^Asterisk Call Manager", re.MULTILINE)
LOOKED_INTO = 1 << 20  # bytes
NAMED = 5
"""How many broken rows of an event log are named."""


def replay(files: list[Path], *, as_json: bool, cel: Path | None, trunks: list[str], extensions: list[str], region: str) -> None:
    """Print the calls; raises Invalid where there is nothing to read, or it cannot be."""
    if not files and cel is None:
        raise Invalid("Name at least one capture (FILE.ami) or --cel FILE.csv")
    with known_to_be_read(files, region, cel):
        calls = replayed(files, cel=cel, trunks=trunks, extensions=extensions, region=region.upper())
    for call in calls:
        sys.stdout.write((json.dumps(call, ensure_ascii=False) if as_json else _line(call)) + "\n")
    sys.stdout.flush()


@contextmanager
def known_to_be_read(files: list[Path], region: str, cel: Path | None = None) -> Iterator[None]:
    """Raises Invalid for a region that is none, and for a file that cannot be read within."""
    _require_region(region)
    with readable():
        _warn_of_strange(files)
        _warn_of_times(files)
        if cel is not None:
            _warn_of_broken(cel)
        yield


@contextmanager
def readable() -> Iterator[None]:
    """Raises Invalid for a file that cannot be read within."""
    try:
        yield
    except OSError as error:
        raise Invalid(f"{error.filename} cannot be read ({error.strerror}): name a capture file") from error


def _require_region(region: str) -> None:
    try:
        known_region(region)
    except ValueError as error:
        raise Invalid(f"--region: {error}") from error


def _warn_of_strange(files: list[Path]) -> None:
    """A file without any message has no calls; most likely another one was meant."""
    for file in files:
        with file.open("rb") as opened:
            begin = opened.read(LOOKED_INTO)
        if begin and not MESSAGE.search(begin):
            sys.stderr.write(f"firstring: {file} holds no AMI message: is it the capture that you meant?\n")


def _warn_of_times(files: list[Path]) -> None:
    """Times beyond the capture's end are another's, or the capture was cut: it is read, but its seconds may be wrong."""
    for file in files:
        timed, held = bytes_timed(file), file.stat().st_size
        if timed > held:
            sys.stderr.write(f"firstring: {file}.times tells of {timed} bytes, {file} holds {held}: is it this capture's?\n")


def _warn_of_broken(cel: Path) -> None:
    """Its first broken rows by their lines, and how many there are; the others are used."""
    with cel.open("rb") as lines:
        broken = [(number, why) for number, line in enumerate(lines, 1) if (why := fault_of(line))]
    if broken:
        named = ", ".join(f"line {number} ({why})" for number, why in broken[:NAMED])
        more = ", …" if len(broken) > NAMED else ""
        sys.stderr.write(f"firstring: {cel}: {len(broken)} broken, the rest is used: {named}{more}\n")


def _line(call: dict[str, Any]) -> str:
    """One call for people: when, which way, who, how it ended, how long."""
    began = (call["started_at"] or "-")[:19].replace("T", " ")
    answered = ",".join(one["extension"] for one in call["answered_by"]) or "-"
    to = call["did"] or call["callee"] or "-"
    talk = "-" if call["talk_seconds"] is None else f"{call['talk_seconds']:.1f} s"
    who = call["caller"] or "withheld"
    return f"{began}  {call['direction']:<8}  {who} → {to}  {call['outcome'] or 'up':<10}  {answered}  {talk}"
