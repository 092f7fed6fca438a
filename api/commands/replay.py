"""`firstring replay`."""

import json
import sys
from pathlib import Path
from typing import Any

import phonenumbers

from crm_core.errors import Invalid
from pbx.replay import replay as replayed


def replay(files: list[Path], *, as_json: bool, cel: Path | None, trunks: list[str], extensions: list[str], region: str) -> None:
    """Print the calls; raises Invalid where there is nothing to read, or it cannot be."""
    if not files and cel is None:
        raise Invalid("Name at least one capture (FILE.ami) or --cel FILE.csv")
    _require_region(region)
    try:
        calls = replayed(files, cel=cel, trunks=trunks, extensions=extensions, region=region.upper())
    except OSError as error:
        raise Invalid(f"{error.filename} cannot be read ({error.strerror}): name a capture file") from error
    for call in calls:
        sys.stdout.write((json.dumps(call, ensure_ascii=False) if as_json else _line(call)) + "\n")
    sys.stdout.flush()


def _require_region(region: str) -> None:
    if region.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise Invalid(f"--region {region}: write two letters, such as RU")


def _line(call: dict[str, Any]) -> str:
    """One call for people: when, which way, who, how it ended, how long."""
    began = (call["started_at"] or "-")[:19].replace("T", " ")
    answered = ",".join(one["extension"] for one in call["answered_by"]) or "-"
    to = call["did"] or call["callee"] or "-"
    talk = "-" if call["talk_seconds"] is None else f"{call['talk_seconds']:.1f} s"
    who = call["caller"] or "withheld"
    return f"{began}  {call['direction']:<8}  {who} → {to}  {call['outcome'] or 'up':<10}  {answered}  {talk}"
