"""One new file adds an automation: nothing else has to know of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.deals.automations import actions as folder
from crm_core.deals.automations import edits, registry
from crm_core.deals.automations.edits import NewAutomation
from crm_core.deals.automations.words import ANY, Trigger
from crm_core.options import Option, OptionKind
from tests.automations.conftest import Company
from tests.office import NOW

FILE = '''
"""Thanks whoever won the deal."""

from crm_core.deals.automations.words import Note, Trigger, automation
from crm_core.options import Option, OptionKind


@automation(on={Trigger.ENTRY}, label="Say thanks", options=(Option("to", OptionKind.TEXT, "To whom", required=True),))
async def say_thanks(_tx, _occasion, settings):
    return [Note(f"Thanks, {settings['to']}!")]
'''


@pytest.fixture
def added_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "thanks_for_a_test.py").write_text(FILE)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    registry.actions.cache_clear()
    yield
    registry.actions.cache_clear()


@pytest.mark.usefixtures("added_file")
async def test_one_file_adds_an_automation(company: Company) -> None:
    async with company.office.database.write() as tx:
        new = NewAutomation("say_thanks", "entry", stage_id=company.stages[2], settings={"to": "Ольга"})
        await edits.add_automation(tx, new, by=None, now=NOW)

    await company.move(2)

    assert [row.facts for row in await company.run_rows()] == [{"note": "Thanks, Ольга!"}]


def test_each_action_says_what_it_is_and_what_can_be_set() -> None:
    known = registry.actions()

    assert len(known) >= 12
    for name, action in known.items():
        assert (action.name, action.on <= ANY, bool(action.label)) == (name, True, True)
        assert all(isinstance(option, Option) for option in action.options)
        names = {option.name for option in action.options}
        assert {*action.templates, *({action.moves_to} if action.moves_to else ())} <= names
    moving = known["move_deal"]
    assert moving.options[0].kind is OptionKind.STAGE
    assert Trigger.PAYMENT in moving.on
