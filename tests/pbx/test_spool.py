"""What was received and not stored yet is kept whole and in order, also over a full disk and a crash."""

import asyncio
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pbx.received import Received
from pbx.spool import Spool


@contextmanager
def full_disk(file_bytes: int) -> Iterator[None]:
    """Until then no file of ours may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def piece(number: int, connection: str = "a", at: float = 0.0) -> Received:
    return Received(connection, number * 100, at, b"%d" % number * 100)


async def drained(spool: Spool) -> list[Received]:
    found: list[Received] = []
    while taken := await spool.take(10**9, 1.0):
        found += taken
    return found


async def test_what_memory_cannot_hold_goes_to_a_file_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", memory=250)
    for number in range(6):
        await spool.put(piece(number))
    assert (tmp_path / "spool").stat().st_mode & 0o777 == 0o600
    first = await spool.take(150, 1.0)
    for number in range(6, 9):
        await spool.put(piece(number))

    assert first + await drained(spool) == [piece(number) for number in range(9)]
    assert spool.bytes_waiting == 0
    assert not (tmp_path / "spool").exists()


async def test_what_was_not_stored_is_there_for_the_next_start(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", memory=150)
    for number in range(1, 5):
        await spool.put(piece(number))
    spool.save([piece(0)])

    assert await drained(Spool(tmp_path / "spool")) == [piece(number) for number in range(5)]


async def test_a_piece_written_only_in_part_costs_no_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", memory=0)
    await spool.put(piece(1))
    await spool.put(piece(2))
    file = tmp_path / "spool"
    file.write_bytes(file.read_bytes()[:-30])

    again = Spool(file, memory=0)
    await again.put(piece(3))

    assert await drained(again) == [piece(1), piece(3)]


async def test_pieces_of_two_connections_or_of_two_moments_are_not_mixed(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    for received in (piece(1), piece(2), piece(3, at=5.0), piece(4, "b", at=5.0)):
        await spool.put(received)

    taken = [await spool.take(10**6, 1.0) for _ in range(3)]

    assert [[each.offset for each in pieces] for pieces in taken] == [[100, 200], [300], [400]]


async def test_a_full_disk_costs_only_what_came_while_it_was_full(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", memory=0)
    await spool.put(piece(1))
    with full_disk((tmp_path / "spool").stat().st_size + 50), pytest.raises(OSError, match="File too large"):
        await spool.put(piece(2))
    await spool.put(piece(3))

    assert await drained(spool) == [piece(1), piece(3)]
    assert spool.bytes_waiting == 0


async def test_what_comes_while_older_pieces_are_taken_from_the_file_stays_behind_them(tmp_path: Path) -> None:
    Spool(tmp_path / "spool").save([piece(number) for number in range(5)])
    spool = Spool(tmp_path / "spool")

    taken, _ = await asyncio.gather(spool.take(10**6, 1.0), spool.put(piece(5)))

    assert taken + await drained(spool) == [piece(number) for number in range(6)]


async def test_a_second_process_waits_for_the_first(tmp_path: Path) -> None:
    first, second = Spool(tmp_path / "spool"), Spool(tmp_path / "spool")
    entered: list[str] = []

    async def enter() -> None:
        async with second.opened():
            entered.append("second")

    async with first.opened():
        waiting = asyncio.create_task(enter())
        await asyncio.wait([waiting], timeout=0.1)
        entered.append("first")
        first.save([piece(1)])
    await asyncio.wait_for(waiting, 5)

    assert entered == ["first", "second"]
    assert await drained(second) == [piece(1)]
