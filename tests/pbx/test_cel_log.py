"""A time out of the exchange's CEL file: rotated, compressed, growing, broken, and large."""

import gzip
import os
from pathlib import Path

import pytest

from pbx.records.cel import fault_of
from pbx.records.cel_log import Window, read_window

BEGAN = 1_795_300_000


def row(second: float, call: str = "1.1", kind: str = "CHAN_START") -> bytes:
    return b'"%.6f","%s","79161112233","","","100","in","PJSIP/trunk-1","","","%s","%s","",""\n' % (
        BEGAN + second, kind.encode(), call.encode(), call.encode(),
    )  # fmt: skip


def window(since: float, until: float, begins: float | None = None, *calls: str) -> Window:
    return Window(BEGAN + (since if begins is None else begins), BEGAN + since, BEGAN + until, frozenset(calls))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "firstring.csv"


def test_only_the_rows_of_the_time_are_read(file: Path) -> None:
    file.write_bytes(b"".join(row(second) for second in range(100)))

    part = read_window(file, window(10, 12))

    assert (part.data, part.rows, part.broken) == (row(10) + row(11) + row(12), 3, 0)
    assert part.begins_at == BEGAN


def test_of_calls_that_were_up_their_beginning_is_read_as_well(file: Path) -> None:
    file.write_bytes(row(1, "1.1") + row(2, "2.2") + row(10, "3.3"))

    part = read_window(file, window(9, 20, 0.5, "2.2"))

    assert part.data == row(2, "2.2") + row(10, "3.3")


def test_a_large_file_is_read_from_where_it_matters(file: Path) -> None:
    with file.open("wb") as out:
        for second in range(60_000):
            out.write(row(second, f"{second}.1"))

    part = read_window(file, window(59_990, 59_995))

    assert part.rows == 6
    assert file.stat().st_size > 4 * 1024 * 1024


@pytest.mark.parametrize(
    "names", [("firstring.csv.1", "firstring.csv.2.gz"), ("firstring.csv-20261121", "firstring.csv-20261120.gz")]
)
def test_rotated_files_are_read_as_far_back_as_needed(file: Path, names: tuple[str, str]) -> None:
    newer, older = [file.parent / name for name in names]
    older.write_bytes(gzip.compress(row(1) + row(2)))
    newer.write_bytes(row(3))
    (file.parent / "firstring.csv.bak").write_bytes(b"nothing of ours")
    for age, one in ((200, older), (100, newer)):
        os.utime(one, (BEGAN - age, BEGAN - age))

    without = read_window(file, window(2, 10))
    file.write_bytes(row(4))
    part = read_window(file, window(2, 10))

    assert without.data == row(2) + row(3)
    assert part.data == row(2) + row(3) + row(4)


def test_broken_rows_are_named_by_the_line_of_the_file(file: Path) -> None:
    cut = row(3)[:40] + b"\n"
    named = row(4).replace(b'""', b'"\xc8\xe2\xe0\xed"', 1)
    file.write_bytes(row(1) + row(2) + cut + named + b"\0\0\0\n" + row(5) + row(6)[:-20])

    part = read_window(file, window(2, 10))

    assert (part.rows, part.broken) == (2, 2)
    assert [(name, line) for name, line, _ in part.named] == [("firstring.csv", 3), ("firstring.csv", 4)]
    assert part.data == row(2) + cut + named + row(5)


def test_what_is_no_such_file_is_said(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_window(file, window(0, 1))
    file.write_bytes(b"Master.csv of something else\n" * 3)
    with pytest.raises(ValueError, match="no row"):
        read_window(file, window(0, 1))


def test_beside_it_folders_pipes_and_links_to_nothing_cost_no_records(file: Path) -> None:
    """Whoever opens a pipe that nobody writes into waits for good, and with him every gap."""
    (file.parent / "firstring.csv.1").mkdir()
    os.mkfifo(file.parent / "firstring.csv.2")
    (file.parent / "firstring.csv.3").symlink_to(file.parent / "nothing")
    file.write_bytes(row(3))

    assert read_window(file, window(1, 5)).data == row(3)


def test_a_pipe_in_place_of_the_file_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)

    with pytest.raises(FileNotFoundError):
        read_window(file, window(1, 5))


@pytest.mark.parametrize("time", ["1e300", "4e9", "1_795_300_001", "\u0661\u0667\u0669\u0665\u0663\u0660\u0660\u0660\u0660\u0661",
                                  "-0.0", "999999999999"])  # fmt: skip
def test_a_time_that_cannot_be_is_no_time(time: str) -> None:
    """It stood in the transfers of a call up, and the page of who talks with whom could not be told any more."""
    broken = row(1).replace(b"%.6f" % (BEGAN + 1), time.encode())

    assert fault_of(broken) == "no time"


def test_what_is_wrong_with_a_row_names_nothing_of_it() -> None:
    assert fault_of(row(1).replace(b"%.6f" % (BEGAN + 1), b"79161112233")) is None
    assert fault_of(row(1).replace(b"%.6f" % (BEGAN + 1), b"79161112233 Ivan")) == "no time"
