"""What differs is mended where it can be: told, audited, safe to repeat, and nothing that was heard is lost by it."""

from api.audit.job import NIGHT, job_kind, kept, plan_nights
from api.audit.repairing import FROM_RECORDS, HEARD, RECORDING_ASKED, Repair
from api.context import AppContext
from crm_core.calls.intake import USUAL
from crm_core.calls.tables import call_linkedids, calls
from crm_core.days import bounds
from crm_core.event_log import events
from crm_core.jobs import JobRunner, jobs
from crm_core.live import Wake
from crm_core.recordings.tables import recordings
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from crm_core.trust.differences import Difference
from crm_core.trust.keeping import note_repair
from crm_core.trust.queries import trust_of
from crm_core.trust.tables import audited_days, differences
from crm_core.users.tables import audit
from recordings.fetch import ATTACH_RECORDING
from tests.audit.faults import call_of, change_call, cut_records, forget_call, forget_journal
from tests.audit.house import DAY, LATER, PLAIN, ZONE, House, found
from tests.audit.test_faults import ANSWERED, DIALLED, HANDED_ON, MISSED, QUEUE

TOLD = ("direction", "caller", "did", "callee", "outcome", "talk_seconds", "wait_seconds", "started_at", "ended_at", "transfers")


def context(house: House) -> AppContext:
    settings = Settings(data_dir=house.folder, timezone=str(ZONE), _env_file=None)  # type: ignore[call-arg]
    return AppContext(settings, house.database, house.blobs, SecretBox("a key for tests"), Wake(), now=lambda: LATER)


async def repaired(house: House) -> list[tuple[str, str]]:
    """Kind and cure of each difference that something was done about."""
    findings = await house.audited()
    mended = await Repair(house.database, house.exchange, USUAL, lambda: LATER, None).carry_out(findings)
    return [(one.difference.kind.value, one.how) for one in mended]


async def told(house: House) -> dict[str, list[object]]:
    return {row.key: [getattr(row, name) for name in TOLD] for row in await house.rows(calls)}


async def test_a_call_that_was_heard_is_derived_again_from_what_was_heard(house: House) -> None:
    before = await told(house)
    for key in (ANSWERED, MISSED, QUEUE, HANDED_ON, DIALLED):
        await forget_call(house, await call_of(house, key=key))

    assert await repaired(house) == [("missing", HEARD)] * 5

    assert await told(house) == before
    assert {row.source for row in await house.rows(calls)} == {"live"}
    assert ("missing", None) not in found(await house.audited())
    assert len([row for row in await house.rows(audit) if row.deed == "call_repaired"]) == 5


async def test_a_call_that_nobody_heard_is_filled_in_from_the_exchanges_log(house: House) -> None:
    before = await told(house)
    for key in (ANSWERED, MISSED, QUEUE, HANDED_ON, DIALLED):
        await forget_call(house, await call_of(house, key=key))
    await forget_journal(house, *PLAIN)

    assert await repaired(house) == [("missing", FROM_RECORDS)] * 5

    after = await told(house)
    assert after.keys() == before.keys()
    for key, (*names, _, wait, _, _, _) in after.items():
        assert names[:5] == before[key][:5]
        assert abs(wait - before[key][6]) < 0.1  # type: ignore[operator]
    assert {row.source for row in await house.rows(calls) if row.key != "1795305036.284"} == {"records"}
    assert ("missing", None) not in found(await house.audited())
    ended = [row.call_id for row in await house.rows(events) if row.kind == "call_ended"]
    assert {row.id for row in await house.rows(calls)} <= set(ended)  # told, as any call is


async def test_a_call_that_nobody_heard_is_told_from_cdr_where_there_is_no_log_of_events(house: House) -> None:
    before = await told(house)
    for key in (ANSWERED, MISSED, QUEUE, DIALLED):
        await forget_call(house, await call_of(house, key=key))
    await forget_journal(house, *PLAIN)
    house.exchange = house.without("cel")

    assert await repaired(house) == [("missing", FROM_RECORDS)] * 4

    after = {row.key: row for row in await house.rows(calls)}
    assert after.keys() == before.keys()
    for key in (ANSWERED, MISSED, QUEUE, DIALLED):
        assert (after[key].direction, after[key].outcome) == (before[key][0], before[key][4])
        assert (after[key].source, after[key].partial) == ("records", True)
    assert abs(after[ANSWERED].talk_seconds - before[ANSWERED][5]) < 0.1  # type: ignore[operator]
    assert ("missing", None) not in found(await house.audited())


async def test_what_the_log_of_events_does_not_know_is_not_told_from_cdr(house: House) -> None:
    await forget_call(house, await call_of(house, key=ANSWERED))
    await forget_journal(house, *PLAIN)
    cut_records(house, ANSWERED, "cel.csv")

    await repaired(house)

    assert ANSWERED not in await told(house)


async def test_a_call_that_was_heard_comes_back_though_only_the_cdr_or_the_queue_log_miss_it(house: House) -> None:
    before = await told(house)
    await forget_call(house, await call_of(house, key=QUEUE))  # its CDR says nothing of its talk
    house.exchange = house.without("cel")

    assert await repaired(house) == [("missing", HEARD)]

    assert await told(house) == before


