"""The documents tell of this very code."""

import re
import runpy
from pathlib import Path

from crm_core.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
OUR_PATH = re.compile(r"`((?:api|crm_core|deploy|docs|pbx|recordings|tests|transcribe)/[^`]*)`")


def test_the_drawing_of_a_calls_states_is_that_of_the_table() -> None:
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_states.py"))["drawn"]

    assert drawn(ARCHITECTURE) == ARCHITECTURE, "run .venv/bin/python docs/draw_states.py"


def test_every_room_that_the_architecture_names_is_there() -> None:
    named = [re.sub(r"<noun>", "*", path) for path in OUR_PATH.findall(ARCHITECTURE)]

    assert len(named) > 30
    assert [path for path in named if not list(ROOT.glob(path.rstrip("/")))] == []


def test_every_decision_has_a_number_of_its_own_and_says_when_it_was_taken() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(record.name[:4]) for record in records]

    assert len(set(numbers)) == len(numbers)
    for number, record in zip(numbers, records, strict=True):
        title, _, decided, *_ = record.read_text(encoding="utf-8").splitlines()
        assert title.startswith(f"# {number}. "), record.name
        assert decided.startswith("**Decided** "), record.name


def test_every_setting_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    settings = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}

    assert {name for name in settings if f"`{name}`" not in readme} == set()
