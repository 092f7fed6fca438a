"""What lead rules make of calls: at the first ring, and when the call has told more."""

import asyncio
import random
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crm_core.calls.events import CallEvent, Outcome
from crm_core.calls.ledger import IntakeRules
from crm_core.calls.tables import calls
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals, pipelines, stage_history, stages
from crm_core.event_log import events
from crm_core.leads.tables import lead_rules, working_hours
from crm_core.tasks.tables import tasks
from crm_core.users.accounts import deactivate
from tests.builders import MORNING, OUR_DID, inbound, internal
from tests.crm_core.test_intake_repetition import _cut, picture
from tests.lead_rules import lead_rule, pipeline, team
from tests.office import NOW, Office, at

SATURDAY = NOW  # the builders' morning is one, 10:00 UTC


async def test_a_rule_says_where_a_lead_begins_whose_it_is_and_what_is_to_be_done(office: Office) -> None:
    olga = await office.person("Ольга", "101")
    wholesale, _, second = await pipeline(office, "Заявка", "Прайс")
    task = {"kind": "classify", "title": "Узнать объём", "within_minutes": 5}
    rule = await lead_rule(
        office, {"dids": [OUR_DID]}, {"pipeline_id": wholesale, "stage_id": second, "owner_id": olga, "task": task}
    )

    await office.take(inbound().rings("102").ends())

    deal, contact, classify = await office.the(deals), await office.the(contacts), await office.the(tasks, kind="classify")
    assert (deal.pipeline_id, deal.stage_id, deal.owner_id, deal.lead_rule_id) == (wholesale, second, olga, rule)
    assert (contact.owner_id, (await office.the(calls)).stage_id) == (olga, second)
    assert (classify.title, classify.owner_id, classify.due_at) == ("Узнать объём", olga, at(MORNING) + timedelta(minutes=5))
    opened = await office.the(events, kind="deal_opened")
    assert (opened.receivers, opened.facts) == ([olga], {"lead_rule": rule})


async def test_without_a_stage_a_lead_begins_on_the_first_open_one_of_the_pipeline(office: Office) -> None:
    wholesale, first, _ = await pipeline(office, "Заявка", "Прайс")
    await lead_rule(office, {}, {"pipeline_id": wholesale})

    await office.take(inbound())

    assert (await office.the(deals)).stage_id == first


async def test_a_task_of_another_kind_is_set_beside_the_one_to_classify(office: Office) -> None:
    await lead_rule(office, {}, {"task": {"kind": "other", "title": "Поздороваться", "within_minutes": 60}})

    await office.take(inbound())

    assert {(task.kind, task.title) for task in await office.rows(tasks)} == {("classify", None), ("other", "Поздороваться")}


async def test_a_call_back_that_is_set_anyway_has_the_rules_words_and_its_deadline_in_working_hours(office: Office) -> None:
    task = {"kind": "call_back", "title": "Перезвонить утром", "within_minutes": 30, "in_hours": True}
    await lead_rule(office, {"in_hours": False, "answered": False}, {"task": task})

    await office.take(inbound().rings("101").ends())

    call_back = await office.the(tasks, kind="call_back")
    assert (call_back.title, call_back.due_at) == ("Перезвонить утром", SATURDAY.replace(day=23, hour=9, minute=30))
    assert (await office.the(tasks, kind="classify")).title is None


async def test_working_hours_are_those_of_the_zone(office: Office) -> None:
    await lead_rule(office, {"in_hours": True}, {"task": {"kind": "other", "title": "В рабочее время"}})
    async with office.database.write() as tx:
        await tx.execute(working_hours.insert().values(day="2026-11-21", begins="19:00", ends="24:00"))

    await office.take(inbound("79160000001"), rules=IntakeRules(zone=ZoneInfo("Europe/Moscow")))
    await office.take(inbound("79160000002"), rules=IntakeRules(zone=ZoneInfo("Asia/Vladivostok")))

    assert [task.number for task in await office.rows(tasks, kind="other")] == ["79160000002"]


