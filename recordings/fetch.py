"""The job that follows an answered call: find its recordings, wait until they are closed, keep them, tell of them.

Repeating it is harmless: blobs are named by their content, a row by its call and name. Nothing here names a file outwards.
"""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from prometheus_client import Counter
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.blobs import Blobs
from crm_core.calls.events import Outcome
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.errors import FirstringError
from crm_core.events import Event, EventKind
from crm_core.jobs import Again, Finish, Job, JobKind, JobState, Park, Progress, enqueue, jobs, put_down_again
from recordings.closed import Look, Readiness, look, readiness
from recordings.conversion import LET_READ, Sources, convert
from recordings.errors import RecordingChanged, RecordingNotFound, RecordingsFolderUnusable, RecordingUnreadable
from recordings.locate import FOLDERS, Located, Search, Wanted, locate, usable_root
from recordings.share import Share
from recordings.sides import Conversation, conversations, recorded_customer
from recordings.storing import CallToAttach, Kept, call_to_attach, store

log = structlog.get_logger()

ATTACH_RECORDING = "attach_recording"

STORED = Counter("firstring_recordings_stored", "Recordings attached to their calls")
MISSING = Counter("firstring_recordings_missing", "Calls whose announced recording was not found")

# How long a job waits between its looks for a file that is not there: two minutes in all.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 1, 2, 3, 5, 8, 15, 25, 60))
SILENT_AFTER = 4  # looks after which an exchange that announced nothing is believed not to have recorded
OPEN_AFTER = 12  # looks after which a file at rest whose header was never finished is taken as it is
GIVEN_UP_AFTER = timedelta(days=7)
Folders = Mapping[str, tuple[str, ...]]
"""By dialect: where its exchanges put recordings."""

MOST_ATTEMPTS = 60  # a file that still grows is looked at once a minute at last
STALE_SCRATCH = 86_400  # seconds


async def attach_recordings(tx: AsyncConnection, events: Sequence[Event]) -> None:
    """React to ended calls: one job for each that a person answered, another if more files were announced since."""
    ended = {event.call_id for event in events if event.kind is EventKind.CALL_ENDED and event.call_id is not None}
    query = select(calls.c.id, calls.c.exchange_id, calls.c.key, calls.c.announced)
    answered = query.where(calls.c.id.in_(ended), calls.c.outcome == Outcome.ANSWERED, calls.c.ended_at.is_not(None))
    now = datetime.now(UTC)
    for call in (await tx.execute(answered)).all() if ended else ():
        digest = hashlib.sha256("\n".join(map(str, call.announced)).encode(errors="backslashreplace")).hexdigest()[:16]
        payload = {"call_id": call.id, "exchange_id": call.exchange_id, "key": call.key}
        await enqueue(tx, ATTACH_RECORDING, f"{ATTACH_RECORDING}:{call.id}:{digest}", payload, now=now, call_id=call.id)


async def look_once_more(tx: AsyncConnection, call_ids: Sequence[int], now: datetime) -> None:
    """Have the recordings of these ended calls looked for anew: an audit saw their files. A job that was parked goes on."""
    free = (jobs.c.kind == ATTACH_RECORDING) & jobs.c.call_id.in_(call_ids)
    waiting = set(await tx.scalars(select(jobs.c.call_id).where(free, jobs.c.state != JobState.DONE)))
    parked = update(jobs).where(free, jobs.c.state == JobState.PARKED)
    await tx.execute(parked.values(attempts=0, **put_down_again(now)))
    query = select(calls.c.id, calls.c.exchange_id, calls.c.key).where(calls.c.id.in_(call_ids), calls.c.ended_at.is_not(None))
    for call in (await tx.execute(query)).all():
        payload = {"call_id": call.id, "exchange_id": call.exchange_id, "key": call.key}
        if call.id not in waiting:
            key = f"{ATTACH_RECORDING}:{call.id}:{now:%Y%m%d%H%M%S}"
            await enqueue(tx, ATTACH_RECORDING, key, payload, now=now, call_id=call.id)


