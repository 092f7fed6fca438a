"""The customer was reached: an answered call in which both sides spoke long enough (F6, F15)."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.evidence import AnsweredCall, answered_calls, unanswered
from crm_core.deals.gate import SINCE, DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings, counts_from
from crm_core.options import Option, OptionKind
from crm_core.text import msgid

SECONDS = Option("seconds", OptionKind.SECONDS, msgid("Two-way speech, at least, seconds"), default=30, least=1, most=3600)


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    """The speech of both sides, from the transcript; where there is none and none will come, the time they were connected."""
    talks = await answered_calls(tx, asked, settings)
    wanted = float(settings["seconds"])
    for call in talks:
        if not call.awaited and call.two_way_seconds >= wanted:
            return Judged(proofs=(_proof(call),))
    awaited = next((call for call in talks if call.awaited and (not call.is_over or call.talk_seconds >= wanted)), None)
    if awaited is not None:
        return Judged((_awaited(awaited),))
    return Judged((_too_little(talks, wanted) if talks else await _nobody(tx, asked, settings),))


def _proof(call: AnsweredCall) -> Proof:
    text = (
        msgid("The customer was reached: %(seconds)s on the line")
        if call.speech_seconds is None
        else msgid("The customer was reached: %(seconds)s of speech on both sides")
    )
    second = None if call.recording_id is None else 0.0
    return Proof("call", text, {"seconds": call.two_way_seconds}, call.started_at, call.id, call.recording_id, second)


def _awaited(call: AnsweredCall) -> Lack:
    facts = {"at": call.started_at.isoformat()}
    if not call.is_over:
        return Lack(LackKind.EVIDENCE, "call", msgid("The call of %(at)s is still going on"), facts, waits=True)
    text = msgid("The call of %(at)s is being written down: how long both sides spoke is known in a moment")
    return Lack(LackKind.EVIDENCE, "call", text, facts, waits=True)


def _too_little(talks: Sequence[AnsweredCall], wanted: float) -> Lack:
    """Of the calls that were answered, the best one, and why it is not enough."""
    best = max(talks, key=lambda call: (call.two_way_seconds, call.started_at))
    facts = {"at": best.started_at.isoformat(), "seconds": best.two_way_seconds, "wanted": wanted}
    if best.one_sided:
        text = msgid("In the call of %(at)s only one side spoke: a conversation of %(wanted)s is asked for")
    else:
        text = msgid("The longest conversation, %(at)s, has %(seconds)s of speech: %(wanted)s are asked for")
    return Lack(LackKind.EVIDENCE, "call", text, facts, asks=("call",))


async def _nobody(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Lack:
    facts = {"since": counts_from(asked, settings).isoformat(), "tries": await unanswered(tx, asked, settings)}
    if facts["tries"]:
        text = msgid("The customer was not reached since %(since)s; calls nobody answered: %(tries)s")
    else:
        text = msgid("The customer was not called since %(since)s")
    return Lack(LackKind.EVIDENCE, "call", text, facts, asks=("call",))


GATE = Gate("call_answered", msgid("A call with the customer"), (SECONDS, SINCE), _judge)
