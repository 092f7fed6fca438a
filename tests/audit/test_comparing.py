"""The comparison itself: who judges what, and a day of ten thousand calls with a handful of faults in it."""

import random
import time
from typing import Any

import pytest
from msgspec.structs import replace

from crm_core.calls.events import Outcome
from crm_core.trust.audio import compare_audio
from crm_core.trust.comparing import Comparison, Period, compare, may_lack_cdr
from crm_core.trust.suspicion import Settling
from crm_core.trust.told import AudioFile, OurCall, Told, Witness

CALLS = 10_000
DAY = Period(1_000_000.0, 1_086_400.0, 1_090_000.0)
ALL = frozenset([Witness.CEL, Witness.CDR])


def told(linkedid: str = "1.1", *joined: str, witness: Witness = Witness.CEL, began: float = 1_000_010.0, **more: Any) -> Told:
    facts = {"ended": began + 30.0, "answered": True, "answered_at": began + 5.0, "talk": 25.0, **more}
    return Told(witness=witness, linkedids=frozenset([linkedid, *joined]), began=began, **facts)


def ours(call_id: int = 1, linkedid: str = "1.1", *joined: str, **more: Any) -> OurCall:
    own = {name: more.pop(name) for name in ("plainly", "may_lack_cdr", "stored", "lost") if name in more}
    facts = {"outcome": "answered", **more}
    return OurCall(id=call_id, told=told(linkedid, *joined, witness=Witness.OURS, **facts), **own)


def kinds(found: Comparison) -> list[str]:
    return [one.kind.value for one in found.differences]


def judged(mine: list[OurCall], theirs: list[Told], covered: frozenset[Witness] = ALL) -> list[str]:
    return kinds(compare(DAY, mine, theirs, covered))


def test_ten_thousand_calls_are_compared_in_a_moment_and_only_the_faults_are_found() -> None:
    began = [DAY.begins + place * 8.0 for place in range(CALLS)]
    mine = [ours(place, f"{place}.1", began=at, stored=("x.wav",)) for place, at in enumerate(began)]
    theirs = [told(f"{place}.1", began=at) for place, at in enumerate(began)]
    theirs += [told(f"{place}.1", began=at, witness=Witness.CDR) for place, at in enumerate(began)]
    random.Random(1).shuffle(theirs)
    mine[10] = replace(mine[10], told=replace(mine[10].told, talk=99.0))
    mine[20] = replace(mine[20], told=replace(mine[20].told, outcome="missed", answered=False))
    del mine[30], mine[9_000]

    started = time.process_time()
    found = compare(DAY, mine, theirs, ALL)
    spent = time.process_time() - started

    assert [(one.kind.value, one.linkedid) for one in found.differences] == [
        ("talk", "10.1"), ("outcome", "20.1"), ("missing", "30.1"), ("missing", "9001.1"),
    ]  # fmt: skip
    assert (found.calls, found.agreeing) == (CALLS, CALLS - 4)
    assert spent < 5.0


@pytest.mark.parametrize(
    ("mine", "theirs", "kind"),
    [
        (ours(), [told()], []),
        (ours(talk=26.0), [told()], []),
        (ours(talk=26.1), [told()], ["talk"]),
        (ours(talk=26.9), [told(witness=Witness.CDR, whole_seconds=True)], []),
        (ours(talk=27.1), [told(witness=Witness.CDR, whole_seconds=True)], ["talk"]),
        # CEL decides: what CDR says besides is no difference
        (ours(), [told(), told(witness=Witness.CDR, talk=99.0)], []),
        (ours(answered=False, outcome="missed", talk=0.0), [told(answered=False, talk=0.0, outcome="abandoned")], ["outcome"]),
        # a CDR of more than a direct call says nothing of talk, nor of ours that was more than that
        (ours(talk=3.0), [told(witness=Witness.CDR, sure=False)], []),
        (ours(talk=3.0, plainly=False), [told(witness=Witness.CDR)], []),
        # answered at once: by the dialplan, for a menu
        (ours(answered=False, talk=0.0, outcome="missed"), [told(witness=Witness.CDR, answered_at=1_000_010.2)], []),
        (ours(answered=False, talk=0.0, outcome="missed"), [told(witness=Witness.CDR)], ["outcome"]),
        (ours(talk=20.0, answered_at=1_000_020.0), [told(witness=Witness.CDR, answered_at=1_000_010.2)], []),
        (ours(), [told(witness=Witness.CDR, answered=False, answered_at=None, talk=0.0)], ["outcome"]),
        # a call that still goes on in the records is not judged
        (ours(talk=3.0), [told(ended=None)], []),
    ],
)  # fmt: skip
def test_who_judges_what(mine: OurCall, theirs: list[Told], kind: list[str]) -> None:
    assert judged([mine], theirs) == kind


