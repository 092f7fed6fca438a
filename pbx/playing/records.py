"""The practice exchange's own log of events: a line a CEL event, in the columns of our `cel_custom.conf`."""

from pathlib import Path

from pbx.playing.stream import Told

_COLUMNS = (
    "EventName", "CallerIDnum", "CallerIDname", "CallerIDdnid", "Exten", "Context", "Channel", "Application", "AppData",
    "UniqueID", "LinkedID", "Peer", "Extra",
)  # fmt: skip


class RecordsFile:
    """Written line by line, as Asterisk does."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def note(self, event: Told) -> None:
        """Other events than CEL's are passed over."""
        if event.name == "CEL":
            with self._file.open("ab") as out:
                out.write(_line(event))


def _line(event: Told) -> bytes:
    told = dict(event.headers)
    values = [f"{event.at:.6f}", *(told.get(name, "") for name in _COLUMNS)]
    quoted = ",".join('"' + value.replace('"', '""').replace("\r", " ").replace("\n", " ") + '"' for value in values)
    return f"{quoted}\n".encode("utf-8", "surrogateescape")
