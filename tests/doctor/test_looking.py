"""What the doctor sees of an event log is what whoever fills gaps would read of it."""

from pathlib import Path

from api.doctor.looking import TAIL, end_of
from pbx.records.cel import read_cel
from tests.pbx.capture_variants import CAPTURES

CEL = CAPTURES / "queue_answered.cel.csv"


def test_a_log_is_seen_as_it_is_read() -> None:
    seen, read = end_of(CEL), read_cel(CEL)

    assert (seen.lines, seen.broken, seen.trouble) == (len(CEL.read_bytes().splitlines()), 0, None)
    assert seen.last_at is not None
    assert seen.last_at >= max(event.at for event in read.events)
    assert {"CHAN_START", "HANGUP", "LINKEDID_END"} <= seen.types


def test_a_line_that_is_being_written_is_not_broken_and_one_of_another_form_is(tmp_path: Path) -> None:
    file = tmp_path / "firstring.csv"
    lines = CEL.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], b'"2026-11-22 10:00:00","CHAN_START","x"\n', b"\n", lines[3], lines[4][:20]]))

    seen = end_of(file)

    assert (seen.lines, seen.broken) == (5, 1)


def test_of_a_long_log_only_the_end_is_read_and_no_line_is_cut(tmp_path: Path) -> None:
    file = tmp_path / "firstring.csv"
    whole = CEL.read_bytes()
    file.write_bytes(whole * (TAIL // len(whole) + 3))

    seen = end_of(file)

    assert seen.broken == 0
    assert 0 < seen.lines < len(file.read_bytes().splitlines())
