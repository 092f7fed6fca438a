"""A deal on a stage with gates, and the evidence that satisfies them, one line for each fact."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, insert, select

from crm_core.calls.tables import calls
from crm_core.deals.gate import Judged
from crm_core.deals.judging import fitted_gates, judge_leaving
from crm_core.deals.tables import stages
from crm_core.jobs import JobState, jobs
from crm_core.meetings.tables import meetings
from crm_core.recordings.tables import recordings
from crm_core.tags.tables import call_tags
from crm_core.transcripts.queries import TRANSCRIBE_JOB
from crm_core.transcripts.tables import transcripts
from tests.office import NOW, Office

CUSTOMER = "79161112233"


class Funnel:
    """`await Funnel.begun(office)`: Olga (101) has a deal with Pavel on the third stage since an hour ago."""

    def __init__(self, office: Office, olga: int, contact: int, deal: int, stage_ids: list[int]) -> None:
        self.office = office
        self.olga, self.contact, self.deal, self.stage_ids = olga, contact, deal, stage_ids
        self.since = NOW - timedelta(hours=1)

    @classmethod
    async def begun(cls, office: Office, stage: int = 2, olga: int | None = None) -> "Funnel":
        """`olga`: who works here already."""
        olga = olga or await office.person("Ольга", "101")
        contact = await office.contact(CUSTOMER, "Павел Ремизов", owner=olga, company="ООО «Северный склад»")
        rows = sorted(await office.rows(stages), key=lambda row: row.position)
        funnel = cls(office, olga, contact, await office.deal(contact, stage, owner=olga), [row.id for row in rows])
        await office.set(stages.metadata.tables["deals"], funnel.deal, stage_since=funnel.since)
        return funnel

    async def gate(self, name: str, *, stage: int = 2, **settings: Any) -> None:
        """One more gate to leave the stage at this place (0 is the first)."""
        row = await self.office.the(stages, id=self.stage_ids[stage])
        added = fitted_gates([{"gate": name, "settings": settings}])
        await self.office.set(stages, row.id, gates=[*row.gates, *added])

    async def no_gates(self) -> None:
        for stage_id in self.stage_ids:
            await self.office.set(stages, stage_id, gates=[])

    async def judged(self, to: int = 3) -> Judged:
        async with self.office.database.read() as connection:
            return await judge_leaving(connection, self.deal, self.stage_ids[to])

    async def call(self, *, at: datetime = NOW, seconds: float = 90.0, answered: bool = True, **facts: Any) -> int:
        """A call with Pavel; `seconds` of talk, None of facts: it is over when they are."""
        row = {
            "exchange_id": self.office.exchange.id, "key": f"funnel.{at.timestamp()}", "direction": "outbound", "state": "ended",
            "started_at": at, "answered_at": at if answered else None, "ended_at": at + timedelta(seconds=seconds),
            "talk_seconds": seconds if answered else 0.0, "outcome": "answered" if answered else "no_answer",
            "contact_id": self.contact, "deal_id": self.deal, "user_id": self.olga, "callee": CUSTOMER,
        }  # fmt: skip
        return await self._added(calls, **{**row, **facts})

    async def recording(self, call: int, *, queued: bool = False) -> int:
        """Its sound; `queued`: whose transcript is still to come."""
        stored = await self._added(
            recordings, call_id=call, name=f"{call}.wav", contact_id=self.contact, deal_id=self.deal, blob=f"recordings/{call}",
            seconds=90.0, sides=2, bytes=1, sha256="0" * 64, stored_at=NOW,
        )  # fmt: skip
        if queued:
            await self.transcript_job(call)
        return stored

    async def transcript_job(self, call: int, state: JobState = JobState.QUEUED) -> None:
        await self._added(
            jobs, kind=TRANSCRIBE_JOB, dedupe_key=f"funnel.{call}", payload={}, state=state.value, run_after=NOW, call_id=call,
            created_at=NOW,
        )  # fmt: skip

    async def transcript(self, call: int, **speech_seconds: float) -> int:
        """What was said in it, with seconds of speech by side; makes the recording where there is none."""
        async with self.office.database.read() as connection:
            stored = await connection.scalar(select(recordings.c.id).where(recordings.c.call_id == call))
        return await self._added(
            transcripts, recording_id=stored or await self.recording(call), call_id=call, language="ru", model="null",
            speech_seconds=speech_seconds, made_at=NOW,
        )  # fmt: skip

    async def tag(self, call: int, transcript: int, tag: str = "meeting_agreed", quote: str = "в четверг в одиннадцать") -> int:
        return await self._added(
            call_tags, call_id=call, transcript_id=transcript, tag=tag, segment=0, word_start=0, word_end=3, start=74.0, end=76.5,
            quote=quote, at=NOW,
        )  # fmt: skip

    async def meeting(self, **facts: Any) -> int:
        """Planned for tomorrow with all that is asked for, unless facts say otherwise."""
        row = {
            "deal_id": self.deal, "user_id": self.olga, "contact_id": self.contact, "place": "Лесная, 5",
            "at": NOW + timedelta(days=1), "state": "planned", "created_at": NOW,
        }  # fmt: skip
        return await self._added(meetings, **{**row, **facts})

    async def _added(self, table: Table, **values: Any) -> int:
        async with self.office.database.write() as tx:
            return int((await tx.execute(insert(table).values(values).returning(table.c.id))).scalar_one())


def says(judged: Judged) -> list[str]:
    """What is missing, named for programs."""
    return [lack.what for lack in judged.lacks]
