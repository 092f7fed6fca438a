"""Every capture of a real Asterisk is told as it truly happened, also in other clothes."""

from pathlib import Path

import pytest

from pbx.replay import replay
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, Names, capture, renamed, scenarios, stripped, without


def told(given: Capture, **options) -> list[dict]:
    return replay(given.files, cel=given.cel, **options)


@pytest.mark.parametrize("scenario", scenarios())
def test_capture_is_told_as_it_happened(scenario: str) -> None:
    given = capture(scenario)

    assert problems(given, told(given)) == []


@pytest.mark.parametrize("scenario", scenarios())
def test_neither_cel_nor_cdr_events_are_needed(scenario: str, tmp_path: Path) -> None:
    given = stripped(scenario, tmp_path)

    assert problems(given, told(given)) == []


@pytest.mark.parametrize("scenario", scenarios())
@pytest.mark.parametrize("seed", [1, 2])
def test_names_inside_the_naming_rule_do_not_matter(scenario: str, seed: int, tmp_path: Path) -> None:
    given = renamed(scenario, tmp_path, Names(seed, inside_the_rule=True))

    assert problems(given, told(given)) == []


@pytest.mark.parametrize("scenario", scenarios())
@pytest.mark.parametrize("seed", [3, 4])
def test_with_trunks_told_no_name_matters(scenario: str, seed: int, tmp_path: Path) -> None:
    names = Names(seed, inside_the_rule=False)
    given = renamed(scenario, tmp_path, names)

    assert problems(given, told(given, trunks=names.trunks)) == []


@pytest.mark.parametrize("scenario", [scenario for scenario in scenarios() if "queue" in scenario])
def test_queues_are_known_without_their_agent_events(scenario: str, tmp_path: Path) -> None:
    given = without(scenario, tmp_path, (b"Event: Queue", b"Event: Agent", b"Event: CEL", b"Event: Cdr"))

    assert problems(given, told(given)) == []
