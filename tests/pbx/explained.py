"""Every capture that lies here, replayed and explained: for tests that hold of all of them."""

from functools import cache
from pathlib import Path

from crm_core.calls.call_json import call_json
from pbx.explaining.explanation import Explanation, explain
from pbx.replay import replayed

CAPTURES = Path(__file__).resolve().parent.parent / "captures"


def sessions() -> list[str]:
    """The captures of all folders, by their place, without those that go on after a gap."""
    return sorted(str(file.relative_to(CAPTURES)) for file in CAPTURES.glob("*/*.ami") if ".after" not in file.name)


def parts_of(name: str) -> tuple[list[Path], Path | None]:
    """The sessions of a capture in order, and the records for the gaps between them."""
    file = CAPTURES / name
    more = sorted(file.parent.glob(f"{file.name.removesuffix('.ami')}.after*.ami"))
    cel = file.with_name(file.name.replace(".ami", ".cel.csv"))
    return [file, *more], cel if more and cel.is_file() else None


@cache
def explained(name: str, *, records_alone: bool = False) -> tuple[Explanation, ...]:
    files, cel = parts_of(name)
    if records_alone:
        files, cel = [], CAPTURES / name.replace(".ami", ".cel.csv")
    tracker, _ = replayed(files, cel=cel, trunks=[], extensions=[], region="RU", exchange="default")
    return tuple(explain(story) for story in tracker.stories())


def told(explanation: Explanation) -> dict:
    return call_json(explanation.call)
