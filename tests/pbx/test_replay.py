"""Captures cut, without times, with timestamps; and periods that only the exchange's records saw."""

import random
from datetime import datetime
from pathlib import Path

import pytest

from pbx.ami.protocol import MessageReader
from pbx.records.cel import cel_events, read_cel
from pbx.replay import replay
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import CAPTURES, Capture, capture, scenarios

PLAIN = CAPTURES / "inbound_answered.ami"
CEL = CAPTURES / "inbound_answered.cel.csv"


def write_messages(folder: Path, name: str, messages: list[tuple[float, bytes]]) -> Path:
    """A capture of these messages, each heard at its second."""
    written, lines = b"", []
    for second, raw in messages:
        written += raw + b"\r\n\r\n"
        lines.append(f"{second:.3f} {len(written)}\n")
    (folder / name).write_bytes(written)
    (folder / f"{name}.times").write_text("".join(lines))
    return folder / name


def messages_of(file: Path) -> list[tuple[float, bytes]]:
    reader, found, before = MessageReader(), [], 0
    raw = file.read_bytes()
    for line in Path(f"{file}.times").read_text().splitlines():
        second, offset = float(line.split()[0]), int(line.split()[1])
        found += [(second, message) for message in reader.feed_raw(raw[before:offset])]
        before = offset
    return found


def test_without_times_the_calls_are_told_and_all_seconds_are_null(tmp_path: Path) -> None:
    (tmp_path / "a.ami").write_bytes(PLAIN.read_bytes())

    (call,) = replay([tmp_path / "a.ami"])

    assert (call["outcome"], call["caller"]) == ("answered", "79161112233")
    assert [call[key] for key in ("started_at", "ended_at", "wait_seconds", "talk_seconds", "hold_seconds")] == [None] * 5
    assert call["answered_by"] == [{"extension": "101", "talk_seconds": None, "consultation_seconds": None}]


def test_times_beyond_the_end_of_the_capture_end_with_it(tmp_path: Path) -> None:
    (tmp_path / "a.ami").write_bytes(PLAIN.read_bytes())
    (tmp_path / "a.ami.times").write_text("1.0 999999999999999\n")

    (call,) = replay([tmp_path / "a.ami"])

    assert (call["outcome"], call["talk_seconds"]) == ("answered", 0.0)


def test_timestamps_of_the_events_count_before_the_times_of_the_capture(tmp_path: Path) -> None:
    stamped = [
        (0.0, raw.replace(b"\r\n", b"\r\nTimestamp: %.6f\r\n" % (1_700_000_000 + second), 1))
        for second, raw in messages_of(PLAIN)
        if raw.startswith(b"Event: ")
    ]

    (call,) = replay([write_messages(tmp_path, "a.ami", stamped)])

    assert call["started_at"].startswith("2023-11-14T22:13:20")
    assert (round(call["wait_seconds"]), round(call["talk_seconds"])) == (2, 6)


def test_the_clock_is_set_by_the_first_uniqueid_or_better_by_the_records() -> None:
    (roughly,) = replay([PLAIN])
    (exactly,) = replay([PLAIN], cel=CEL)

    assert roughly["started_at"] == "2026-11-21T23:43:56.000Z"
    born = datetime.fromtimestamp(1795304636.198908).astimezone()
    assert abs((datetime.fromisoformat(exactly["started_at"]) - born).total_seconds()) < 0.05


def test_ids_without_a_time_leave_the_time_of_day_unknown() -> None:
    (call,) = replay([CAPTURES / "click2call_agent_no_answer.ami"])

    assert (call["started_at"], round(call["wait_seconds"])) == (None, 5)


@pytest.mark.parametrize("scenario", scenarios())
def test_the_records_alone_tell_a_period(scenario: str) -> None:
    truth = capture(scenario).truth

    calls = replay([], cel=CAPTURES / f"{scenario}.cel.csv")

    assert problems(Capture([], None, truth), calls) == []
    assert {call["source"] for call in calls} == {"records"}


@pytest.mark.parametrize("scenario", [name for name in scenarios() if not list(CAPTURES.glob(f"{name}.after*"))])
def test_what_was_lost_in_a_gap_comes_from_the_records(scenario: str, tmp_path: Path) -> None:
    whole = messages_of(CAPTURES / f"{scenario}.ami")
    truth = {**capture(scenario).truth, "recordings": []}
    for seed in range(3):
        dice = random.Random(f"{scenario} {seed}")
        lost = sorted(dice.sample(range(1, len(whole)), 2))
        sessions = [
            write_messages(tmp_path, f"{seed}.ami", whole[: lost[0]]),
            write_messages(tmp_path, f"{seed}.after1.ami", whole[lost[1] :]),
        ]

        calls = replay(sessions, cel=CAPTURES / f"{scenario}.cel.csv")

        assert problems(Capture(sessions, None, truth), calls) == [], lost
        assert not any(call["partial"] for call in calls)


def test_a_gap_that_nothing_fills_leaves_the_call_partial(tmp_path: Path) -> None:
    whole = messages_of(PLAIN)
    sessions = [write_messages(tmp_path, "a.ami", whole[:20]), write_messages(tmp_path, "b.ami", whole[40:])]

    (call,) = replay(sessions)

    assert call["partial"]
    assert call["ended_at"] is not None


def test_a_call_that_was_up_before_the_first_session_is_completed_from_the_records(tmp_path: Path) -> None:
    whole = messages_of(PLAIN)
    late = write_messages(tmp_path, "late.ami", whole[len(whole) * 2 // 3 :])

    (call,) = replay([late], cel=CEL)

    assert (round(call["wait_seconds"]), round(call["talk_seconds"]), call["partial"]) == (2, 6, False)


def test_broken_rows_are_named_by_line_and_the_others_used(tmp_path: Path) -> None:
    rows = CEL.read_bytes().splitlines(keepends=True)
    rows[2:2] = [
        b'"not a time","X"\n',
        b"\xff\xfe\x00\n",
        rows[3][:40] + b"\n",
        b'"1","CHAN_START"' + b',"x"' * 11 + b',"{"\n',
        b"\n",
    ]
    (tmp_path / "broken.csv").write_bytes(b"".join(rows))

    told = read_cel(tmp_path / "broken.csv")
    (call,) = replay([], cel=tmp_path / "broken.csv")

    assert [line for line, _ in told.broken] == [3, 4, 5, 6]
    assert (call["outcome"], round(call["talk_seconds"])) == ("answered", 6)


def test_no_row_raises() -> None:
    row = CEL.read_text().splitlines()[0]
    for length in range(len(row)):
        cel_events([row[:length], row[length:]])


def test_a_call_still_up_has_no_end(tmp_path: Path) -> None:
    whole = messages_of(PLAIN)

    (call,) = replay([write_messages(tmp_path, "a.ami", whole[: len(whole) // 2])])

    assert (call["ended_at"], call["outcome"]) == (None, None)
