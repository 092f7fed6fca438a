"""A kind of gate is one file: what holds for all of them, and that adding one is all there is to do."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.deals import gates
from crm_core.deals.gate import Refused
from crm_core.deals.judging import all_gates, fitted_gates
from crm_core.deals.moves import move
from crm_core.deals.tables import deals
from crm_core.errors import Invalid
from crm_core.options import OptionKind
from tests.funnel import Funnel, says
from tests.office import NOW, Office

ADDED = '''
"""The deal is worth the trouble."""

from crm_core.deals.gate import Gate, Judged, Lack, LackKind
from crm_core.options import Option, OptionKind

LEAST = Option("amount", OptionKind.MONEY, "At least", required=True)


async def _judge(tx, asked, settings):
    if (asked.deal.amount or 0) >= settings["amount"]:
        return Judged()
    return Judged((Lack(LackKind.FIELD, "amount", "Not worth the trouble", asks=("amount",)),))


GATE = Gate("worth_it", "The deal is worth the trouble", (LEAST,), _judge)
'''


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "worth_it.py").write_text(ADDED)
    monkeypatch.setattr(gates, "__path__", [*gates.__path__, str(tmp_path)])
    all_gates.cache_clear()
    yield
    all_gates.cache_clear()
    sys.modules.pop("crm_core.deals.gates.worth_it", None)


@pytest.mark.usefixtures("added")
async def test_one_new_file_is_a_new_kind_of_gate(office: Office) -> None:
    funnel = await Funnel.begun(office)
    await funnel.gate("worth_it", amount=5_000_000)
    assert says(await funnel.judged()) == ["amount"]
    async with office.database.write() as tx:
        with pytest.raises(Refused):
            await move(tx, funnel.deal, funnel.stage_ids[3], by=funnel.olga, now=NOW)

    await office.set(deals, funnel.deal, amount=5_000_000)
    async with office.database.write() as tx:
        await move(tx, funnel.deal, funnel.stage_ids[3], by=funnel.olga, now=NOW)
    assert (await office.the(deals)).stage_id == funnel.stage_ids[3]


@pytest.mark.parametrize("name", sorted(all_gates()))
def test_every_kind_is_named_as_its_file_and_says_what_can_be_set(name: str) -> None:
    gate = all_gates()[name]

    assert (Path(gates.__path__[0]) / f"{name}.py").is_file()
    assert gate.label
    assert len({option.name for option in gate.options}) == len(gate.options)
    assert all(option.label for option in gate.options)


@pytest.mark.parametrize("name", sorted(all_gates()))
def test_every_kind_can_be_set_with_what_it_requires_alone(name: str) -> None:
    wanted = {OptionKind.TAG: "meeting_agreed", OptionKind.FIELDS: ["amount"]}
    given = {option.name: wanted[option.kind] for option in all_gates()[name].options if option.required}

    (stored,) = fitted_gates([{"gate": name, "settings": given}])
    assert set(stored["settings"]) == {option.name for option in all_gates()[name].options}


@pytest.mark.parametrize(
    "given",
    [{"gate": "nothing"}, {}, {"gate": "said", "settings": {}}, {"gate": "call_answered", "settings": {"minutes": 3}}],
)
def test_gate_that_cannot_be_is_not_stored(given: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        fitted_gates([given])
