"""A meeting was held, and what was agreed is written down (F16)."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.gate import SINCE, DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings, counts_from
from crm_core.deals.meetings_of import meetings_of
from crm_core.options import Option, OptionKind
from crm_core.text import clean, msgid

LETTERS = Option(
    "letters", OptionKind.NUMBER, msgid("Length of the agreements, at least, letters"), default=10, least=1, most=2000
)


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    since = counts_from(asked, settings)
    held = [meeting for meeting in await meetings_of(tx, asked.deal.id) if meeting.state == "held" and meeting.held_at >= since]
    if not held:
        text, asks = msgid("No meeting was held since %(since)s"), ("meeting.agreements",)
        return Judged((Lack(LackKind.TASK, "meeting.held", text, {"since": since.isoformat()}, asks=asks),))
    best = max(held, key=lambda meeting: len(_agreed(meeting)))
    if len(_agreed(best)) < settings["letters"]:
        text = msgid("What was agreed at the meeting is not written down")
        return Judged((Lack(LackKind.TASK, "meeting.agreements", text, asks=("meeting.agreements",)),))
    text, facts = msgid("Agreed at the meeting: %(agreed)s"), {"agreed": clean(_agreed(best), 120)}
    return Judged(proofs=(Proof("meeting.agreements", text, facts, best.held_at),))


def _agreed(meeting: Row[Any]) -> str:
    return (meeting.agreements or "").strip()


GATE = Gate("meeting_held", msgid("What was agreed at the meeting"), (LETTERS, SINCE), _judge)
