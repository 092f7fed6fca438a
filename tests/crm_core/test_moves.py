"""Moves ask the stages they leave: forwards stage by stage or in one go, never around them."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from crm_core.deals.edits import NewDeal, lose_deal, open_deal, reopen_deal
from crm_core.deals.gate import LackKind, Refused
from crm_core.deals.judging import judge_leaving
from crm_core.deals.moves import move
from crm_core.deals.tables import deals, pipelines, stage_history, stages
from crm_core.errors import Conflict, Forbidden, Invalid
from crm_core.event_log import events
from tests.funnel import Funnel, says
from tests.office import NOW, Office

LATER = NOW + timedelta(hours=1)


@pytest.fixture
async def funnel(office: Office) -> Funnel:
    """Arranging asks for a call, Meeting for a meeting that was held."""
    begun = await Funnel.begun(office)
    await begun.gate("call_answered", stage=2)
    await begun.gate("meeting_held", stage=3)
    return begun


async def moved(funnel: Funnel, to: int, *, override: str | None = None, may_override: bool = False) -> None:
    async with funnel.office.database.write() as tx:
        await move(
            tx, funnel.deal, funnel.stage_ids[to], by=funnel.olga, now=LATER, override=override, may_override=may_override
        )  # fmt: skip


async def stands_on(funnel: Funnel) -> int:
    return funnel.stage_ids.index((await funnel.office.the(deals, id=funnel.deal)).stage_id)


class TestForwards:
    async def test_deal_stays_where_it_is_until_its_stage_lets_it(self, funnel: Funnel) -> None:
        with pytest.raises(Refused) as refused:
            await moved(funnel, 3)
        assert ([lack.what for lack in refused.value.missing], await stands_on(funnel)) == (["call"], 2)
        assert await funnel.office.count(stage_history) == 0

        await funnel.call()
        await moved(funnel, 3)
        assert await stands_on(funnel) == 3

    async def test_several_stages_in_one_go_where_each_of_them_is_proved(self, funnel: Funnel) -> None:
        await funnel.call()
        await funnel.meeting(state="held", held_at=NOW, agreements="Договорились о магазине")

        await moved(funnel, 6)
        assert await stands_on(funnel) == 6

    async def test_premature_move_names_the_stage_that_comes_first(self, funnel: Funnel) -> None:
        await funnel.call()

        with pytest.raises(Refused) as refused:
            await moved(funnel, 4)
        assert [(lack.kind, lack.what) for lack in refused.value.missing] == [
            (LackKind.ORDER, f"stage.{funnel.stage_ids[3]}"), (LackKind.TASK, "meeting.held"),
        ]  # fmt: skip
        assert refused.value.missing[0].facts == {"stage": "Встреча"}

    async def test_stage_that_is_not_to_be_passed_over_has_to_be_stood_on(self, funnel: Funnel) -> None:
        await funnel.gate("in_order", stage=5)
        await funnel.call()
        await funnel.meeting(state="held", held_at=NOW, agreements="Договорились о магазине")
        assert f"stage.{funnel.stage_ids[5]}" in says(await funnel.judged(6))

        await moved(funnel, 5)
        await moved(funnel, 6)
        assert await stands_on(funnel) == 6

    async def test_nothing_is_asked_for_on_the_way_back(self, funnel: Funnel) -> None:
        await moved(funnel, 0)

        assert await stands_on(funnel) == 0

    async def test_evidence_is_wanted_anew_after_the_way_back(self, funnel: Funnel) -> None:
        await funnel.call()
        await moved(funnel, 0)

        assert says(await funnel.judged(3)) == [f"stage.{funnel.stage_ids[2]}", "call"]


class TestNoWayAround:
    async def test_lost_deal_goes_on_where_it_was_lost(self, funnel: Funnel) -> None:
        async with funnel.office.database.write() as tx:
            await lose_deal(tx, funnel.deal, 1, "Дорого", by=None, now=NOW)
            await reopen_deal(tx, funnel.deal, by=None, now=LATER)

        assert (await stands_on(funnel), says(await funnel.judged(3))) == (2, ["call"])

    async def test_stage_of_the_lost_leads_nowhere_but_back(self, funnel: Funnel) -> None:
        lost = await self._lost_stage(funnel)
        with pytest.raises(Refused) as refused:
            await moved(funnel, lost)
        assert [lack.asks for lack in refused.value.missing] == [("loss_reason",)]

        await moved(funnel, lost, override="Дорого")
        assert (await funnel.office.the(deals)).closed_as == "lost"
        assert says(await funnel.judged(3)) == ["call"]
        await moved(funnel, 2)
        assert await stands_on(funnel) == 2

    async def test_deal_is_not_opened_beyond_a_stage_that_asks_for_something(self, funnel: Funnel) -> None:
        new = NewDeal(funnel.contact, stage_id=funnel.stage_ids[3])
        async with funnel.office.database.write() as tx:
            with pytest.raises(Refused):
                await open_deal(tx, new, by=funnel.olga, now=LATER)
            await tx.rollback()
        async with funnel.office.database.write() as tx:
            opened = await open_deal(tx, new, by=funnel.olga, now=LATER, override="Перенос из таблицы", may_override=True)

        step = await funnel.office.the(stage_history, deal_id=opened)
        assert (step.reason, [lack["what"] for lack in step.missing]) == (
            "Перенос из таблицы", [f"stage.{funnel.stage_ids[2]}", "call"],
        )  # fmt: skip

    async def test_deal_whose_stage_was_taken_away_begins_where_it_stood_before(self, funnel: Funnel) -> None:
        await funnel.call()
        await moved(funnel, 3)
        await moved(funnel, 2)
        await funnel.office.set(stages, funnel.stage_ids[2], archived_at=NOW, position=95)

        assert says(await funnel.judged(4)) == ["meeting.held"]

    async def test_stage_that_was_taken_away_takes_no_deal_and_asks_for_nothing(self, funnel: Funnel) -> None:
        await funnel.office.set(stages, funnel.stage_ids[3], archived_at=NOW)
        await funnel.call()

        with pytest.raises(Invalid):
            await moved(funnel, 3)
        assert (await funnel.judged(4)).holds

    @pytest.mark.parametrize(
        "broken",
        [{"gate": "of_another_day", "settings": {}}, {"gate": "call_answered", "settings": {"seconds": -3}}, {"settings": None}],
    )
    async def test_gate_that_is_not_known_or_set_wrongly_stays_shut_and_says_so(
        self, funnel: Funnel, broken: dict[str, object]
    ) -> None:
        await funnel.office.set(stages, funnel.stage_ids[2], gates=[broken])

        assert says(await funnel.judged(3)) == ["gate"]

    async def _lost_stage(self, funnel: Funnel) -> int:
        """One more stage at the end, for what is lost; tells its place."""
        pipeline = (await funnel.office.the(pipelines)).id
        async with funnel.office.database.write() as tx:
            row = {"pipeline_id": pipeline, "name": "Потеряна", "position": 90, "kind": "lost"}
            funnel.stage_ids.append((await tx.execute(insert(stages).values(row).returning(stages.c.id))).scalar_one())
        return len(funnel.stage_ids) - 1


class TestOverrides:
    async def test_what_is_missing_is_set_aside_with_a_reason_and_kept(self, funnel: Funnel) -> None:
        await moved(funnel, 3, override=" Договорились лично\0 ", may_override=True)

        step = await funnel.office.the(stage_history)
        assert (step.reason, [lack["what"] for lack in step.missing]) == ("Договорились лично", ["call"])
        assert (await funnel.office.the(events, kind="deal_moved")).facts["set_aside"] == 1

    async def test_without_the_right_a_reason_does_not_help(self, funnel: Funnel) -> None:
        with pytest.raises(Forbidden):
            await moved(funnel, 3, override="Очень надо")

    @pytest.mark.parametrize("reason", ["", "   ", "\0"])
    async def test_reason_that_says_nothing_is_none(self, funnel: Funnel, reason: str) -> None:
        with pytest.raises(Refused):
            await moved(funnel, 3, override=reason, may_override=True)

    async def test_where_nothing_is_missing_it_is_the_reason_of_the_move_alone(self, funnel: Funnel) -> None:
        await funnel.call()
        await moved(funnel, 3, override="Торопится")

        step = await funnel.office.the(stage_history)
        assert (step.reason, step.missing) == ("Торопится", None)


async def test_second_of_two_is_told_where_the_deal_went_before_it_is_asked_for_anything(funnel: Funnel) -> None:
    await moved(funnel, 1)

    async with funnel.office.database.write() as tx:
        with pytest.raises(Conflict) as refused:
            await move(tx, funnel.deal, funnel.stage_ids[3], by=None, now=LATER, expected_stage=funnel.stage_ids[2])
    assert refused.value.facts == {"moved_to": {"id": funnel.stage_ids[1], "name": "Классификация"}}


async def test_stage_of_another_pipeline_is_no_stage_of_the_deal(funnel: Funnel) -> None:
    async with funnel.office.database.write() as tx:
        added = insert(pipelines).values(name="Чужая", position=7).returning(pipelines.c.id)
        pipeline = (await tx.execute(added)).scalar_one()
        await tx.execute(update(stages).where(stages.c.id == funnel.stage_ids[9]).values(pipeline_id=pipeline))
        with pytest.raises(Invalid):
            await judge_leaving(tx, funnel.deal, funnel.stage_ids[9])
