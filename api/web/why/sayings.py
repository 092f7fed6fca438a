"""Each rule of an explanation in words. `SAYINGS` of a language is made by `sayings`; a rule has exactly one sentence.

Names in the sentences are facts of the reason, worded by `api.web.why.words`.
"""

from collections.abc import Mapping
from functools import cache

from api.web.translations import Texts, texts_in

Sayings = Mapping[str, str]
"""By `figure/rule`."""


def saying(language: str, figure: str, rule: str) -> str:
    """The sentence, with the names of the facts it needs; the same for every figure that only its row still tells."""
    if rule == "stored":
        return texts_in(language).gettext("As it was stored when the call ended; what it was made of is no longer kept.")
    return sayings(language)[f"{figure}/{rule}"]


@cache
def sayings(language: str) -> Sayings:
    texts = texts_in(language)
    return {**_identity(texts), **_times(texts), **_waits(texts), **_people(texts), **_rings(texts), **_transfers(texts),
            **_outcomes(texts), **_endings(texts)}  # fmt: skip


def _identity(texts: Texts) -> Sayings:
    _ = texts.gettext
    number = {
        "read": _("“%(raw)s” was received; read as a number of region %(region)s."),
        "as_received": _("As received: “%(raw)s”."),
    }
    return {
        "exchange/listened_to": _("The exchange that told of this call."),
        "linkedids/one": _("All its channels carry one id of the exchange."),
        "linkedids/joined": _("The exchange used several ids; what happened says that they are one call: %(joinings)s."),
        "direction/clicked": _("Outbound: the exchange was asked to call the phone of %(origin)s first, and then the customer."),
        "direction/customer_came_in": _("Inbound: the customer called in on an outside line, and nobody dialled that channel."),
        "direction/customer_was_dialled": _(
            "Outbound: %(origin)s called, and the customer's outside line was dialled from here."
        ),
        "direction/no_customer": _(
            "Internal: %(origin)s called, and the call was meant for a colleague, not for an outside number."
        ),
        "click_to_call/originated": _(
            "Yes: at %(at)s the first leg (%(leg)s) was dialled by no channel: a program asked for it."
        ),
        "click_to_call/not_originated": _("No: the first leg was not made by a program."),
        "caller/not_seen": _("The beginning of the call was not seen."),
        "caller/phone": _("The phone that called: %(leg)s."),
        "caller/withheld": _("The caller withheld his number; “%(raw)s” was received."),
        **{f"caller/{rule}": say for rule, say in number.items()},
        "caller_name/not_inbound": _("Only callers from outside bring a name."),
        "caller_name/told": _("The name came with the call: “%(raw)s”."),
        "caller_name/none_to_tell": _(
            "“%(raw)s” came with the call: that is no name but the number, or says that it is withheld."
        ),
        "caller_name/not_told": _("No name came with the call."),
        "did/not_inbound": _("Only for calls from outside."),
        "did/not_told": _("The exchange did not tell which number was dialled."),
        **{f"did/{rule}": say for rule, say in number.items()},
        "callee/inbound": _("Only for calls from the house."),
        "callee/not_known": _("No dialled number was seen that could be understood."),
        **{f"callee/{rule}": say for rule, say in number.items()},
    }


def _times(texts: Texts) -> Sayings:
    _ = texts.gettext
    never = _("Zero: nobody was joined with the customer.")
    return {
        "started_at/born": _("The channel of %(leg)s was made then."),
        "started_at/first_heard": _(
            "The channel of %(leg)s was up already when it was first heard of; its age was told or is not known."
        ),
        "ended_at/still_up": _("The call goes on: %(legs)s."),
        "ended_at/last_gone": _("The last channel, %(leg)s, was gone at %(at)s."),
        "ended_at/vanished": _("The end was not seen: %(leg)s was gone when the exchange listed its channels again."),
        "talk_seconds/never_joined": never,
        "talk_seconds/joined": _("The time during which anybody of %(people)s was joined with the customer by bridges."),
        "hold_seconds/never_joined": never,
        "hold_seconds/never_held": _("Zero: the customer was neither held nor parked."),
        "hold_seconds/held": _(
            "The time that the customer was held, parked or heard music, since he was first joined at %(since)s."
        ),
    }


def _waits(texts: Texts) -> Sayings:
    """Where a wait began × where it ended."""
    _ = texts.gettext
    since = {
        "arrival": _("From %(since)s, when the call came in,"),
        "dialling": _("From %(since)s, when the other side was dialled,"),
        "start": _("Nobody was dialled: from %(since)s, when the call began,"),
    }
    until = {
        "joined": _("until %(until)s, when a person was joined."),
        "voicemail": _("until %(until)s, when voicemail took the call."),
        "answer": _("until %(until)s, when the other side answered."),
        "now": _("and it goes on."),
        "end": _("until %(until)s, when it ended without an answer."),
    }
    return {f"wait_seconds/{a}_{b}": f"{since[a]} {until[b]}" for a in since for b in until}


def _people(texts: Texts) -> Sayings:
    _ = texts.gettext
    return {
        "answered_by/nobody_joined": _("Nobody was joined with the customer."),
        "answered_by/joined": _("First joined with the customer at %(at)s; channels: %(legs)s."),
        "answered_by.talk_seconds/joined": _(
            "The time during which %(who)s and the customer were joined by bridges; hold counts."
        ),
        "answered_by.consultation_seconds/with_colleague": _(
            "The time during which %(who)s was joined with a colleague and not with the customer, who waited."
        ),
        "answered_by.consultation_seconds/none": _("Zero: he was not joined with a colleague while the customer waited."),
        "forwarded_to/outbound": _("Only for calls that come in or stay in the house."),
        "forwarded_to/no_outside_leg": _("No outside number was dialled for this call before it was answered."),
        "forwarded_to/outside_leg": _("The exchange dialled %(who)s outside for this call: %(leg)s."),
    }


