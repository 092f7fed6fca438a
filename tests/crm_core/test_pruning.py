"""Old backups go with the audio that only they named; what is kept stays whole, and nobody else's file is touched."""

from datetime import timedelta
from pathlib import Path

import pytest

from crm_core.moving import archive as form
from crm_core.moving.pruning import Pruned
from tests.crm_core.backup_room import BLOB, KEY, PLAY, Room, small_room
from tests.database_fixtures import postgres, template

__all__ = ["postgres", "small_room", "template"]


def stored(room: Room) -> set[str]:
    return {file.name for file in (room.archive / "files").rglob("*") if file.is_file()}


def kept(room: Room) -> list[str]:
    return [one.name for one in form.backups(room.archive)]


async def test_so_many_stay_and_audio_that_only_the_others_had_goes(small_room: Room) -> None:
    first = await small_room.back_up()
    (before,) = (one.sha256 for one in form.files_of(first.folder) if one.key == PLAY)
    await small_room.blobs.put_bytes(PLAY, b"a small copy, encoded anew")
    second = await small_room.back_up()

    third = await small_room.back_up(keep=2)
    fourth = await small_room.back_up(keep=2)

    assert (third.pruned, fourth.pruned) == (Pruned(1, 1, len(b"a small copy")), Pruned(1, 0, 0))
    assert kept(small_room) == [third.folder.name, fourth.folder.name]
    assert not second.folder.exists()
    assert before not in stored(small_room)
    await small_room.restore(third.folder.name)
    assert await small_room.other_blobs.size(PLAY) == len(b"a small copy, encoded anew")
    assert await small_room.other_blobs.size(BLOB) == len(b"the whole conversation")


async def test_without_being_told_nothing_goes(small_room: Room) -> None:
    done = [await small_room.back_up() for _ in range(4)]

    assert len(kept(small_room)) == 4
    assert {one.pruned for one in done} == {None}


async def test_one_is_the_least_and_it_is_whole(small_room: Room) -> None:
    await small_room.back_up()
    done = await small_room.back_up(keep=1)

    assert kept(small_room) == [done.folder.name]
    assert (await small_room.restore()).rows == done.rows


@pytest.mark.parametrize("damage", ["gone", "flipped", "no sums"])
async def test_while_a_list_of_files_cannot_be_read_no_audio_goes(small_room: Room, damage: str) -> None:
    await small_room.back_up()
    await small_room.blobs.put_bytes(PLAY, b"a small copy, encoded anew")
    damaged = (await small_room.back_up()).folder
    before = stored(small_room)
    if damage == "no sums":
        (damaged / "SHA256SUMS").unlink()
    elif damage == "gone":
        (damaged / "files.jsonl.gz").unlink()
    else:
        whole = (damaged / "files.jsonl.gz").read_bytes()
        (damaged / "files.jsonl.gz").write_bytes(whole[:20] + bytes([whole[20] ^ 1]) + whole[21:])

    done = await small_room.back_up(keep=2)

    assert done.pruned is not None
    assert done.pruned.unsure == damaged.name
    assert stored(small_room) >= before
    assert damaged.exists()


async def test_what_is_not_ours_in_the_folder_stays(small_room: Room, tmp_path: Path) -> None:
    await small_room.back_up()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ("a" * 64)).write_bytes(b"another's")
    (small_room.archive / "files" / "aa").symlink_to(elsewhere)
    (small_room.archive / "files" / "notes.txt").write_text("of the admin")
    (small_room.archive / "readme").mkdir()

    await small_room.back_up(KEY, keep=1)

    assert (elsewhere / ("a" * 64)).exists()
    assert (small_room.archive / "files" / "notes.txt").exists()
    assert (small_room.archive / "readme").exists()


async def test_who_was_killed_while_it_went_leaves_nothing_that_looks_whole(small_room: Room) -> None:
    old = (await small_room.back_up()).folder
    old.rename(old.with_name(f"{old.name}.partial"))  # the first step of a removal

    done = await small_room.back_up(keep=5)

    assert kept(small_room) == [done.folder.name]
    assert not list(small_room.archive.glob("*.partial"))


async def test_two_in_one_second_are_two(small_room: Room) -> None:
    first = await small_room.back_up()
    small_room.time -= timedelta(days=1)  # each comes a day after the one before

    second = await small_room.back_up()

    assert kept(small_room) == [first.folder.name, second.folder.name]
