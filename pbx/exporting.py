"""A call cut out of captures or out of the journal as an anonymous capture: the rim of `pbx.anonymising`."""

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crm_core.calls.journal import AMI, CEL, Batch
from pbx.ami.protocol import MessageReader
from pbx.anonymising.capture import Exported, Heap, export, parts, write
from pbx.replay import Heard, messages_of, replay
from pbx.tracking.story import Story


def heap_of_files(files: Iterable[Path], cel: Path | None) -> Heap:
    """Raises OSError."""
    records = [] if cel is None else cel.read_text(errors="replace").splitlines()
    return Heap([list(messages_of(file)) for file in files], records)


def heap_of_journal(batches: Iterable[Batch]) -> Heap:
    """Each connection is a session; what was read in the exchange's records stands apart."""
    heap = Heap([])
    reader, connection = MessageReader(), None
    for batch in batches:
        if batch.source not in (AMI, CEL):
            continue  # of channels they tell nothing
        if batch.source == CEL:
            heap.records.extend(batch.data.decode("utf-8", "replace").splitlines())
            continue
        if batch.connection != connection:
            reader, connection = MessageReader(), batch.connection
            heap.sessions.append([])
        heap.sessions[-1].extend(Heard(raw, batch.received_at.timestamp()) for raw in reader.feed_raw(batch.data))
    return Heap([session for session in heap.sessions if session], heap.records)


def exported(story: Story, heap: Heap, name: str) -> Exported:
    """Raises NotAnonymous. Blocking: it writes into a folder of its own and replays what it wrote."""
    return export(story, heap, name, replayed)


def replayed(files: dict[str, bytes], name: str, options: dict[str, Any]) -> list[dict[str, Any]]:
    with TemporaryDirectory(prefix="firstring-export-") as folder:
        place = Path(folder)
        list(write(files, place))
        sessions, cel = parts(files, name)
        return replay(
            [place / file for file in sessions], cel=place / cel if cel else None, trunks=options["trunks"],
            extensions=options["extensions"], region=options["region"],
        )  # fmt: skip
