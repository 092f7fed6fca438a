"""Why a call by a click was not made, in the reader's language; how far it is."""

from api.web.translations import Texts
from crm_core.dialling.phones import Phone
from crm_core.dialling.refusals import Failure, Reason, Refusal


def why_words(texts: Texts, code: str | None) -> str:
    """A sentence for a code of `Reason` or `Failure`; the code itself where nobody worded it yet."""
    if code is None:
        return ""
    return {**_phones(texts), **_numbers(texts), **_caps(texts), **_own_phone(texts), **_exchange(texts)}.get(code, code)


def _phones(texts: Texts) -> dict[str, str]:
    gettext = texts.gettext
    return {
        Reason.NOT_SET_UP: gettext("Calls by a click are not set up: the administrator adds the dialler on the Exchange page."),
        Reason.EXCHANGE_OFF: gettext("The exchange is switched off here."),
        Reason.NO_EXTENSION: gettext("You have no phone: the administrator gives you an extension on the People page."),
        Reason.CHOOSE_EXTENSION: gettext("You have several phones: choose which is to ring."),
        Reason.NOT_YOUR_EXTENSION: gettext("This is not your phone, and you may not call from others' phones."),
        Reason.NOBODYS_EXTENSION: gettext("This extension is nobody's."),
        Reason.UNUSABLE_EXTENSION: gettext("This extension cannot be rung by a click: look at how it is written."),
        Reason.ALREADY_CALLING: gettext("A call from this phone is being made already."),
    }


def _numbers(texts: Texts) -> dict[str, str]:
    gettext = texts.gettext
    return {
        Reason.NOT_A_NUMBER: gettext("This is no telephone number. Write it like +7 916 111-22-33."),
        Reason.NOT_ALLOTTED: gettext("There are no such numbers in the numbering plan."),
        Reason.SHORT_NUMBER: gettext("Short numbers are not called by a click, unless the administrator lists them."),
        Reason.EMERGENCY: gettext("Emergency numbers are not called by a click. Dial on the phone itself."),
        Reason.COUNTRY: gettext("This country is not on the list of those called by a click."),
        Reason.COSTLY: gettext("Numbers of this kind cost more than a call: they are not called by a click."),
        Reason.OWN_NUMBER: gettext("This is one of our own numbers."),
        Reason.UNKNOWN_NUMBER: gettext("Nobody knows this number: it is no contact's and never called us. Add a contact first."),
    }


def _caps(texts: Texts) -> dict[str, str]:
    gettext = texts.gettext
    return {
        Reason.CAP_HOUR: gettext("You have made as many calls by a click as one hour allows. Try again later."),
        Reason.CAP_DAY: gettext("You have made as many calls by a click as one day allows."),
        Reason.CAP_NIGHT: gettext("It is night: no more calls by a click until the morning."),
        Reason.TOO_MANY_TRIES: gettext("Too many tries within the hour. Try again later."),
    }


def _own_phone(texts: Texts) -> dict[str, str]:
    gettext = texts.gettext
    return {
        Failure.PHONE_NO_ANSWER: gettext("Your phone was not picked up, so the customer was not called."),
        Failure.PHONE_BUSY: gettext("Your phone is busy."),
        Failure.PHONE_DECLINED: gettext("The call was declined on your phone."),
        Failure.PHONE_UNREACHABLE: gettext("Your phone cannot be reached: is it switched on?"),
        Failure.PHONE_NOT_REACHED: gettext("Your phone was not reached: it is off, busy, or the call was declined on it."),
    }


def _exchange(texts: Texts) -> dict[str, str]:
    gettext = texts.gettext
    return {
        Failure.NOT_IN_DIALPLAN: gettext("The exchange has no way out for this number: the administrator looks at its dialplan."),
        Failure.EXCHANGE_REFUSED: gettext("The exchange refused the order: the administrator looks at what the dialler may."),
        Failure.LOGIN_REFUSED: gettext("The exchange does not let the dialler in: the administrator looks at its secret."),
        Failure.NO_CONNECTION: gettext("The exchange cannot be reached, so nothing was dialled."),
        Failure.TOO_LATE: gettext("The order came too late to the exchange, so nothing was dialled. Click again."),
        Failure.IN_DOUBT: gettext(
            "The connection broke off in the middle of the order. It is not repeated: look at your phone first."
        ),
        Failure.NO_WORD: gettext("The exchange took the order, and nothing was heard of it. Look at your phone first."),
    }


def field_words(texts: Texts, field: str) -> str:
    """What to write into a field of the dial settings that could not be meant."""
    gettext = texts.gettext
    whole = gettext("The caps are whole numbers from 0 to 10,000.")
    return {
        "countries": gettext("Countries are two letters each, such as RU, KZ; there is at least one."),
        "short_numbers": gettext("Short numbers have two to six digits each."),
        "per_hour": whole, "per_day": whole, "at_night": whole,
        "night_from": gettext("The night begins and ends at a time of day, such as 21:00."),
        "night_until": gettext("The night begins and ends at a time of day, such as 21:00."),
        "phone": gettext("A phone is written like PJSIP/{extension}, or Local/{extension}@context/n."),
        "context": gettext("A context is a name of letters, digits, - and _."),
        "prefix": gettext("The prefix is at most eight of the signs 0–9, *, #, +."),
        "ring_seconds": gettext("Phones ring for 5 to 120 seconds."),
        "user": gettext("The dialler is an AMI user of its own, not the one that reads."),
        "secret": gettext("The dialler needs a user and a secret."),
    }.get(field, gettext("Look at the form again."))  # fmt: skip


def stage_words(texts: Texts, stage: str) -> str:
    pgettext = texts.pgettext
    return {
        "ordered": pgettext("dialling", "ordered"), "phone_rings": pgettext("dialling", "own phone rings"),
        "calling": pgettext("dialling", "calling"), "talking": pgettext("dialling", "talking"),
        "ended": pgettext("dialling", "over"), "failed": pgettext("dialling", "did not come about"),
        "refused": pgettext("dialling", "refused"),
    }.get(stage, stage)  # fmt: skip


def cap_words(texts: Texts, reason: str) -> str:
    pgettext = texts.pgettext
    return {
        "cap_hour": pgettext("dialling", "within the hour"), "cap_day": pgettext("dialling", "today"),
        "cap_night": pgettext("dialling", "this night"),
    }.get(reason, reason)  # fmt: skip


def hindrance(texts: Texts, phones: tuple[Phone, ...]) -> tuple[Reason, str] | None:
    """Why this user cannot call by a click at all: each button says so."""
    refusal = Refusal(Reason.NO_EXTENSION) if not phones else None
    if phones and not any(phone.can_dial for phone in phones):
        refusal = phones[0].hindrance
    return None if refusal is None else (refusal.reason, why_words(texts, refusal.reason))
