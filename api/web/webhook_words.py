"""What webhooks are told of, how deliveries stand and what went wrong, in the reader's language."""

from api.web.translations import Texts
from crm_core.events import EventKind
from crm_core.webhooks.words import DeliveryState, Trouble


def kind_words(texts: Texts, kind: str) -> str:
    gettext = texts.gettext
    return {
        EventKind.CALL_STARTED: gettext("A call began"),
        EventKind.CALL_ANSWERED: gettext("A call was answered"),
        EventKind.CALL_TRANSFERRED: gettext("A call was transferred"),
        EventKind.CALLS_JOINED: gettext("Two calls became one"),
        EventKind.CALL_ENDED: gettext("A call ended"),
        EventKind.RECORDING_STORED: gettext("A recording is here"),
        EventKind.TRANSCRIPT_READY: gettext("A transcript is ready"),
        EventKind.CALL_TAGGED: gettext("A conversation was tagged"),
        EventKind.REQUEST_TAKEN: gettext("A request came"),
        EventKind.WEBHOOK_TESTED: gettext("Test"),
    }.get(EventKind(kind), kind)  # fmt: skip


def state_words(texts: Texts, state: str) -> str:
    pgettext = texts.pgettext
    return {
        DeliveryState.WAITING: pgettext("delivery", "waiting"),
        DeliveryState.DELIVERED: pgettext("delivery", "delivered"),
        DeliveryState.GIVEN_UP: pgettext("delivery", "given up"),
    }.get(DeliveryState(state), state)


def trouble_words(texts: Texts, code: str) -> str:
    """Why nothing came back, and what to do where there is something."""
    gettext = texts.gettext
    known: dict[str, str] = {
        Trouble.TIMEOUT: gettext("No answer within ten seconds."),
        Trouble.NOT_RESOLVED: gettext("There is no such host."),
        Trouble.NOT_ALLOWED: gettext("This address is inside the house or not encrypted: FIRSTRING_WEBHOOKS_ALLOW may allow it."),
        Trouble.NOT_REACHED: gettext("The address does not take connections."),
        Trouble.NOT_SECURE: gettext("The encrypted connection failed: look at the certificate."),
        Trouble.NO_ANSWER: gettext("The connection ended without a proper answer."),
        Trouble.SEALED_ELSEWHERE: gettext("The secret was stored under another key: make the webhook anew."),
        Trouble.STOPPED: gettext("The webhook was switched off, or who made it is no administrator any more."),
        Trouble.CALL_GONE: gettext("The call is not there any more."),
        Trouble.REQUEST_GONE: gettext("The request is not there any more."),
    }
    return known.get(code, code)


def refusal_words(texts: Texts, why: str) -> str:
    """Why a webhook cannot be kept so."""
    gettext = texts.gettext
    known = {
        "url": gettext("An address is wanted, such as https://crm.example.com/calls."),
        "user": gettext("The address may not hold a user or password: put a token into its path."),
        "http": gettext("The address must begin with https://. Inside the house FIRSTRING_WEBHOOKS_ALLOW may allow http://."),
        "address": gettext("This address is inside the house: it is refused unless FIRSTRING_WEBHOOKS_ALLOW names it."),
        "kinds": gettext("Choose at least one event."),
        "many": gettext("There are as many webhooks as there may be: remove one first."),
        "stopped": gettext("Nothing is sent to this webhook: it is switched off, or who made it is no administrator any more."),
    }
    return known.get(why, why)
