"""Faults put into a day on purpose: each is found and told as what it is, and nothing else is."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.audit.auditing import FOLDER_UNUSABLE, NO_FOLDER, NO_RECORDS
from api.audit.records import BEGINS_LATER, NOTHING
from crm_core.calls.tables import calls
from crm_core.recordings.tables import recordings
from pbx.records import troubles
from tests.audit.faults import call_of, change_call, cut_records, forget_call
from tests.audit.house import House, found

ANSWERED, MISSED, QUEUE, HANDED_ON = "1795304636.0", "1795304666.12", "1795304749.66", "1795305454.4"
CONSULTED, DIALLED = "1795305458.6", "1795305002.258"
LONG_NAME = "z" * 190


async def test_a_day_told_as_it_was_agrees(house: House) -> None:
    findings = await house.audited()

    assert found(findings) == []
    assert findings.audited.calls == findings.audited.agreeing == len(await house.rows(calls)) == 6
    assert {name: read["why"] for name, read in findings.audited.sources.items()} == {"cel": None, "cdr": None, "queue_log": None}
    assert findings.audited.note is None


@pytest.mark.parametrize("unknown", [("cdr", "queue_log"), ("cel", "queue_log"), ("cel",), ("cdr",)])
async def test_whichever_records_there_are_the_day_agrees(unknown: tuple[str, ...], house: House) -> None:
    findings = await house.audited(house.without(*unknown))

    assert found(findings) == []
    assert (findings.audited.calls, findings.audited.agreeing) == (6, 6)


@pytest.mark.parametrize("unknown", [(), ("cdr", "queue_log"), ("cel", "queue_log")])
async def test_a_call_that_is_gone_is_known_to_the_exchange_alone(unknown: tuple[str, ...], house: House) -> None:
    await forget_call(house, await call_of(house, key=ANSWERED))

    findings = await house.audited(house.without(*unknown))

    assert found(findings) == [("missing", None)]  # and its file is not audio without a call
    assert (findings.audited.calls, findings.audited.agreeing) == (6, 5)
    (one,) = findings.audited.differences
    assert one.linkedid == ANSWERED
    assert "ours" not in one.facts


async def test_a_call_of_a_queue_is_missed_by_the_queue_log_alone(house: House) -> None:
    await forget_call(house, await call_of(house, key=QUEUE))

    findings = await house.audited(house.without("cel", "cdr"))

    assert ("missing", None) in found(findings)
    assert findings.audited.calls == 0  # a queue log cannot vouch for a whole day


async def test_a_call_that_the_exchange_does_not_know_is_told(house: House) -> None:
    cut_records(house, DIALLED, "cel.csv", "cdr.csv")

    findings = await house.audited()

    assert found(findings) == [("unknown", await call_of(house, key=DIALLED))]


async def test_what_was_before_the_records_begin_is_not_judged_by_them(house: House) -> None:
    cut_records(house, ANSWERED, "cel.csv", "cdr.csv")  # the first call of the day

    findings = await house.audited()

    assert {findings.audited.sources[name]["why"] for name in ("cel", "cdr")} == {BEGINS_LATER}
    assert found(findings) == []


async def test_a_hole_in_its_cdr_is_no_fault_of_ours_where_cel_knows_the_call(house: House) -> None:
    cut_records(house, ANSWERED, "cdr.csv")

    assert found(await house.audited()) == []


@pytest.mark.parametrize("unknown", [(), ("cdr", "queue_log"), ("cel", "queue_log")])
@pytest.mark.parametrize("apart", [-1.5, 1.5, 600.0])
async def test_talk_that_differs_by_more_than_a_second_is_told(apart: float, unknown: tuple[str, ...], house: House) -> None:
    call = await house.the(calls, key=ANSWERED)
    await change_call(house, call.id, talk_seconds=call.talk_seconds + apart)

    findings = await house.audited(house.without(*unknown))

    assert found(findings) == [("talk", call.id)]
    (one,) = findings.audited.differences
    assert one.facts["ours"]["talk"] == pytest.approx(call.talk_seconds + apart, abs=0.001)
    assert all(facts["talk"] == pytest.approx(6.0, abs=0.2) for name, facts in one.facts.items() if name in ("cel", "cdr"))


async def test_talk_within_a_second_agrees(house: House) -> None:
    call = await house.the(calls, key=ANSWERED)
    await change_call(house, call.id, talk_seconds=call.talk_seconds + 0.9)

    assert found(await house.audited()) == []


@pytest.mark.parametrize(("linkedid", "outcome"), [(ANSWERED, "missed"), (MISSED, "answered"), (MISSED, "abandoned")])
async def test_a_wrong_outcome_is_told(linkedid: str, outcome: str, house: House) -> None:
    call_id = await call_of(house, key=linkedid)
    await change_call(house, call_id, outcome=outcome)

    differences = found(await house.audited())

    assert ("outcome", call_id) in differences


async def test_a_wrong_outcome_is_told_by_the_cdr_of_a_direct_call(house: House) -> None:
    call_id = await call_of(house, key=ANSWERED)
    await change_call(house, call_id, outcome="missed", talk_seconds=0.0)

    assert ("outcome", call_id) in found(await house.audited(house.without("cel", "queue_log")))


async def test_a_caller_whom_a_queue_connected_was_not_missed(house: House) -> None:
    call_id = await call_of(house, key=QUEUE)
    await change_call(house, call_id, outcome="missed", talk_seconds=0.0)

    assert ("outcome", call_id) in found(await house.audited(house.without("cel")))


async def test_one_call_told_twice_is_told(house: House) -> None:
    call_id = await call_of(house, key=HANDED_ON)
    other = await call_of(house, key=MISSED)
    async with house.database.write() as tx:
        await tx.exec_driver_sql(f"UPDATE call_linkedids SET call_id = {other} WHERE linkedid = '{CONSULTED}'")

    differences = (await house.audited()).audited.differences

    assert {one.kind.value for one in differences} == {"doubled", "merged"}  # the consultation hangs on the wrong call now
    doubled = next(one for one in differences if one.kind.value == "doubled")
    assert doubled.facts["calls"] == sorted([call_id, other])


async def test_a_call_that_goes_on_for_ever_is_told(house: House) -> None:
    call_id = await call_of(house, key=ANSWERED)
    await change_call(house, call_id, ended_at=None, state="talking", outcome=None)

    assert found(await house.audited()) == [("open", call_id)]


async def test_calls_of_the_last_minutes_are_not_judged(house: House) -> None:
    call = await house.the(calls, key=ANSWERED)
    await forget_call(house, call.id)

    findings = await house.audited(now=call.ended_at + timedelta(minutes=5))

    assert ("missing", None) not in found(findings)


# ---- audio ------------------------------------------------------------------------------------------------------------


async def test_a_recording_that_was_not_taken_is_told(house: House) -> None:
    call_id = await call_of(house, key=ANSWERED)
    async with house.database.write() as tx:
        await tx.exec_driver_sql(f"DELETE FROM recordings WHERE call_id = {call_id}")

    assert found(await house.audited()) == [("audio_waiting", call_id)]


async def test_an_announced_recording_that_is_nowhere_is_told(house: House) -> None:
    call = await house.the(calls, key=ANSWERED)
    async with house.database.write() as tx:
        await tx.exec_driver_sql(f"DELETE FROM recordings WHERE call_id = {call.id}")
    (house.monitor / Path(call.announced[0]).name).unlink()

    assert found(await house.audited()) == [("audio_missing", call.id)]


async def test_a_file_gone_from_our_own_storage_is_told(house: House) -> None:
    call_id = await call_of(house, key=ANSWERED)
    (row,) = await house.rows(recordings, call_id=call_id)
    await house.blobs.delete(row.blob)

    assert found(await house.audited()) == [("audio_lost", call_id)]


@pytest.mark.parametrize(
    "name",
    ["stranger.wav", "2026/11/22/in-7999-1795304000.9.WAV", f"{LONG_NAME}.mp3", "<script>alert(1)</script>.wav", "а б+в.wav",
     "=cmd|calc.wav", "line\nbreak.wav"],
)  # fmt: skip
async def test_audio_of_no_call_is_told_whatever_its_name(name: str, house: House) -> None:
    file = house.leaves(name, (await house.the(calls, key=ANSWERED)).ended_at.timestamp())

    (one,) = (await house.audited()).audited.differences

    assert (one.kind.value, one.call_id, one.facts["audio"]) == ("audio_alone", None, file.name)
    assert (await house.audited()).audited.agreeing == 6  # it may not be ours at all


async def test_a_name_that_is_no_text_is_spelled_out(house: House) -> None:
    ended = (await house.the(calls, key=ANSWERED)).ended_at.timestamp()
    house.leaves("plain.wav", ended).rename(house.monitor / os.fsdecode(b"\xff\xfe.wav"))

    (one,) = (await house.audited()).audited.differences

    assert one.facts["audio"] == "\\xff\\xfe.wav"


async def test_files_of_other_days_links_and_silence_are_passed_over(house: House) -> None:
    ended = (await house.the(calls, key=ANSWERED)).ended_at.timestamp()
    house.leaves("old.wav", ended - 3 * 86_400)
    house.leaves("2026/11/02/wrong-clock.wav", ended)
    house.leaves("silent.wav", ended, seconds=0.0)
    (house.monitor / "notes.txt").write_text("no sound")
    (house.monitor / "link.wav").symlink_to("/etc/passwd")

    assert found(await house.audited()) == []


async def test_side_files_and_converted_ones_are_their_calls(house: House) -> None:
    call = await house.the(calls, key=ANSWERED)
    stem = Path(call.announced[0]).name.removesuffix(".wav")
    for name in (f"{stem}-rx.wav", f"{stem}-tx.wav", f"{stem}.mp3"):
        house.leaves(name, call.ended_at.timestamp())

    assert found(await house.audited()) == []


# ---- records out of reach ---------------------------------------------------------------------------------------------


async def test_records_that_cannot_be_read_are_named_and_the_others_used(house: House) -> None:
    (house.folder / "cel.csv").unlink()
    await forget_call(house, await call_of(house, key=ANSWERED))

    findings = await house.audited()

    assert findings.audited.sources["cel"]["why"] == troubles.NOT_THERE
    assert found(findings) == [("missing", None)]


async def test_records_that_hold_nothing_of_a_day_prove_nothing(house: House) -> None:
    (house.folder / "cdr.csv").write_text(
        "1700000000.0,,1700000001.0,x,1,2,c,A,B,Dial,d,1,1,ANSWERED,1700000000.1,1700000000.1,1,,\n"
    )

    findings = await house.audited(house.without("cel"))

    assert findings.audited.sources["cdr"]["why"] == NOTHING
    assert (found(findings), findings.audited.calls) == ([], 0)


async def test_a_day_without_any_records_has_no_share(house: House) -> None:
    findings = await house.audited(house.without("cel", "cdr", "queue_log"))

    assert (findings.audited.calls, findings.audited.note) == (0, NO_RECORDS)


async def test_broken_lines_are_counted_and_the_rest_used(house: House) -> None:
    for name in ("cel.csv", "cdr.csv", "queue_log"):
        with (house.folder / name).open("ab") as file:
            file.write(b'"\xff\xfe",broken\n' + b"A" * 3_000_000 + b"\n" + b'"1795305454.4","CHAN_START"\n')

    findings = await house.audited()

    assert found(findings) == []
    assert findings.audited.sources["cel"]["broken"] >= 1


async def test_a_recordings_folder_that_is_gone_is_named(house: House) -> None:
    house.monitor.rename(house.folder / "unmounted")

    findings = await house.audited()

    assert findings.audited.note == FOLDER_UNUSABLE
    assert found(findings) == []


async def test_without_a_recordings_folder_audio_is_not_compared(house: House) -> None:
    findings = await house.audited(replace(house.exchange, recordings_root=None))

    assert (findings.audited.note, found(findings)) == (NO_FOLDER, [])