async def test_known_and_unknown_callers_are_told_apart_also_at_the_end(office: Office) -> None:
    await office.contact("79160000001")
    for answered in (False, None):
        for known in (True, False):
            title = f"{known} {answered}"
            await lead_rule(office, {"known": known, "answered": answered}, {"task": {"kind": "other", "title": title}})

    for number in ("79160000001", "79160000002"):
        for event in inbound(number).rings("101").ends():
            await office.take([event])

    said = {(task.number, task.title) for task in await office.rows(tasks, kind="other")}
    assert said == {
        ("79160000001", "True None"), ("79160000001", "True False"),
        ("79160000002", "False None"), ("79160000002", "False False"),
    }  # fmt: skip


class TestOwners:
    async def test_a_teams_people_take_turns(self, office: Office) -> None:
        people = [await office.person(name, str(110 + place)) for place, name in enumerate(("Анна", "Борис", "Вера"))]
        boss = await office.person("Глава", "120")
        await lead_rule(office, {}, {"team_id": await team(office, *people, leader=boss)})

        for number in range(5):
            await office.take(inbound(f"7916000000{number}"))

        assert [deal.owner_id for deal in await office.rows(deals)] == [*people, *people[:2]]

    async def test_turns_go_on_within_a_batch_and_over_who_left(self, office: Office) -> None:
        anna, boris, vera = [await office.person(name, str(110 + place)) for place, name in enumerate(("Анна", "Борис", "Вера"))]
        await lead_rule(office, {}, {"team_id": await team(office, anna, boris, vera)})
        await office.take([*inbound("79160000000"), *inbound("79160000001")])
        async with office.database.write() as tx:
            await deactivate(tx, vera, now=NOW, by=None)

        await office.take([*inbound("79160000002"), *inbound("79160000003")])

        assert [deal.owner_id for deal in await office.rows(deals)] == [anna, boris, anna, boris]

    async def test_a_customers_own_manager_keeps_him_unless_the_rule_says_otherwise(self, office: Office) -> None:
        olga, igor = await office.person("Ольга", "101"), await office.person("Игорь", "102")
        await office.contact("79160000001", owner=olga)
        await lead_rule(office, {"did": OUR_DID}, {"owner_id": igor})

        await office.take(inbound("79160000001"))
        assert (await office.the(deals)).owner_id == olga

        await office.set(lead_rules, (await office.the(lead_rules)).id, then={"owner_id": igor, "over_keeper": True})
        await office.contact("79160000002", owner=olga)
        await office.take(inbound("79160000002"))
        assert [deal.owner_id for deal in await office.rows(deals)] == [olga, igor]

    async def test_who_answers_does_not_take_what_a_rule_gave_to_another(self, office: Office) -> None:
        olga = await office.person("Ольга", "101")
        igor = await office.person("Игорь", "102")
        await lead_rule(office, {}, {"owner_id": igor})

        await office.take(inbound().rings("101").answers("101").ends())

        assert ((await office.the(deals)).owner_id, (await office.the(calls)).user_id) == (igor, olga)


class TestBroken:
    """What a rule names may go: it is skipped, and the next one counts."""

    async def test_a_stage_that_was_deleted(self, office: Office) -> None:
        _, first, second = await pipeline(office, "Заявка", "Прайс")
        await lead_rule(office, {}, {"stage_id": first})
        await lead_rule(office, {}, {"stage_id": second})
        await office.set(stages, first, archived_at=NOW)

        await office.take(inbound())

        assert (await office.the(deals)).stage_id == second

    async def test_a_pipeline_that_was_archived_and_a_stage_that_closes(self, office: Office) -> None:
        wholesale, first, second = await pipeline(office, "Заявка", "Прайс")
        await lead_rule(office, {}, {"stage_id": first})
        await lead_rule(office, {}, {"pipeline_id": wholesale})
        await office.set(stages, second, kind="won")
        await lead_rule(office, {}, {"stage_id": second})
        await office.set(pipelines, wholesale, archived_at=NOW)

        await office.take(inbound())

        deal = await office.the(deals)
        assert (deal.lead_rule_id, deal.stage_id) == (None, (await office.the(stages, position=0, name="Входящая заявка")).id)

    async def test_somebody_who_left_a_team_without_people_and_what_cannot_be_read(self, office: Office) -> None:
        olga = await office.person("Ольга", "101")
        async with office.database.write() as tx:
            await deactivate(tx, olga, now=NOW, by=None)
        await lead_rule(office, {}, {"owner_id": olga})
        await lead_rule(office, {}, {"team_id": await team(office)})
        await lead_rule(office, {"known": "perhaps"}, {})
        right = await lead_rule(office, {}, {})

        await office.take(inbound())

        assert (await office.the(deals)).lead_rule_id == right

    async def test_one_that_is_switched_off_or_deleted(self, office: Office) -> None:
        await lead_rule(office, active=False)
        await lead_rule(office, archived_at=NOW)

        await office.take(inbound())

        assert (await office.the(deals)).lead_rule_id is None


