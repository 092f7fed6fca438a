"""What figures, facts and joinings of an explanation are called."""

from api.web.call_names import CallNames
from api.web.translations import Texts
from crm_core.calls.events import Direction
from pbx.explaining.ladder import BarKind
from pbx.explaining.lane_facts import FactKind


def figure_names(texts: Texts) -> dict[str, str]:
    pgettext = texts.pgettext
    return {
        "exchange": pgettext("figure", "Exchange"), "linkedids": pgettext("figure", "Ids on the exchange"),
        "direction": pgettext("figure", "Direction"), "started_at": pgettext("figure", "Began"),
        "ended_at": pgettext("figure", "Ended"), "caller": pgettext("figure", "Caller"),
        "caller_name": pgettext("figure", "Caller's name"), "did": pgettext("figure", "Dialled number"),
        "callee": pgettext("figure", "Callee"), "outcome": pgettext("figure", "Outcome"),
        "wait_seconds": pgettext("figure", "Wait"), "talk_seconds": pgettext("figure", "Talk"),
        "hold_seconds": pgettext("figure", "Hold"), "answered_by": pgettext("figure", "Answered"),
        "answered_by.talk_seconds": pgettext("figure", "Talk"),
        "answered_by.consultation_seconds": pgettext("figure", "Consultation"), "rang": pgettext("figure", "Ring"),
        "transfers": pgettext("figure", "Transfer"), "voicemail": pgettext("figure", "Voicemail"),
        "forwarded_to": pgettext("figure", "Forwarded to"), "queue": pgettext("figure", "Queue"),
        "click_to_call": pgettext("figure", "Call by a click"), "recordings": pgettext("figure", "Recording"),
        "source": pgettext("figure", "Source"), "partial": pgettext("figure", "Incomplete"),
    }  # fmt: skip


def direction_names(texts: Texts) -> dict[str, str]:
    return {direction.value: CallNames(texts).direction_name(direction) for direction in Direction}


def outcome_names(texts: Texts) -> dict[str, str]:
    """By the rule that held, else (from a row alone) by the outcome."""
    pgettext = texts.pgettext
    failed = pgettext("call", "did not get through")
    return {
        "answered": pgettext("call", "answered"), "answered_in": pgettext("call", "answered"),
        "answered_out": pgettext("call", "reached"), "abandoned": pgettext("call", "did not wait"),
        "missed": pgettext("call", "missed"), "missed_rang": pgettext("call", "missed"),
        "missed_voicemail": pgettext("call", "left to voicemail"), "busy": pgettext("call", "busy"),
        "busy_in": pgettext("call", "all busy"), "busy_out": pgettext("call", "busy"), "failed": failed, "failed_in": failed,
        "failed_out": pgettext("call", "failed"), "no_answer": pgettext("call", "no answer"),
        "agent_no_answer": pgettext("call", "own phone not picked up"),
    }  # fmt: skip


def source_names(texts: Texts) -> dict[str, str]:
    pgettext = texts.pgettext
    return {"live": pgettext("source", "heard"), "records": pgettext("source", "the exchange's records"),
            "both": pgettext("source", "heard and the exchange's records")}  # fmt: skip


def joining_names(texts: Texts) -> dict[str, str]:
    """What may join two ids: the event because of which they are one call."""
    pgettext = texts.pgettext
    return {
        "AttendedTransferred": pgettext("joining", "attended transfer"),
        "BlindTransferred": pgettext("joining", "blind transfer"),
        "BridgeJoined": pgettext("joining", "both in one bridge"), "CallPickedUp": pgettext("joining", "picked up"),
        "CallUnparked": pgettext("joining", "taken back from parking"), "DialBegan": pgettext("joining", "one dialled the other"),
        "DialEnded": pgettext("joining", "one dialled the other"),
        "LocalPaired": pgettext("joining", "two halves of one channel"),
    }  # fmt: skip


def fact_words(texts: Texts) -> dict[FactKind, str]:
    pgettext = texts.pgettext
    return {
        FactKind.BORN: pgettext("fact", "the channel is made"), FactKind.SEEN: pgettext("fact", "first heard of"),
        FactKind.DIALLED: pgettext("fact", "is dialled"), FactKind.RANG: pgettext("fact", "rings"),
        FactKind.DIAL_ENDED: pgettext("fact", "the dialling ends"), FactKind.UP: pgettext("fact", "answers"),
        FactKind.QUEUE_JOINED: pgettext("fact", "joins the queue"), FactKind.QUEUE_LEFT: pgettext("fact", "leaves the queue"),
        FactKind.RECORDED: pgettext("fact", "a recording is announced"), FactKind.VOICEMAIL: pgettext("fact", "voicemail"),
        FactKind.PICKED_UP: pgettext("fact", "picks up the call of"), FactKind.TRANSFERRED: pgettext("fact", "transfers"),
        FactKind.PARKED: pgettext("fact", "is parked"), FactKind.UNPARKED: pgettext("fact", "is taken back from parking by"),
        FactKind.LEFT: pgettext("fact", "leaves the bridge"), FactKind.JOINED: pgettext("fact", "enters a bridge"),
        FactKind.HELD: pgettext("fact", "puts on hold"), FactKind.UNHELD: pgettext("fact", "takes off hold"),
        FactKind.MUSIC_BEGAN: pgettext("fact", "hears music"), FactKind.MUSIC_ENDED: pgettext("fact", "the music ends"),
        FactKind.HUNG_UP: pgettext("fact", "hangs up"), FactKind.GONE: pgettext("fact", "the channel is gone"),
        FactKind.VANISHED: pgettext("fact", "the channel is gone; its end was not seen"),
        FactKind.LOST: pgettext("fact", "the exchange is not heard from here on"),
    }  # fmt: skip


def bar_names(texts: Texts) -> dict[BarKind, str]:
    pgettext = texts.pgettext
    return {
        BarKind.RING: pgettext("bar", "rings"), BarKind.TALK: pgettext("bar", "talks with the customer"),
        BarKind.CONSULTATION: pgettext("bar", "consults a colleague"), BarKind.HOLD: pgettext("bar", "on hold"),
        BarKind.QUEUE: pgettext("bar", "in a queue"), BarKind.VOICEMAIL: pgettext("bar", "with voicemail"),
    }  # fmt: skip


def mark_names(texts: Texts) -> dict[FactKind, str]:
    pgettext = texts.pgettext
    return {
        FactKind.TRANSFERRED: pgettext("mark", "transfers"), FactKind.PARKED: pgettext("mark", "is parked"),
        FactKind.PICKED_UP: pgettext("mark", "picks up"), FactKind.VANISHED: pgettext("mark", "its end was not seen"),
    }  # fmt: skip


def headings(texts: Texts) -> dict[str, str]:
    """Of the parts of an explanation."""
    return {"happened": texts.gettext("What happened"), "why": texts.gettext("Why each figure is what it is")}