async def look_again(tx: AsyncConnection, now: datetime) -> int:
    """Let the parked jobs of the last week have one more look: the folder may have been mended since. Returns how many."""
    parked = (jobs.c.kind == ATTACH_RECORDING) & (jobs.c.state == JobState.PARKED) & (jobs.c.created_at > now - GIVEN_UP_AFTER)
    freed = await tx.execute(update(jobs).where(parked).values(attempts=len(WAITS), **put_down_again(now)))
    return freed.rowcount


def job_kind(
    database: Database, blobs: Blobs, scratch: Path | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    *, folders: Folders | None = None,
) -> JobKind:  # fmt: skip
    """How `attach_recording` is done. `scratch`: the folder to work in, on a disk with room for the longest call."""
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        _clear_stale(scratch)
    return JobKind(ATTACH_RECORDING, _Attaching(database, blobs, scratch, now, folders or {}).work, most_attempts=MOST_ATTEMPTS)


class _Attaching:
    def __init__(
        self, database: Database, blobs: Blobs, scratch: Path | None, now: Callable[[], datetime], folders: Folders
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._scratch = scratch
        self._now = now
        self._folders = folders
        self._looks: dict[int, dict[Path, Look]] = {}  # what each waiting job saw; lost in a restart, seen again
        self._shares: dict[Path, Share] = {}

    async def work(self, job: Job, _progress: Progress) -> Finish:
        async with self._database.read() as connection:
            call = await call_to_attach(connection, job.payload["call_id"], job.payload["exchange_id"], job.payload["key"])
        if call is None or (call.root is None and not call.announced):
            return _nothing
        try:
            return await self._attach(job, call)
        except RecordingChanged as error:
            raise Again(error.say, _wait(job)) from error
        except (RecordingsFolderUnusable, RecordingNotFound, RecordingUnreadable) as error:
            self._looks.pop(job.id, None)
            raise await self._missing(call, error) from error

    async def _attach(self, job: Job, call: CallToAttach) -> Finish:
        if call.root is None:
            raise RecordingsFolderUnusable("the exchange has no recordings folder: set FIRSTRING_RECORDINGS_ROOT")
        root, share = call.root, self._shares.setdefault(call.root, Share(call.root))
        search = await share.do(lambda: _search(root, call, self._folders.get(call.dialect, FOLDERS)))
        await self._wait_for_missing(job, call, search)
        files = await self._wait_until_closed(job, call, search, share)
        kept, unreadable = await self._keep_all(call, files, share)
        self._looks.pop(job.id, None)
        missing = search.missing + unreadable

        async def finish(tx: AsyncConnection) -> None:
            await store(tx, call, kept, missing, self._now())
            STORED.inc(len(kept))
            log.info("recordings_attached", call=call.id, recordings=len(kept), missing=missing)

        if search.missing:
            async with self._database.write() as tx:
                await finish(tx)
            raise Park(f"{search.missing} announced recordings do not lie under {call.root}; they are looked for again")
        return finish

    async def _wait_for_missing(self, job: Job, call: CallToAttach, search: Search) -> None:
        """Raises Again while an announced file may still come, RecordingNotFound when none came at all."""
        silent = not call.announced
        if not search.missing and (search.found or (silent and job.attempts >= SILENT_AFTER)):
            return
        if job.attempts <= len(WAITS):
            raise Again("the recording is not on disk yet", WAITS[job.attempts - 1])
        if not search.found:
            raise RecordingNotFound(f"none of {search.missing} announced files lies under {call.root}")

    async def _wait_until_closed(self, job: Job, call: CallToAttach, search: Search, share: Share) -> dict[str, Located]:
        """The files with sound in them, by name; raises Again until each of them is closed."""
        states = await share.do(lambda: self._judge(job.id, search.found))
        patience = SILENT_AFTER if call.talk_seconds >= 1 else 2  # a buffer may reach the disk a moment after the hang-up
        for state in states.values():
            early = (state is Readiness.OPEN and job.attempts < OPEN_AFTER) or (
                state is Readiness.EMPTY and job.attempts < patience and Readiness.CLOSED not in states.values()
            )
            if state is Readiness.MOVING or early:
                raise Again("the recording is still being written", _wait(job))
        return {file.name: file for file, state in states.items() if state is not Readiness.EMPTY}

    def _judge(self, job_id: int, files: Sequence[Located]) -> dict[Located, Readiness]:
        before = self._looks.get(job_id, {})
        at = self._now().timestamp()
        seen = {file: now for file in files if (now := look(file.path, at))}
        if len(seen) < len(files):
            raise RecordingChanged
        # A look is kept as long as nothing changes, so that impatient looks add up to the time asked for.
        kept = {file.path: _older(before.get(file.path), now) for file, now in seen.items()}
        self._looks[job_id] = kept
        try:
            return {file: readiness(file.path, before.get(file.path), now) for file, now in seen.items()}
        except OSError as error:
            raise RecordingUnreadable(f"it cannot be opened ({error.strerror}): {LET_READ}") from error

    async def _keep_all(self, call: CallToAttach, files: dict[str, Located], share: Share) -> tuple[list[Kept], int]:
        """What could be kept, and how many conversations could not be read; raises RecordingUnreadable if that is all of them."""
        kept, faults = [], []
        for conversation in conversations(files):
            try:
                one = await self._keep(call, conversation, files, share)
            except RecordingUnreadable as error:
                faults.append(error)
            else:
                kept += [one] if one else []
        if faults and not kept and not call.stored:
            raise faults[0]
        return kept, len(faults)

    async def _keep(self, call: CallToAttach, conversation: Conversation, files: dict[str, Located], share: Share) -> Kept | None:
        """Convert one conversation and put it into the blobs; None if it is stored already or holds no sound."""
        if conversation.name in call.stored:
            return None
        sources, last = _sources(call, conversation, files)
        with tempfile.TemporaryDirectory(prefix="firstring-", dir=self._scratch) as folder:
            made = await convert(sources, Path(folder), share)
            if made is None:
                return None
            key = f"recordings/{made.sha256[:2]}/{made.sha256}"
            await self._blobs.put(f"{key}.flac", made.keep)
            await self._blobs.put(f"{key}.mp3", made.play)
        return Kept(
            conversation.name, f"{key}.flac", f"{key}.mp3", made.peaks, made.seconds, made.sides, made.bytes, made.sha256,
            closed=await share.do(lambda: _modified(last.path)),
        )  # fmt: skip

    async def _missing(self, call: CallToAttach, error: FirstringError) -> Park:
        """Tell, once, that a recording which should be there is missing; returns what parks the job."""
        log.warning("recording_missing", call=call.id, why=error.say)
        if not call.announced and not isinstance(error, RecordingUnreadable):
            return Park(f"recordings cannot be looked for: {error.say}")
        MISSING.inc()
        async with self._database.write() as tx:
            await store(tx, call, (), max(1, len(call.announced)), self._now())
        if isinstance(error, RecordingUnreadable):
            return Park(f"recording found, but it cannot be kept: {error.say}")
        return Park(f"recording announced but not on disk: {error.say}")


async def _nothing(_tx: AsyncConnection) -> None:
    """No recording was made of this call."""


def _search(root: Path, call: CallToAttach, folders: tuple[str, ...]) -> Search:
    return locate(usable_root(root), Wanted(call.announced, call.names, call.began, call.ended, folders))


def _sources(call: CallToAttach, conversation: Conversation, files: dict[str, Located]) -> tuple[Sources, Located]:
    """Who is heard on which file, and the file that was closed last."""
    names = (conversation.mix, conversation.first, conversation.second)
    mix, first, second = (files[name] if name else None for name in names)
    of_customer = conversation.names_say_who or recorded_customer(conversation.name, call.direction, call.names)
    customer, manager = (first, second) if of_customer else (second, first)
    last = next(file for file in (mix, customer, manager) if file)
    return Sources(_path(mix), _path(customer), _path(manager), swap=not of_customer), last


def _path(file: Located | None) -> Path | None:
    return file.path if file else None


def _modified(path: Path) -> datetime | None:
    """When a file was last written; None if it is gone or its clock is out of this world."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def _older(before: Look | None, now: Look) -> Look:
    return before if before and (before.size, before.modified_ns) == (now.size, now.modified_ns) else now


def _wait(job: Job) -> timedelta:
    return timedelta(seconds=min(60.0, max(1.05, job.attempts - 3)))


def _clear_stale(scratch: Path) -> None:
    """What a killed process left behind."""
    for folder in scratch.glob("firstring-*"):
        if time.time() - folder.stat().st_mtime > STALE_SCRATCH:
            shutil.rmtree(folder, ignore_errors=True)