class TestLateFacts:
    """A rule that asks for the queue or the outcome takes effect when the call tells it."""

    @pytest.fixture
    async def ruled(self, office: Office) -> Office:
        """Missed calls go to Igor in wholesale; calls by the queue `vip` to Vera; everybody else to Olga."""
        return await with_rules(office)

    async def test_at_the_first_ring_the_rules_that_can_be_judged_count(self, ruled: Office) -> None:
        await ruled.take(inbound().rings("101"))

        deal = await ruled.the(deals)
        assert (deal.owner_id, deal.lead_rule_id) == (await person(ruled, "Ольга"), await rule(ruled, "все"))

    async def test_a_missed_call_goes_by_the_rule_for_missed_ones_when_it_ends(self, ruled: Office) -> None:
        story = inbound().rings("101").ends()

        await ruled.take(story[:2], story[2:])

        deal, igor = await ruled.the(deals), await person(ruled, "Игорь")
        wholesale = await ruled.the(stages, name="Прайс")
        assert (deal.owner_id, deal.stage_id, deal.pipeline_id) == (igor, wholesale.id, wholesale.pipeline_id)
        assert (deal.stage_since, deal.lead_rule_id) == (at(story.now), await rule(ruled, "пропущенные"))
        assert {(task.kind, task.owner_id) for task in await ruled.rows(tasks)} == {("classify", igor), ("call_back", igor)}
        assert (await ruled.the(contacts)).owner_id == igor
        first, move = await ruled.rows(stage_history)
        assert (first.from_stage_id, move.from_stage_id, move.stage_id, move.reason) == (
            None, first.stage_id, wholesale.id, "пропущенные",
        )  # fmt: skip
        assert (await ruled.the(calls)).stage_id == first.stage_id  # the call keeps the stage of its moment
        moved = await ruled.the(events, kind="deal_moved")
        assert moved.facts == {"from": first.stage_id, "to": wholesale.id, "lead_rule": deal.lead_rule_id}

    async def test_an_answered_one_does_not(self, ruled: Office) -> None:
        await ruled.take(inbound().rings("101").answers("101").ends())

        assert (await ruled.the(deals)).owner_id == await person(ruled, "Ольга")
        assert await ruled.count(stage_history) == 1

    async def test_the_queue_counts_when_the_call_comes_to_it(self, ruled: Office) -> None:
        story = inbound().joins_queue("vip").rings("101")

        await ruled.take(story[:1], story[1:])

        assert (await ruled.the(deals)).owner_id == await person(ruled, "Вера")

    async def test_a_call_corrected_from_missed_to_answered_goes_by_the_rule_for_it(self, ruled: Office) -> None:
        missed = inbound(linkedid="1.1").rings("101").ends()
        answered = inbound(linkedid="1.1").rings("101").answers("101").ends()
        await ruled.take(missed)

        await ruled.take(answered)

        assert (await ruled.the(deals)).owner_id == await person(ruled, "Ольга")

    async def test_a_lead_that_somebody_worked_on_is_left_alone(self, ruled: Office) -> None:
        story = inbound().rings("101").ends()
        await ruled.take(story[:2])
        classify = await ruled.the(tasks)
        await ruled.set(tasks, classify.id, done_at=NOW)

        await ruled.take(story[2:])

        assert (await ruled.the(deals)).lead_rule_id == await rule(ruled, "все")
        assert await ruled.count(stage_history) == 1

    async def test_a_lead_that_somebody_took_stays_his(self, ruled: Office) -> None:
        story = inbound().rings("101").ends()
        await ruled.take(story[:2])
        taker = await ruled.person("Захар", "109")
        await ruled.set(deals, (await ruled.the(deals)).id, owner_id=taker)

        await ruled.take(story[2:])

        deal = await ruled.the(deals)
        assert (deal.owner_id, deal.stage_id) == (taker, (await ruled.the(stages, name="Прайс")).id)

    async def test_a_later_missed_call_of_the_same_customer_moves_nothing(self, ruled: Office) -> None:
        await ruled.take(inbound(linkedid="1.1").rings("101").answers("101").ends())

        await ruled.take(inbound(linkedid="1.2", at=MORNING + 900).rings("101").ends())

        assert (await ruled.the(deals)).owner_id == await person(ruled, "Ольга")
        assert (await ruled.the(tasks, kind="call_back")).owner_id == await person(ruled, "Ольга")

    async def test_the_same_told_again_does_nothing_anew_also_under_other_rules(self, ruled: Office) -> None:
        story = inbound().rings("101").ends()
        await ruled.take(story)
        before = await picture(ruled)
        await ruled.set(lead_rules, await rule(ruled, "пропущенные"), then={"owner_id": await person(ruled, "Вера")}, position=0)
        await lead_rule(ruled, {"answered": False}, {"owner_id": await person(ruled, "Вера")}, position=-1)

        await ruled.take(story, story[:1], story[2:])

        assert await picture(ruled) == before

    @pytest.mark.parametrize("seed", range(6))
    async def test_batches_cut_anywhere_leave_the_same_rows(self, seed: int, other_office: Any) -> None:
        whole, cut = await with_rules(await other_office()), await with_rules(await other_office())
        chance = random.Random(seed)

        await whole.take(many_calls())
        await cut.take(*_cut(many_calls(), chance, most=1 if seed == 0 else 9))
        await cut.take(many_calls())

        assert await picture(cut) == await picture(whole)

    async def test_a_joined_call_takes_its_ruled_lead_with_it(self, ruled: Office) -> None:
        other = inbound("79165550000", linkedid="2.2").rings("102")
        await ruled.take(other, other[:0] or other.ends(Outcome.MISSED)[-1:])
        assert await ruled.count(deals) == 1

        await ruled.take(inbound("79161112233", linkedid="2.1").rings("101").absorbs(other))

        assert (await ruled.the(deals)).contact_id == (await ruled.the(calls)).contact_id


