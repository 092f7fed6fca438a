"""The pages served for a test: a real server in a thread of its own, a small office behind it, calls told to it live."""

import asyncio
import hashlib
import math
import struct
import threading
import wave
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config
from sqlalchemy import insert

from api.app import create_app
from api.context import AppContext
from crm_core.blobs import Blobs
from crm_core.calls.events import CallEvent
from crm_core.calls.tables import calls
from crm_core.db import Database
from crm_core.live import Wake
from crm_core.recordings.tables import recordings
from crm_core.secrets import SecretBox
from crm_core.settings import Settings
from crm_core.tags.tables import call_tags
from crm_core.transcripts.tables import transcript_segments, transcripts
from crm_core.users import passwords
from crm_core.users.accounts import set_password
from crm_core.users.tables import Role
from tests.office import Office
from tests.product import eventually, free_port

T = TypeVar("T")

PASSWORD = "a good password"
SAID = (
    ("manager", "Студия «Весна», добрый день, меня зовут Ольга."),
    ("customer", "Здравствуйте, сколько стоит сайт на пять страниц?"),
    ("manager", "От ста тысяч. Давайте встретимся в четверг в одиннадцать?"),
    ("customer", "Да, в четверг удобно."),
)
SECONDS = 24.0


class Site:
    """`people`: e-mail by role. What happens is told by `take`, as the listener would tell it."""

    def __init__(self, folder: Path, url: str) -> None:
        settings = Settings(data_dir=folder, language="ru", timezone="Europe/Moscow", port=free_port())
        wake = Wake()
        self.database = Database(url)
        self.database.on_commit(wake.wake)
        self.context = AppContext(settings, self.database, Blobs(folder / "blobs"), SecretBox("a key for tests"), wake)
        self.url = f"http://127.0.0.1:{settings.port}"
        self.people: dict[Role, int] = {}
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> "Site":
        self._thread.start()
        eventually(self._answers, what="the site")
        return self

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/login", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        """Streams end first, as in the product: a request cut off in mid-query would leave its connection behind."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._begin_to_stop)
        self._thread.join(20)

    def _begin_to_stop(self) -> None:
        self.context.stopping.set()
        self.streams.end_all()
        self._stopped.set()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the site's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def hire(self, name: str, extension: str) -> str:
        """Another manager at this phone; tells the e-mail with which he logs in."""
        return self.do(self._hire_manager(name, extension))

    async def _hire_manager(self, name: str, extension: str) -> str:
        user = await self.office.person(name, extension)
        async with self.database.write() as tx:
            await set_password(tx, user, await passwords.hashed(PASSWORD), now=datetime.now(UTC), by=None)
        return f"{name.split(maxsplit=1)[0].casefold()}{extension}@office.test"

    def take(self, events: Sequence[CallEvent]) -> None:
        self.do(self.office.take(events))

    def record(self, caller: str) -> int:
        """The last call of this caller gets a recording of two voices, its words and its tags; tells the call's id."""
        return self.do(self._record(caller))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self.office = await Office.opened(self.database)
        await self._hire()
        app = create_app(self.context)
        self.streams = app.state.streams
        config = Config()
        config.bind = [self.url.removeprefix("http://")]
        config.errorlog = None
        following = asyncio.create_task(app.state.streams.run())
        await serve(app, config, shutdown_trigger=self._stopped.wait)  # type: ignore[arg-type]
        following.cancel()
        await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, timeout=10)
        await self.database.close()

    async def _hire(self) -> None:
        hashed = await passwords.hashed(PASSWORD)
        for name, extension, role in (
            ("Olga Kotova", "101", Role.MANAGER), ("Anna Kim", None, Role.HEAD),
            ("Petr Vlasov", None, Role.QA), ("Ada Admin", None, Role.ADMIN),
        ):  # fmt: skip
            user = self.people[role] = await self.office.person(name, extension, role)
            async with self.database.write() as tx:
                await set_password(tx, user, hashed, now=datetime.now(UTC), by=None)

    def email(self, role: Role) -> str:
        name = {Role.MANAGER: "olga101", Role.HEAD: "annahead", Role.QA: "petrqa", Role.ADMIN: "adaadmin"}[role]
        return f"{name}@office.test"

    async def _record(self, caller: str) -> int:
        call = (await self.office.rows(calls, caller=caller))[-1]
        file = await asyncio.to_thread(_two_voices, self._folder / "talk.wav")
        data = file.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        key = f"recordings/{digest[:2]}/{digest}.wav"
        await self.context.blobs.put(key, file)
        now = datetime.now(UTC)
        sides = [
            [200 if (second // 6) % 2 == side else 2 for second in range(int(SECONDS)) for _ in range(20)] for side in (1, 0)
        ]
        row = {
            "call_id": call.id, "name": "talk.wav", "contact_id": call.contact_id, "deal_id": call.deal_id,
            "stage_id": call.stage_id, "blob": key, "play_blob": key, "peaks": {"per_second": 20, "sides": sides},
            "seconds": SECONDS, "sides": 2, "bytes": len(data), "sha256": digest, "started_at": now, "stored_at": now,
        }  # fmt: skip
        async with self.database.write() as tx:
            recording = (await tx.execute(insert(recordings).values(row).returning(recordings.c.id))).scalar_one()
            await _write_down(tx, recording, call.id, now)
        return int(call.id)


async def _write_down(tx: Any, recording: int, call: int, now: datetime) -> None:
    row = {
        "recording_id": recording, "call_id": call, "language": "ru", "model": "base",
        "speech_seconds": {"manager": 9.0, "customer": 6.0}, "made_at": now,
    }  # fmt: skip
    transcript = (await tx.execute(insert(transcripts).values(row).returning(transcripts.c.id))).scalar_one()
    for position, (side, text) in enumerate(SAID):
        start = 6.0 * position + 0.5
        words = [[start + 0.5 * n, start + 0.5 * n + 0.4, f" {word}", 0.9] for n, word in enumerate(text.split())]
        segment = {"transcript_id": transcript, "position": position, "side": side, "start": start,
                   "end": start + 0.5 * len(words), "text": text, "confidence": 0.9, "words": words}  # fmt: skip
        await tx.execute(insert(transcript_segments).values(segment))
    tag = {"call_id": call, "transcript_id": transcript, "tag": "price_asked", "segment": 1, "word_start": 1, "word_end": 2,
           "start": 7.0, "end": 7.9, "quote": "сколько стоит", "at": now}  # fmt: skip
    await tx.execute(insert(call_tags).values(tag))


def _two_voices(file: Path) -> Path:
    """Two tones that take turns: the manager's right, the customer's left."""
    rate = 8000
    samples = [int(8000 * math.sin(place / 4)) for place in range(rate)]
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(rate)
        for second in range(int(SECONDS)):
            manager = (second // 6) % 2 == 0
            out.writeframes(b"".join(struct.pack("<hh", *((0, one) if manager else (one, 0))) for one in samples))
    return file
