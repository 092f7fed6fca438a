"""A meeting is set: who goes, with whom, where and when (F15)."""

from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.gate import DealAsked, Gate, Judged, Lack, LackKind, Proof, Settings
from crm_core.deals.meetings_of import meetings_of, missing_parts
from crm_core.options import Option, OptionKind
from crm_core.text import clean, msgid

WHO, WHOM, PLACE, AT, NOTES = "user_id", "contact_id", "place", "at", "notes"
PARTS = Option(
    "parts", OptionKind.CHOICES, msgid("What has to be known of it"), default=[WHO, WHOM, PLACE, AT],
    choices=((WHO, msgid("who goes")), (WHOM, msgid("with whom")), (PLACE, msgid("where")), (AT, msgid("when")),
             (NOTES, msgid("notes for it"))),
)  # fmt: skip
NOT_SAID = {
    WHO: msgid("The meeting: it is not said who goes"),
    WHOM: msgid("The meeting: it is not said with whom"),
    PLACE: msgid("The meeting: it is not said where"),
    AT: msgid("The meeting: it is not said when"),
    NOTES: msgid("The meeting: there are no notes for it"),
}


async def _judge(tx: AsyncConnection, asked: DealAsked, settings: Settings) -> Judged:
    """The most complete of the deal's meetings that were not cancelled is judged."""
    parts = settings["parts"]
    known = [meeting for meeting in await meetings_of(tx, asked.deal.id) if _counts(meeting, asked)]
    if not known:
        asks = tuple(f"meeting.{part}" for part in parts)
        return Judged((Lack(LackKind.TASK, "meeting", msgid("No meeting is set"), asks=asks),))
    best = min(known, key=lambda meeting: len(missing_parts(meeting, parts)))
    missing = missing_parts(best, parts)
    lacks = [Lack(LackKind.TASK, f"meeting.{part}", NOT_SAID[part], asks=(f"meeting.{part}",)) for part in missing]
    return Judged(tuple(lacks), () if lacks else (_proof(best),))


def _counts(meeting: Row[Any], asked: DealAsked) -> bool:
    """One that is to come; one that was held on this stage or after, where nobody moved the deal in time."""
    return bool(meeting.state == "planned" or (meeting.state == "held" and meeting.held_at >= asked.since))


def _proof(meeting: Row[Any]) -> Proof:
    place = clean((meeting.place or "").strip(), 80)
    if meeting.at is None or not place:
        return Proof("meeting", msgid("A meeting is set"), at=meeting.at)
    return Proof(
        "meeting", msgid("A meeting is set: %(at)s, %(place)s"), {"at": meeting.at.isoformat(), "place": place}, meeting.at
    )


GATE = Gate("meeting_set", msgid("A meeting: who, with whom, where, when"), (PARTS,), _judge)
