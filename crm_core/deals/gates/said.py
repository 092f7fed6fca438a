"""Words were said: the transcript of a call has this tag, and quotes it with its place in the recording (F6)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import calls
from crm_core.deals.evidence import AnsweredCall, answered_calls, counting
from crm_core.deals.gate import SINCE, DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings, counts_from
from crm_core.options import Option, OptionKind
from crm_core.tags.tables import call_tags
from crm_core.text import msgid
from crm_core.transcripts.queries import TranscriptStatus
from crm_core.transcripts.tables import transcripts

TAG = Option("tag", OptionKind.TAG, msgid("What has to be heard"), required=True)


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    heard = await _heard(tx, asked, settings)
    if heard is not None:
        return Judged(proofs=(_proof(heard),))
    return Judged((_lack(await answered_calls(tx, asked, settings), asked, settings),))


async def _heard(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Row[Any] | None:
    """The first quote of the newest call that has one."""
    query = (
        select(call_tags, calls.c.started_at, transcripts.c.recording_id)
        .join(calls, calls.c.id == call_tags.c.call_id)
        .outerjoin(transcripts, transcripts.c.id == call_tags.c.transcript_id)
        .where(call_tags.c.tag == settings["tag"], counting(asked, settings))
        .order_by(calls.c.started_at.desc(), call_tags.c.start, call_tags.c.id)
    )
    return (await tx.execute(query.limit(1))).one_or_none()


def _proof(heard: Row[Any]) -> Proof:
    return Proof(
        f"said.{heard.tag}", msgid("It was said: %(tag)s"), {"tag": heard.tag}, heard.started_at, heard.call_id,
        heard.recording_id, heard.start, heard.quote,
    )  # fmt: skip


def _lack(talks: Sequence[AnsweredCall], asked: DealAsked, settings: Settings) -> Lack:
    what, tag = f"said.{settings['tag']}", settings["tag"]
    awaited = next((call for call in talks if call.awaited), None)
    if awaited is not None and not awaited.is_over:
        at = {"at": awaited.started_at.isoformat()}
        return Lack(LackKind.EVIDENCE, what, msgid("The call of %(at)s is still going on"), at, waits=True)
    if awaited is not None:
        text = msgid("The call of %(at)s is not written down yet: whether it was said (%(tag)s) is known in a moment")
        return Lack(LackKind.EVIDENCE, what, text, {"at": awaited.started_at.isoformat(), "tag": tag}, waits=True)
    stuck = next((call for call in talks if call.transcript is TranscriptStatus.PARKED), None)
    if stuck is not None:
        text = msgid("The call of %(at)s could not be written down, so nobody knows whether it was said: %(tag)s")
        return Lack(LackKind.EVIDENCE, what, text, {"at": stuck.started_at.isoformat(), "tag": tag})
    text = msgid("In no call since %(since)s was it said: %(tag)s")
    since = counts_from(asked, settings).isoformat()
    return Lack(LackKind.EVIDENCE, what, text, {"since": since, "tag": tag}, asks=("call",))


GATE = Gate("said", msgid("Words in a call"), (TAG, SINCE), _judge)
