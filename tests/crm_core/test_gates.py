"""Each kind of gate: what satisfies it, what does not, and what it says then."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from crm_core.contacts.tables import companies, contacts
from crm_core.deals.gate import LackKind
from crm_core.deals.tables import deal_contacts, deals, stages
from crm_core.fields.tables import fields
from crm_core.jobs import JobState
from crm_core.meetings.tables import meetings
from crm_core.tasks.tables import tasks
from tests.funnel import Funnel, says
from tests.office import NOW, Office

HOUR = timedelta(hours=1)


@pytest.fixture
async def funnel(office: Office) -> Funnel:
    return await Funnel.begun(office)


class TestCallAnswered:
    @pytest.fixture(autouse=True)
    async def gate(self, funnel: Funnel) -> None:
        await funnel.gate("call_answered", seconds=30)

    async def test_without_a_call_it_says_so(self, funnel: Funnel) -> None:
        (lack,) = (await funnel.judged()).lacks

        assert (lack.kind, lack.what, lack.asks, lack.waits) == (LackKind.EVIDENCE, "call", ("call",), False)
        assert lack.say.startswith("The customer was not called since")

    async def test_calls_nobody_answered_are_counted(self, funnel: Funnel) -> None:
        await funnel.call(answered=False)
        await funnel.call(at=NOW + HOUR, answered=False)

        (lack,) = (await funnel.judged()).lacks
        assert lack.facts["tries"] == 2

    async def test_speech_of_both_sides_is_counted_not_the_time_on_the_line(self, funnel: Funnel) -> None:
        call = await funnel.call(seconds=300)
        await funnel.transcript(call, customer=8.0, manager=12.0)
        (lack,) = (await funnel.judged()).lacks
        assert (lack.facts["seconds"], lack.facts["wanted"]) == (20.0, 30.0)

        longer = await funnel.call(at=NOW + HOUR)
        await funnel.transcript(longer, customer=20.0, manager=15.0)
        (proof,) = (await funnel.judged()).proofs
        assert (proof.call_id, proof.facts["seconds"]) == (longer, 35.0)

    async def test_who_talks_to_a_machine_has_reached_nobody(self, funnel: Funnel) -> None:
        call = await funnel.call(seconds=120)
        await funnel.transcript(call, customer=0.4, manager=60.0)

        (lack,) = (await funnel.judged()).lacks
        assert lack.say.startswith("In the call of %(at)s only one side spoke")

    async def test_sides_that_cannot_be_told_apart_count_together(self, funnel: Funnel) -> None:
        await funnel.transcript(await funnel.call(), unknown=31.0)

        assert (await funnel.judged()).holds

    async def test_without_a_recording_the_time_on_the_line_counts(self, funnel: Funnel) -> None:
        await funnel.call(seconds=29)
        assert says(await funnel.judged()) == ["call"]

        await funnel.call(at=NOW + HOUR, seconds=30)
        assert (await funnel.judged()).holds

    async def test_transcript_that_is_still_to_come_is_waited_for(self, funnel: Funnel) -> None:
        call = await funnel.call()
        await funnel.recording(call, queued=True)
        judged = await funnel.judged()
        assert (judged.waits, says(judged)) == (True, ["call"])

        await funnel.transcript(call, customer=20.0, manager=20.0)
        assert (await funnel.judged()).holds

    async def test_call_that_goes_on_is_waited_for(self, funnel: Funnel) -> None:
        await funnel.call(ended_at=None, state="talking", outcome=None, talk_seconds=0.0)

        assert (await funnel.judged()).waits

    async def test_nothing_is_waited_for_where_the_call_was_too_short_anyway(self, funnel: Funnel) -> None:
        await funnel.recording(await funnel.call(seconds=12), queued=True)

        judged = await funnel.judged()
        assert (judged.holds, judged.waits) == (False, False)

    async def test_transcript_that_will_not_come_leaves_the_time_on_the_line(self, funnel: Funnel) -> None:
        call = await funnel.call()
        await funnel.recording(call)
        await funnel.transcript_job(call, JobState.PARKED)

        assert (await funnel.judged()).holds

    async def test_call_before_the_stage_does_not_count_but_one_that_was_up_then_does(self, funnel: Funnel) -> None:
        await funnel.call(at=funnel.since - HOUR)
        assert not (await funnel.judged()).holds

        await funnel.call(at=funnel.since - timedelta(seconds=40))
        assert (await funnel.judged()).holds

    async def test_call_with_another_of_the_deals_people_counts(self, funnel: Funnel) -> None:
        marina = await funnel.office.contact("79169998877", "Марина Ким")
        await funnel.call(contact_id=marina, deal_id=None)
        assert not (await funnel.judged()).holds

        async with funnel.office.database.write() as tx:
            row = {"deal_id": funnel.deal, "contact_id": marina, "added_at": NOW}
            await tx.execute(insert(deal_contacts).values(row))
        assert (await funnel.judged()).holds

    @pytest.mark.parametrize("facts", [{"direction": "internal"}, {"voicemail": True}, {"contact_id": None, "deal_id": None}])
    async def test_calls_that_are_no_conversation_with_the_customer(self, funnel: Funnel, facts: dict[str, object]) -> None:
        await funnel.call(**facts)  # type: ignore[arg-type]

        assert not (await funnel.judged()).holds


async def test_since_the_deal_was_opened_a_call_on_an_earlier_stage_counts(funnel: Funnel) -> None:
    await funnel.gate("call_answered", seconds=30, since="deal")
    await funnel.call(at=funnel.since - HOUR)

    assert (await funnel.judged()).holds


async def test_call_that_opened_the_deal_counts_though_it_is_told_late(funnel: Funnel) -> None:
    await funnel.gate("call_answered", seconds=30)
    await funnel.office.set(deals, funnel.deal, created_at=funnel.since)
    await funnel.call(at=funnel.since - 2 * HOUR)

    assert (await funnel.judged()).holds


class TestSaid:
    @pytest.fixture(autouse=True)
    async def gate(self, funnel: Funnel) -> None:
        await funnel.gate("said", tag="meeting_agreed")

    async def test_words_are_quoted_with_their_place_in_the_recording(self, funnel: Funnel) -> None:
        call = await funnel.call()
        recording = await funnel.recording(call)
        await funnel.tag(call, await funnel.transcript(call, customer=20.0, manager=20.0))

        (proof,) = (await funnel.judged()).proofs
        assert (proof.quote, proof.second, proof.recording_id, proof.call_id) == (
            "в четверг в одиннадцать", 74.0, recording, call,
        )  # fmt: skip

    async def test_other_words_do_not_do(self, funnel: Funnel) -> None:
        call = await funnel.call()
        await funnel.tag(call, await funnel.transcript(call, customer=20.0), tag="price_asked")

        (lack,) = (await funnel.judged()).lacks
        assert (lack.what, lack.waits, lack.facts["tag"]) == ("said.meeting_agreed", False, "meeting_agreed")

    async def test_transcript_that_is_still_to_come_is_waited_for(self, funnel: Funnel) -> None:
        await funnel.recording(await funnel.call(), queued=True)

        assert (await funnel.judged()).waits

    async def test_transcript_that_could_not_be_made_is_named_and_not_waited_for(self, funnel: Funnel) -> None:
        call = await funnel.call()
        await funnel.recording(call)
        await funnel.transcript_job(call, JobState.PARKED)

        (lack,) = (await funnel.judged()).lacks
        assert (lack.waits, lack.say.startswith("The call of %(at)s could not be written down")) == (False, True)

    async def test_words_of_an_earlier_stage_do_not_count(self, funnel: Funnel) -> None:
        call = await funnel.call(at=funnel.since - HOUR)
        await funnel.tag(call, await funnel.transcript(call, customer=20.0))

        assert not (await funnel.judged()).holds


class TestRequiredFields:
    async def test_each_empty_field_is_named_and_asked_for(self, funnel: Funnel) -> None:
        await funnel.gate("required_fields", fields=["amount", "contact.name", "contact.email", "company.inn", "contact.number"])

        judged = await funnel.judged()
        assert says(judged) == ["amount", "contact.email", "company.inn"]
        assert {lack.kind for lack in judged.lacks} == {LackKind.FIELD}
        assert [lack.asks for lack in judged.lacks] == [("amount",), ("contact.email",), ("company.inn",)]

    async def test_filled_fields_prove_it_and_nought_is_filled_but_blanks_are_not(self, funnel: Funnel) -> None:
        await funnel.gate("required_fields", fields=["amount", "contact.position"])
        await funnel.office.set(deals, funnel.deal, amount=0)
        await funnel.office.set(contacts, funnel.contact, position="  ")
        assert says(await funnel.judged()) == ["contact.position"]

        await funnel.office.set(contacts, funnel.contact, position="директор")
        assert (await funnel.judged()).proofs

    async def test_fields_of_the_company_itself_are_asked_for_by_their_names(self, funnel: Funnel) -> None:
        async with funnel.office.database.write() as tx:
            rows = [
                {"noun": "deal", "name": "Цель сайта", "kind": "text", "position": 0, "choices": []},
                {"noun": "contact", "name": "День рождения", "kind": "date", "position": 0, "choices": []},
            ]
            goal, born = [(await tx.execute(insert(fields).values(row).returning(fields.c.id))).scalar_one() for row in rows]
        await funnel.gate("required_fields", fields=[f"custom.{goal}", f"contact.custom.{born}"])
        await funnel.office.set(contacts, funnel.contact, custom={str(born): "1980-01-02"})

        (lack,) = (await funnel.judged()).lacks
        assert (lack.what, lack.facts) == (f"custom.{goal}", {"field": "Цель сайта"})

        await funnel.office.set(fields, goal, archived_at=NOW)
        assert (await funnel.judged()).holds

    @pytest.mark.parametrize("name", ["custom.999999", "nothing", "custom.", "custom.1e5", "deal.custom"])
    async def test_field_there_is_not_keeps_it_shut_and_is_named(self, funnel: Funnel, name: str) -> None:
        await funnel.gate("required_fields", fields=[name])

        (lack,) = (await funnel.judged()).lacks
        assert (lack.say, lack.asks) == ("The stage asks for a field there is not: %(field)s", ())


class TestEntities:
    async def test_nameless_contact_without_company_is_neither(self, funnel: Funnel) -> None:
        await funnel.gate("entities")
        await funnel.office.set(contacts, funnel.contact, name=None, company_id=None)

        judged = await funnel.judged()
        assert says(judged) == ["contact", "company"]
        assert [lack.asks for lack in judged.lacks] == [("contact.name",), ("company.name",)]

    async def test_who_can_be_reached_and_works_somewhere_is_enough(self, funnel: Funnel) -> None:
        await funnel.gate("entities")

        judged = await funnel.judged()
        assert [proof.facts["name"] for proof in judged.proofs] == ["Павел Ремизов", "ООО «Северный склад»"]

    async def test_another_of_the_deals_people_may_be_the_contact_person(self, funnel: Funnel) -> None:
        await funnel.gate("entities", company=False)
        await funnel.office.set(contacts, funnel.contact, name=None)
        async with funnel.office.database.write() as tx:
            marina = (
                await tx.execute(insert(contacts).values(name="Марина", created_at=NOW).returning(contacts.c.id))
            ).scalar_one()
            await tx.execute(insert(deal_contacts).values(deal_id=funnel.deal, contact_id=marina, added_at=NOW))

        assert says(await funnel.judged()) == ["contact.reachable"]

    async def test_company_without_a_name_is_none(self, funnel: Funnel) -> None:
        await funnel.gate("entities", contact=False)
        await funnel.office.set(companies, (await funnel.office.the(companies)).id, name="   ")

        assert says(await funnel.judged()) == ["company"]


class TestMeetings:
    async def test_meeting_that_is_not_set_asks_for_all_its_parts(self, funnel: Funnel) -> None:
        await funnel.gate("meeting_set")
        await funnel.meeting(state="cancelled")

        (lack,) = (await funnel.judged()).lacks
        assert (lack.kind, lack.what) == (LackKind.TASK, "meeting")
        assert lack.asks == ("meeting.user_id", "meeting.contact_id", "meeting.place", "meeting.at")

    @pytest.mark.parametrize(
        ("facts", "missing"),
        [
            ({}, []),
            ({"user_id": None}, ["meeting.user_id"]),
            ({"contact_id": None}, ["meeting.contact_id"]),
            ({"contact_id": None, "with_whom": "Марина, бухгалтер"}, []),
            ({"place": "  "}, ["meeting.place"]),
            ({"at": None, "place": None}, ["meeting.place", "meeting.at"]),
        ],
    )
    async def test_what_is_not_known_of_it_is_named(self, funnel: Funnel, facts: dict[str, object], missing: list[str]) -> None:
        await funnel.gate("meeting_set")
        await funnel.meeting(**facts)

        assert says(await funnel.judged()) == missing

    async def test_most_complete_of_several_is_judged(self, funnel: Funnel) -> None:
        await funnel.gate("meeting_set")
        await funnel.meeting()
        await funnel.meeting(place=None)

        (proof,) = (await funnel.judged()).proofs
        assert proof.facts["place"] == "Лесная, 5"

    async def test_meeting_of_an_earlier_time_on_the_stage_does_not_count(self, funnel: Funnel) -> None:
        await funnel.gate("meeting_set")
        await funnel.meeting(state="held", held_at=funnel.since - HOUR)

        assert says(await funnel.judged()) == ["meeting"]

    async def test_meeting_is_proved_by_what_was_agreed(self, funnel: Funnel) -> None:
        await funnel.gate("meeting_held")
        assert says(await funnel.judged()) == ["meeting.held"]

        held = await funnel.meeting(state="held", held_at=NOW, agreements="ок")
        assert says(await funnel.judged()) == ["meeting.agreements"]

        await funnel.office.set(meetings, held, agreements="Делаем магазин, 240 тысяч, к июню")
        assert (await funnel.judged()).holds


class TestTasksDone:
    async def test_open_tasks_of_the_stage_are_named_and_others_left_alone(self, funnel: Funnel) -> None:
        await funnel.gate("tasks_done")
        here, elsewhere = funnel.stage_ids[2], funnel.stage_ids[1]
        common = {"deal_id": funnel.deal, "due_at": NOW, "created_at": NOW}
        async with funnel.office.database.write() as tx:
            added = tasks.insert().returning(tasks.c.id)
            sent = (await tx.execute(added.values(kind="other", title="Отправить примеры", stage_id=here, **common))).scalar_one()
            await tx.execute(added.values(kind="other", title="Другая", stage_id=elsewhere, **common))
            await tx.execute(added.values(kind="classify", stage_id=here, **common))

        (lack,) = (await funnel.judged()).lacks
        assert (lack.what, lack.facts, lack.asks) == (f"task.{sent}", {"task": "Отправить примеры"}, (f"task.{sent}",))

        await funnel.office.set(tasks, sent, done_at=NOW)
        assert (await funnel.judged()).holds

    async def test_stage_that_sets_tasks_is_not_flown_over(self, funnel: Funnel) -> None:
        await funnel.gate("tasks_done", stage=3)
        assert (await funnel.judged(4)).holds

        task = {"kind": "other", "title": "Отправить КП", "within_minutes": 60, "unless": None}
        await funnel.office.set(stages, funnel.stage_ids[3], entry_tasks=[task])
        (first, itself) = (await funnel.judged(4)).lacks
        assert {first.kind, itself.kind} == {LackKind.ORDER}

    async def test_all_open_tasks_of_the_deal_where_so_set(self, funnel: Funnel) -> None:
        await funnel.gate("tasks_done", which="all")
        async with funnel.office.database.write() as tx:
            await tx.execute(insert(tasks).values(kind="call_back", deal_id=funnel.deal, due_at=NOW, created_at=NOW))

        (lack,) = (await funnel.judged()).lacks
        assert lack.facts == {"task_kind": "call_back"}
