"""The data folder is ours alone, can be written and has room."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, say, unknown
from api.doctor.seen import HouseSeen

TITLE = say("Data folder")
ORDER = 10
FAULTS = ("folder_unwritable", "folder_open", "key_open", "folder_full")
LEAST_FREE = 1024 * 1024 * 1024  # bytes
OTHERS = 0o077


def look(seen: HouseSeen) -> Iterator[Finding]:
    folder = seen.data_dir
    if seen.writable is not None:
        text = say("The data folder %(folder)s cannot be written: %(why)s.", folder=folder, why=seen.writable)
        yield fault("folder_unwritable", text, see=f"ls -ld {folder}")
        return
    if seen.mode is None:
        yield unknown("folder_unknown", say("The mode of the data folder could not be seen."), see=f"ls -ld {folder}")
    elif seen.mode & OTHERS:
        text = say("Others on this machine may look into %(folder)s: calls and what was said lie there.", folder=folder)
        yield fault("folder_open", text, see=f"chmod 700 {folder}")
    else:
        yield fine("folder_ours", say("The data folder %(folder)s is ours alone.", folder=folder))
    if seen.key_mode is not None and seen.key_mode & OTHERS:
        yield fault(
            "key_open", say("Others may read the key that all secrets are sealed with."), see=f"chmod 600 {folder}/secret_key"
        )
    yield from _room(seen)


def _room(seen: HouseSeen) -> Iterator[Finding]:
    if seen.free_bytes is None:
        yield unknown("room_unknown", say("How much room is left could not be seen."), see=f"df -h {seen.data_dir}")
    elif seen.free_bytes < LEAST_FREE:
        text = say("Only %(room)s MB are left for the data folder.", room=seen.free_bytes // 2**20)
        yield fault("folder_full", text, see=f"df -h {seen.data_dir}")
    else:
        yield fine("folder_room", say("There is room in the data folder: %(room)s GB.", room=seen.free_bytes // 2**30))