async def test_two_calls_at_once_take_two_turns(office: Office) -> None:
    anna, boris = await office.person("Анна", "110"), await office.person("Борис", "111")
    await lead_rule(office, {}, {"team_id": await team(office, anna, boris)})

    await asyncio.gather(*(office.take(inbound(f"7916000000{number}")) for number in range(4)))

    assert sorted(deal.owner_id for deal in await office.rows(deals)) == [anna, anna, boris, boris]


async def with_rules(office: Office) -> Office:
    olga, igor, vera = [await office.person(name, str(101 + place)) for place, name in enumerate(("Ольга", "Игорь", "Вера"))]
    _, _, price = await pipeline(office, "Заявка", "Прайс")
    await lead_rule(office, {"answered": False}, {"stage_id": price, "owner_id": igor}, name="пропущенные")
    await lead_rule(office, {"queues": ["vip"]}, {"owner_id": vera, "task": {"kind": "other", "title": "Важный"}}, name="vip")
    await lead_rule(office, {}, {"owner_id": olga}, name="все")
    return office


async def person(office: Office, name: str) -> int:
    return int((await office.the(deals.metadata.tables["users"], name=name)).id)


async def rule(office: Office, name: str) -> int:
    return int((await office.the(lead_rules, name=name)).id)


def many_calls() -> list[CallEvent]:
    missed = inbound("79161112233", at=MORNING, linkedid="m.1").rings("101", "102").ends()
    again = inbound("79161112233", at=MORNING + 2, linkedid="m.2").rings("101").answers("101").ends()
    important = inbound("79165550000", at=MORNING + 1, linkedid="m.3").joins_queue("vip").rings("102").ends()
    other = inbound("79167770000", at=MORNING + 4, linkedid="m.4").joins_queue("other").rings("102").answers("102").ends()
    consulted = internal("101", "102", at=MORNING + 5, linkedid="m.5").rings("102").answers("102")
    known = inbound("79031112233", at=MORNING + 3, linkedid="m.6").rings("101").answers("101").absorbs(consulted).ends()
    return sorted([*missed, *again, *important, *other, *consulted, *known], key=lambda event: event.at)