def _rings(texts: Texts) -> Sayings:
    _ = texts.gettext
    return {
        "rang/no_phone_rang": _("No phone was dialled for this call."),
        "rang/still_rings": _("Rings since %(rang)s."),
        "rang/answered": _("Answered at %(ended)s: the end of its dialling said so%(words)s."),
        "rang/answered_up": _("Answered at %(ended)s: its channel went up%(words)s."),
        "rang/declined_cause": _("Declined at %(ended)s: its owner rejected the call%(cause)s%(words)s."),
        "rang/declined_busy_after_ring": _("Declined at %(ended)s: it had rung and then said that it is busy%(cause)s%(words)s."),
        "rang/busy": _("Busy at %(ended)s%(cause)s%(words)s."),
        "rang/unavailable_told": _("Could not be reached at %(ended)s%(cause)s%(words)s."),
        "rang/unavailable_cause": _("Could not be reached: its channel ended at %(ended)s%(cause)s."),
        "rang/answered_elsewhere_cause": _(
            "Stopped at %(ended)s: another phone answered, and the exchange said so%(cause)s%(words)s."
        ),
        "rang/answered_elsewhere_at_that_moment": _(
            "Stopped at %(ended)s, the moment at which another phone answered%(cause)s%(words)s."
        ),
        "rang/cancelled": _("Stopped at %(ended)s, the moment at which the caller hung up%(cause)s%(words)s."),
        "rang/no_answer": _("Rang until %(ended)s and was not answered%(cause)s%(words)s."),
    }


def _transfers(texts: Texts) -> Sayings:
    _ = texts.gettext
    deeds = {
        "blind_told": _("At %(at)s the exchange told a blind transfer by %(giver)s to %(taker)s;"),
        "blind_redirected": _("At %(at)s the customer was taken from %(giver)s, who did not hang up, and sent on to %(taker)s;"),
        "attended_told": _("At %(at)s the exchange told an attended transfer by %(giver)s to %(taker)s;"),
        "attended_redirected": _("At %(at)s %(giver)s handed the call on to %(taker)s;"),
        "park_told": _("At %(at)s %(giver)s parked the call; %(taker)s took it back;"),
        "park_redirected": _("At %(at)s %(giver)s parked the call; %(taker)s took it back;"),
    }
    ends = {
        "answered": _("he was then joined with the customer."),
        "not_answered": _("nobody was joined with the customer then."),
    }
    both = {f"transfers/{deed}_{end}": f"{deeds[deed]} {ends[end]}" for deed in deeds for end in ends}
    return {"transfers/none": _("No transfer, parking or redirection was told or seen."), **both}


def _outcomes(texts: Texts) -> Sayings:
    _ = texts.gettext
    return {
        "outcome/still_up": _("The call goes on."),
        "outcome/answered_in": _("Answered: at %(at)s a person was joined with the customer."),
        "outcome/answered_out": _("Answered: at %(at)s the two sides were joined."),
        "outcome/abandoned": _(
            "Did not wait: the caller himself hung up at %(hung_up)s, in a menu or queue, and no voicemail took him."
        ),
        "outcome/missed_voicemail": _("Missed: nobody was joined with the caller, and voicemail took the call."),
        "outcome/missed_rang": _("Missed: a phone rang or was declined, and nobody was joined with the caller."),
        "outcome/busy_in": _("Busy: every phone that was tried was busy without ringing (%(tried)s)."),
        "outcome/busy_out": _("Busy: the last leg that was dialled was busy (%(tried)s)."),
        "outcome/agent_no_answer": _("Own phone not picked up: the customer was never dialled."),
        "outcome/no_answer": _("No answer: the other side was dialled and rang, and was not joined (%(tried)s)."),
        "outcome/failed_in": _(
            "Did not get through: no phone rang, and the caller was not waiting in a menu or queue (%(tried)s)."
        ),
        "outcome/failed_out": _("Failed: nothing better is known of the other side (%(tried)s)."),
    }


def _endings(texts: Texts) -> Sayings:
    _ = texts.gettext
    return {
        "voicemail/answered": _("No: a person answered."),
        "voicemail/not_taken": _("No: nothing says that voicemail took the call."),
        "voicemail/application": _("Yes: at %(at)s the exchange's voicemail began."),
        "voicemail/message_left": _("Yes: a message was left; the caller was let go to voicemail at %(at)s."),
        "voicemail/silence": _("Yes: after the last ring, at %(at)s, the caller stayed on the answered line until he hung up."),
        "queue/none": _("The call stood in no queue."),
        "queue/joined": _("The call joined queue “%(queue)s” at %(at)s."),
        "recordings/none_announced": _("The exchange announced no recording."),
        "recordings/announced": _("Announced at %(at)s by the channel of %(leg)s."),
        "source/heard": _("Everything was heard as it happened."),
        "source/read": _("The listener was away; the call was read in the exchange's own records."),
        "source/heard_and_read": _("Partly heard as it happened, partly read in the exchange's own records."),
        "partial/gap": _("Yes: the exchange was not heard from %(gaps)s on, and its records have not told what happened then."),
        "partial/vanished": _("Yes: the end of %(legs)s was not seen."),
        "partial/beginning_not_seen": _("Yes: the beginning was not seen."),
        "partial/gap_filled": _("No: the exchange was not heard for a while, and its own records told what happened then."),
        "partial/whole": _("No: it was seen from beginning to end."),
    }
