"""The folder of recordings can be read here, and has room."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, note, paste, say
from api.doctor.seen import ExchangeSeen

TITLE = say("Recordings")
ORDER = 130
FAULTS = ("no_recordings", "recordings_unreadable", "recording_unreadable", "little_room")
LEAST_FREE = 1024 * 1024 * 1024  # bytes: about fourteen hours of stereo
GROUP = paste("/etc/systemd/system/firstring.service.d/recordings.conf", "[Service]", "SupplementaryGroups = asterisk")


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    folder = seen.recordings
    if folder is None:
        yield note("no_recordings", say("No folder of recordings is named here: calls stay without audio."))
        return
    if folder.trouble is not None:
        text = say("%(folder)s cannot be read: %(why)s.", folder=folder.path, why=folder.trouble)
        yield fault("recordings_unreadable", text, GROUP, see=f"ls -ld {folder.path}")
        return
    if folder.unreadable is not None:
        text = say("%(file)s in %(folder)s may not be read by us.", file=folder.unreadable, folder=folder.path)
        yield fault("recording_unreadable", text, GROUP, see=f"ls -l {folder.path}")
    else:
        yield fine("recordings_readable", say("%(folder)s can be read.", folder=folder.path))
    if folder.free_bytes < LEAST_FREE:
        text = say("Only %(room)s MB are left for recordings.", room=folder.free_bytes // 2**20)
        yield fault("little_room", text, see=f"df -h {folder.path}")
    else:
        yield fine("room", say("There is room for recordings: %(room)s GB.", room=folder.free_bytes // 2**30))
