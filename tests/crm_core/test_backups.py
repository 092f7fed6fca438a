"""Backups: whole or refused, of one moment, and nothing in them is trusted."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from crm_core.blobs import Blobs
from crm_core.calls.tables import call_rings, calls
from crm_core.db import Database
from crm_core.errors import Conflict, Invalid
from crm_core.importing.tables import imports
from crm_core.moving.backup import Key, back_up
from crm_core.moving.restore import chosen, key_keeper, restore
from crm_core.users.accounts import NewUser, create_user
from crm_core.users.tables import Role
from tests.crm_core.backup_room import BLOB, KEY, PLAY, SHA_OF_BLOB, Room, addresses, room, small_room
from tests.everything import fill, sums
from tests.file_stores import S3Server, s3
from tests.office import NOW, Office

__all__ = ["addresses", "room", "s3", "small_room"]


# ---- whole ----------------------------------------------------------------------------------------------------------


async def test_everything_comes_back_also_into_the_other_kind_of_database(room: Room) -> None:
    before = await sums(room.database)

    done = await room.back_up()
    restored = await room.restore()

    assert await sums(room.other) == before
    assert (done.rows, done.files, done.copied, done.missing) == (restored.rows, 2, 2, 0)
    assert b"".join([part async for part in room.other_blobs.read(BLOB)]) == b"the whole conversation"
    assert b"".join([part async for part in room.other_blobs.read(PLAY)]) == b"a small copy"
    assert room.key_file.read_text() == KEY.text
    assert room.key_file.stat().st_mode & 0o777 == 0o600
    assert room.archive.stat().st_mode & 0o077 == 0


async def test_rows_of_every_table_come_back(addresses: tuple[str, str], tmp_path: Path) -> None:
    here, there = (Database(url) for url in addresses)
    await fill(here)
    blobs = Blobs(tmp_path / "blobs")
    await back_up(here, blobs, tmp_path / "archive", Key("k", kept=False), NOW, "0.1.0")

    backup = chosen(tmp_path / "archive", None)
    await restore(tmp_path / "archive", backup, there, blobs, key_keeper(tmp_path / "none"))

    assert await sums(there) == await sums(here)
    for database in (here, there):
        await database.close()


async def test_a_table_that_waits_to_be_taken_in_comes_back_too(small_room: Room) -> None:
    async with small_room.database.write() as tx:
        starter = await create_user(tx, NewUser("nina@office.test", "Нина", Role.HEAD), now=NOW, by=None)
        row = {"user_id": starter, "file_name": "t.csv", "blob": "imports/ab", "sha256": "ab", "state": "new", "created_at": NOW}
        await tx.execute(insert(imports).values(row))
    await small_room.blobs.put_bytes("imports/ab", b"name\nIvan\n")

    done = await small_room.back_up()
    await small_room.restore()

    assert (done.files, done.missing) == (3, 0)
    assert await small_room.other_blobs.size("imports/ab") == 10


async def test_only_what_is_new_is_copied_again(small_room: Room) -> None:
    first = await small_room.back_up()
    await small_room.blobs.put_bytes(PLAY, b"a small copy, encoded anew")
    second = await small_room.back_up()
    third = await small_room.back_up()

    assert [one.copied for one in (first, second, third)] == [2, 1, 0]
    assert [one.files for one in (first, second, third)] == [2, 2, 2]
    await small_room.restore(first.folder.name)
    assert await small_room.other_blobs.size(PLAY) == len(b"a small copy")


async def test_files_go_from_s3_and_into_it(small_room: Room, s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3.settings.items():
        monkeypatch.setenv(name, value)
    here, there = s3.bucket(), s3.bucket()
    for key in (BLOB, PLAY):
        await Blobs(f"s3://{here}/audio").put_bytes(key, key.encode())
    small_room.blobs, small_room.other_blobs = Blobs(f"s3://{here}/audio"), Blobs(f"s3://{there}")

    assert (await small_room.back_up()).copied == 2
    await small_room.restore()

    assert s3.keys(there) == [BLOB, PLAY]
    assert s3.client().get_object(Bucket=there, Key=BLOB)["Body"].read() == BLOB.encode()


async def test_a_file_that_is_gone_from_the_store_is_counted_and_the_rest_is_kept(small_room: Room) -> None:
    await small_room.blobs.delete(PLAY)

    done = await small_room.back_up()
    restored = await small_room.restore()

    assert (done.files, done.missing, restored.files, restored.missing) == (1, 1, 1, 1)


async def test_the_key_may_be_left_out(small_room: Room) -> None:
    done = await small_room.back_up(Key(KEY.text, kept=False))
    restored = await small_room.restore()

    assert not (done.folder / "secret_key").exists()
    assert (restored.key, restored.key_mark) == (None, KEY.mark)
    assert not small_room.key_file.exists()
    assert KEY.text not in (done.folder / "manifest.json").read_text()


async def test_a_backup_under_way_sees_one_moment(room: Room) -> None:
    """Each call comes with its ring in one transaction: a backup with one more of the one than of the other has torn it."""
    office = Office(room.database, None)  # type: ignore[arg-type]
    exchange = (await office.the(calls)).exchange_id
    over = asyncio.Event()

    async def ring() -> int:
        number = 0
        while not over.is_set():
            number += 1
            row = {"exchange_id": exchange, "key": str(number), "direction": "inbound", "state": "ended", "started_at": NOW}
            async with room.database.write() as tx:
                call = (await tx.execute(insert(calls).values(row).returning(calls.c.id))).scalar_one()
                await tx.execute(insert(call_rings).values(call_id=call, position=0, extension="101", rang_at=NOW))
        return number

    ringing = asyncio.create_task(ring())
    done = [await room.back_up() for _ in range(3)]
    over.set()
    rang = await ringing

    await room.restore(done[1].folder.name)
    async with room.other.read() as connection:
        counts = [await connection.scalar(select(func.count()).select_from(one)) for one in (calls, call_rings)]
    assert rang > 3
    assert counts[0] == counts[1]
    assert done[0].rows < done[1].rows < done[2].rows


# ---- refused --------------------------------------------------------------------------------------------------------

OF_A_BACKUP = ["manifest.json", "tables/calls.jsonl.gz", "tables/sessions.jsonl.gz", "files.jsonl.gz", "secret_key", "SHA256SUMS"]


@pytest.mark.parametrize("name", [*OF_A_BACKUP, f"../files/{SHA_OF_BLOB[:2]}/{SHA_OF_BLOB}"])
@pytest.mark.parametrize("damage", ["gone", "cut", "flipped", "link"])
async def test_one_damaged_file_and_nothing_is_touched(small_room: Room, name: str, damage: str) -> None:
    file = (await small_room.back_up()).folder / name
    whole = file.read_bytes()
    if damage == "gone":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(whole[: len(whole) * 2 // 3])
    elif damage == "flipped":
        file.write_bytes(whole[:5] + bytes([whole[5] ^ 1]) + whole[6:])
    else:
        elsewhere = small_room.archive.parent / "elsewhere"
        elsewhere.write_bytes(whole)
        file.unlink()
        file.symlink_to(elsewhere)

    with pytest.raises(Invalid, match=r"damaged|incomplete|no whole backup"):
        await small_room.restore()

    assert await small_room.is_untouched()
    assert not list((small_room.archive.parent / "other" / "blobs").rglob("*.*"))


async def test_a_backup_that_broke_off_is_none(small_room: Room) -> None:
    done = await small_room.back_up()
    done.folder.rename(done.folder.with_name(f"{done.folder.name}.partial"))

    with pytest.raises(Invalid, match="no whole backup"):
        await small_room.restore()
    await small_room.back_up()
    assert len(list(small_room.archive.glob("2*"))) == 1


async def test_a_backup_that_was_restored_is_restored_once_more_without_harm(room: Room) -> None:
    """Who was killed at the very end, or did not see it, does it again."""
    await room.back_up()
    first = await room.restore()

    again = await room.restore()

    assert (again.rows, again.files) == (first.rows, first.files)
    assert await sums(room.other) == await sums(room.database)


async def test_an_installation_with_anything_else_in_it_is_left_alone(room: Room) -> None:
    await room.back_up()
    await room.restore()
    async with room.other.write() as tx:
        await create_user(tx, NewUser("nina@office.test", "Нина", Role.HEAD), now=NOW, by=None)
    before = await sums(room.other)

    with pytest.raises(Conflict, match="holds data already"):
        await room.restore()

    assert await sums(room.other) == before


async def test_another_key_is_not_overwritten(small_room: Room) -> None:
    await small_room.back_up()
    small_room.key_file.write_text("another key")

    with pytest.raises(Conflict, match="Another key lies in"):
        await small_room.restore()

    assert small_room.key_file.read_text() == "another key"
    assert await small_room.is_untouched()


async def test_two_backups_into_one_folder_at_a_time_are_refused(small_room: Room) -> None:
    both = await asyncio.gather(small_room.back_up(), small_room.back_up(), return_exceptions=True)
    assert sorted(type(one).__name__ for one in both) == ["BackedUp", "Conflict"]
