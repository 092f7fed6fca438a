"""The judge of a load is judged: what it must find, it finds."""

from typing import Any

import pytest

from crm_core.trust.belonging import Belonging
from tests.asterisk.load import office
from tests.asterisk.load.comparing import Comparison, compare, differences
from tests.asterisk.load.plan import KINDS, Planned
from tests.asterisk.load.records import Cdr, Cel, belonging_by, never_ended

ANSWERED = next(kind for kind in KINDS if kind.calls == office.ANSWERS)
NUMBER = "79160000001"


def call(call_id: int = 1, linkedids: tuple[str, ...] = ("7.1",), **changed: Any) -> dict[str, Any]:
    told = {
        "id": call_id, "linkedids": list(linkedids), "direction": "inbound", "caller": NUMBER, "caller_name": None,
        "did": office.ANSWERS, "callee": None, "outcome": "answered", "wait_seconds": 0.5, "talk_seconds": 1.5,
        "hold_seconds": 0.0, "answered_by": [{"extension": office.QUICK, "talk_seconds": 1.5, "consultation_seconds": 0.0}],
        "rang": [{"extension": office.QUICK, "outcome": "answered"}], "transfers": [], "voicemail": False,
        "forwarded_to": None, "queue": None, "click_to_call": False, "recordings": [], "source": "live", "partial": False,
        "started_at": "2026-11-22T05:00:00Z", "ended_at": "2026-11-22T05:00:02Z",
    }  # fmt: skip
    return told | changed


def cdr(linkedid: str = "7.1", talk: float = 1.5, answered: bool = True) -> Cdr:
    return Cdr(10.0, 10.5 if answered else 0.0, 10.5 + talk, NUMBER, "Dial", answered, linkedid, linkedid)


def cel(kind: str, uniqueid: str = "7.1", linkedid: str = "7.1", **extra: str) -> Cel:
    return Cel(10.0, kind, NUMBER, f"PJSIP/x-{uniqueid}", uniqueid, linkedid, extra)


def judged(rows: list[Cdr], calls: list[dict[str, Any]], belonging: Belonging | None = None) -> Comparison:
    log = [cel("CHAN_START", row.linkedid, row.linkedid) for row in rows]
    return compare([Planned(ANSWERED, NUMBER, office.ANSWERS)], rows, log, belonging or Belonging(), calls)


def test_a_call_told_as_it_was_is_no_problem() -> None:
    found = judged([cdr()], [call()])

    assert found.problems == []
    assert (found.groups, found.calls, found.lines["answered"].compared) == (1, 1, 1)


def test_a_lost_call_is_found() -> None:
    found = judged([cdr()], [])

    assert found.lines["answered"].lost == 1
    assert len(found.problems) == 3  # by the CDR, by the CEL and by the plan


def test_a_doubled_call_is_found() -> None:
    found = judged([cdr()], [call(), call(2, ("7.9",))])

    assert found.lines["answered"].doubled == 1
    assert any("no CDR knows our call" in problem for problem in found.problems)


def test_two_calls_of_the_exchange_in_one_of_ours_are_found() -> None:
    found = judged([cdr(), cdr("8.1")], [call(linkedids=("7.1", "8.1"))])

    assert any("2 groups of the CDR" in problem for problem in found.problems)


def test_two_linkedids_joined_by_an_attended_transfer_are_one_call() -> None:
    transfer = {"Event": "AttendedTransfer", "OrigTransfererLinkedid": "7.1", "SecondTransfererLinkedid": "8.1"}

    found = judged([cdr(), cdr("8.1", talk=0.0)], [call(linkedids=("7.1", "8.1"))], belonging_by([], [transfer]))

    assert found.problems == []
    assert found.groups == 1


@pytest.mark.parametrize("kind", ["ATTENDEDTRANSFER", "PICKUP"])
def test_the_log_of_the_exchange_joins_linkedids_too(kind: str) -> None:
    other = {"ATTENDEDTRANSFER": "channel2_uniqueid", "PICKUP": "pickup_channel_uniqueid"}[kind]

    found = belonging_by([cel("CHAN_START"), cel("CHAN_START", "8.1", "8.1"), cel(kind, **{other: "8.1"})], [])

    assert found.grouped(["7.1", "8.1"]) == [frozenset({"7.1", "8.1"})]


@pytest.mark.parametrize(
    ("changed", "rows"),
    [
        ({"talk_seconds": 2.6}, [cdr()]),
        ({"outcome": "missed", "answered_by": [], "talk_seconds": 0.0}, [cdr()]),
        ({}, [cdr(answered=False, talk=1.5)]),
        ({"answered_by": [{"extension": "999", "talk_seconds": 1.5, "consultation_seconds": 0.0}]}, [cdr()]),
    ],
)
def test_a_call_told_otherwise_is_found(changed: dict[str, Any], rows: list[Cdr]) -> None:
    assert judged(rows, [call(**changed)]).problems != []


def test_what_a_replay_tells_otherwise_is_found() -> None:
    assert differences([call()], [call()]) == []
    assert differences([call(source="both", partial=True, talk_seconds=1.6)], [call()]) == []
    assert differences([call(talk_seconds=1.8)], [call()]) != []
    assert differences([call(queue="sales")], [call()]) != []
    assert differences([call(recordings=["x.wav", "x-rx.wav"])], [call(recordings=["x.wav"])]) == []
    assert differences([call(recordings=["x.wav", "x.wav"])], [call(recordings=["x.wav"])]) != []
    assert differences([call()], []) != []


def test_a_channel_whose_end_nobody_wrote_is_known() -> None:
    log = [cel("CHAN_START"), cel("CHAN_START", "8.1", "8.1"), cel("CHAN_END", "8.1", "8.1")]

    assert never_ended(log) == {"7.1"}
