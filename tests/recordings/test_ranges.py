"""What a Range header asks for, by RFC 9110."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.ranges import ByteRange, UnsatisfiableRange, parse_range


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-", 0, 1000), ("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=999-", 999, 1000), ("bytes=0-999", 0, 1000),
     ("bytes=0-5000", 0, 1000), ("bytes=-1", 999, 1000), ("bytes=-5000", 0, 1000), ("BYTES=1-2", 1, 3), (" bytes = 1 - 2 ", 1, 3),
     ("bytes=0-99999999999999999999999999", 0, 1000), ("bytes=00-0001", 0, 2)],
)  # fmt: skip
def test_one_range_is_served(header: str, start: int, end: int) -> None:
    assert parse_range(header, 1000) == ByteRange(start, end, 1000)


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999999999-"])
def test_a_range_behind_the_end_cannot_be_served(header: str) -> None:
    with pytest.raises(UnsatisfiableRange) as refused:
        parse_range(header, 1000)

    assert refused.value.content_range == "bytes */1000"


@pytest.mark.parametrize("header", ["bytes=0-", "bytes=-5", "bytes=0-0"])
def test_nothing_of_an_empty_file_can_be_served(header: str) -> None:
    with pytest.raises(UnsatisfiableRange):
        parse_range(header, 0)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=0-1,5-6", "bytes=0x1-2", "items=0-1", "bytes=--1",
     "bytes=1--2", "bytes=+1-2", "bytes=1.5-2", "bytes=٣-٤", "bytes=0-1\r\nX: y", "bytes=0-1\0", "bytes=" + "9" * 5000 + "-",
     "bytes=" + "0-1," * 10000],
)  # fmt: skip
def test_what_is_no_single_range_is_answered_with_the_whole(header: str | None) -> None:
    assert parse_range(header, 1000) is None


def test_the_answers_header_counts_from_first_to_last() -> None:
    assert ByteRange(10, 20, 1000).content_range == "bytes 10-19/1000"


@given(st.text(max_size=60) | st.from_regex(r"bytes=[0-9]{0,25}-[0-9]{0,25}", fullmatch=True), st.integers(0, 10**12))
def test_whatever_is_sent_the_range_lies_within_the_file(header: str, size: int) -> None:
    try:
        asked = parse_range(header, size)
    except UnsatisfiableRange:
        return

    assert asked is None or 0 <= asked.start < asked.end <= size