async def test_repairing_twice_is_repairing_once(house: House) -> None:
    await forget_call(house, await call_of(house, key=ANSWERED))
    await forget_journal(house, *PLAIN)

    findings = await house.audited()
    repair = Repair(house.database, house.exchange, USUAL, lambda: LATER, None)
    await repair.carry_out(findings)
    rows, ids = await told(house), await house.rows(call_linkedids)
    await repair.carry_out(findings)

    assert await told(house) == rows
    assert len(await house.rows(call_linkedids)) == len(ids)
    assert [kind for kind, _ in found(await house.audited())] == ["audio_waiting"]  # its recording's job comes next


async def test_figures_that_were_changed_are_what_was_heard_again(house: House) -> None:
    before = await told(house)
    await change_call(house, await call_of(house, key=ANSWERED), talk_seconds=99.0)
    await change_call(house, await call_of(house, key=MISSED), outcome="abandoned")

    assert await repaired(house) == [("talk", HEARD), ("outcome", HEARD)]

    assert await told(house) == before


async def test_what_was_seen_live_is_never_replaced_by_what_records_alone_say(house: House) -> None:
    call_id = await call_of(house, key=ANSWERED)
    await change_call(house, call_id, talk_seconds=99.0)
    await forget_journal(house, *PLAIN)

    assert await repaired(house) == []

    assert (await house.the(calls, id=call_id)).talk_seconds == 99.0
    assert found(await house.audited()) == [("talk", call_id)]


async def test_a_recording_left_behind_is_given_to_the_recordings_own_job(house: House) -> None:
    call_id = await call_of(house, key=ANSWERED)
    async with house.database.write() as tx:
        await tx.execute(recordings.delete().where(recordings.c.call_id == call_id))

    assert await repaired(house) == [("audio_waiting", RECORDING_ASKED)]
    assert await repaired(house) == [("audio_waiting", RECORDING_ASKED)]

    (job,) = await house.rows(jobs, kind=ATTACH_RECORDING)
    assert (job.call_id, job.state) == (call_id, "queued")


async def test_an_audit_is_kept_and_what_is_mended_stays_to_be_seen(house: House) -> None:
    await forget_call(house, await call_of(house, key=ANSWERED))
    runner = JobRunner(house.database, {"audit": job_kind(context(house))}, lambda: LATER)
    async with house.database.write() as tx:
        await plan_nights(tx, context(house))
        await plan_nights(tx, context(house))

    assert await runner.run_due() == 3  # the days that the product may have been off
    (one,) = await house.rows(differences)
    assert (one.kind, one.linkedid, one.mended_at) == ("missing", ANSWERED, None)
    async with house.database.read() as connection:
        share = await trust_of(connection, *bounds(DAY, ZONE), ZONE)
    assert share is not None
    assert (share.calls, share.agreeing, share.audited, share.days) == (6, 5, 1, 1)

    async with house.database.write() as tx:
        await tx.execute(
            jobs.insert().values(
                kind="audit", dedupe_key="again", state="queued", run_after=LATER, created_at=LATER,
                payload={"exchange_id": house.exchange.id, "day": DAY.isoformat(), "repair": True},
            )
        )  # fmt: skip
    assert await runner.run_due() == 1
    mended, waiting = await house.rows(differences)
    assert (mended.kind, mended.mended_how, mended.mended_at) == ("missing", HEARD, LATER)
    assert (waiting.kind, waiting.mended_at) == ("audio_waiting", None)  # the call is back, its recording is not
    assert len(await house.rows(audited_days)) == 3
    assert {row.kind for row in await house.rows(events)} >= {"day_audited"}


async def test_a_difference_that_comes_back_is_open_again(house: House) -> None:
    call = await house.the(calls, key=ANSWERED)
    for talk, open_now in ((99.0, True), (call.talk_seconds, False), (99.0, True), (99.0, True)):
        await change_call(house, call.id, talk_seconds=talk)
        findings = await house.audited()
        async with house.database.write() as tx:
            await kept(context(house), findings, by=None)(tx)
        (row,) = await house.rows(differences)
        assert (row.mended_at is None) is open_now
        assert row.mended_how is None or not open_now, "what did not mend it is not under way"
        async with house.database.write() as tx:
            await note_repair(tx, row.day_id, {Difference(row.kind, 0.0, row.call_id, row.linkedid, row.facts).key: HEARD})
        assert (await house.rows(differences))[0].mended_how == HEARD


async def test_the_night_before_is_audited_at_night_and_not_before(house: House) -> None:
    early = LATER.replace(day=22, hour=22, minute=0)  # 01:00 on the 23rd in Moscow
    before = AppContext(**{name: getattr(context(house), name) for name in AppContext.__dataclass_fields__ if name != "now"},
                        now=lambda: early)  # fmt: skip
    async with house.database.write() as tx:
        await plan_nights(tx, before)

    rows = {row.payload["day"]: row.run_after.astimezone(ZONE) for row in await house.rows(jobs)}
    assert (rows[DAY.isoformat()].day, rows[DAY.isoformat()].time()) == (23, NIGHT)