def test_an_unknown_call_is_told_only_where_the_records_should_know_it() -> None:
    assert judged([ours()], []) == ["unknown"]
    assert judged([ours(may_lack_cdr=True)], [], frozenset([Witness.CDR])) == []
    assert judged([ours(may_lack_cdr=True)], [], frozenset([Witness.CEL])) == ["unknown"]
    assert judged([ours()], [], frozenset()) == []
    assert judged([ours()], [], frozenset([Witness.QUEUE_LOG])) == []


@pytest.mark.parametrize(
    ("outcome", "rang", "may"),
    [(Outcome.AGENT_NO_ANSWER, True, True), (Outcome.FAILED, False, True), (Outcome.ABANDONED, False, True),
     (Outcome.ABANDONED, True, False), (Outcome.MISSED, True, False), (Outcome.ANSWERED, True, False), (None, False, False)],
)  # fmt: skip
def test_which_calls_may_lack_a_cdr(outcome: Outcome | None, rang: bool, may: bool) -> None:
    assert may_lack_cdr(outcome, rang=rang) is may


def test_linkedids_that_cel_joins_are_one_call() -> None:
    theirs = [told("1.1", "1.2"), told("1.1", witness=Witness.CDR), told("1.2", witness=Witness.CDR, began=1_000_020.0)]

    assert judged([ours(1, "1.1", "1.2")], theirs) == []
    assert judged([ours(1, "1.1"), ours(2, "1.2", began=1_000_020.0)], theirs) == ["doubled"]
    assert judged([ours(1, "1.1", "1.2")], [told("1.1"), told("1.2")]) == ["merged"]


def test_an_id_that_is_given_again_is_another_call() -> None:
    long_after = ours(1, "1.1~1086400", began=1_000_010.0)

    assert judged([long_after], [told("1.1")]) == []
    assert judged([ours(began=1_000_010.0)], [told(began=1_000_010.0 - 90_000.0)], frozenset([Witness.CEL])) == ["unknown"]


def test_calls_of_other_days_count_on_theirs() -> None:
    found = compare(DAY, [ours(began=999_000.0)], [told(began=999_000.0), told("2.1", began=DAY.ends + 5)], ALL)

    assert (found.calls, kinds(found)) == (0, [])


def test_a_first_reading_settles_answered_calls_alone() -> None:
    settles = Settling([ours(), ours(2, "2.1", answered=False, talk=0.0), ours(3, "3.1", "3.2")])

    assert settles(told())
    assert not settles(told(talk=23.0))
    assert not settles(told("2.1", answered=False, talk=0.0))
    assert not settles(told("3.1"))
    assert not settles(told("4.1"))


def test_audio_belongs_to_calls_by_name_by_id_and_by_the_ids_of_other_channels() -> None:
    def file(name: str, *ids: str, at: float = 1_000_100.0) -> AudioFile:
        return AudioFile(name, at, (name.removesuffix(".wav"),), ids)

    def found(mine: OurCall, *files: AudioFile) -> list[str]:
        return [one.kind.value for one in compare_audio(DAY, [mine], files, [], {"1.7": "1.1"})]

    announced = ours(audio=("in-1.wav",))
    assert found(announced) == ["audio_missing"]
    assert found(announced, file("in-1.wav")) == ["audio_waiting"]
    assert found(ours(), file("x-1.1.wav", "1.1")) == ["audio_waiting"]
    assert found(ours(), file("x-1.7.wav", "1.7")) == ["audio_waiting"]
    assert found(ours(stored=("in-1.wav",)), file("in-1.wav"), file("strange.wav")) == ["audio_alone"]
    assert found(ours(stored=("in-1.wav",), lost=1)) == ["audio_lost"]
    assert found(ours(), file("late.wav", at=DAY.settled - 1)) == []
