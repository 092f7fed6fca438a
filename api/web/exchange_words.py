"""What is wrong with an exchange that somebody typed, and why one cannot go, in words."""

from api.web.translations import Texts
from crm_core.errors import Invalid
from crm_core.exchanges.removing import Hold


def field_wrong(texts: Texts, error: Invalid) -> str:
    """Names the field, and says how it is written."""
    gettext = texts.gettext
    words = {
        "name": gettext("An exchange needs a name."),
        "dialect": gettext("Choose what the exchange is."),
        "region": gettext("The country is two letters, such as RU or KZ."),
        "language": gettext("The language is two letters, such as ru; leave it empty to have it detected."),
        "address": gettext("Look at the address again: it is written like 192.168.1.10:5038."),
        "user": gettext("The AMI user is one line, as it stands in manager.conf."),
        "secret": gettext("Give the secret: one line, and again whenever address, encryption or user change."),
        "dial_user": gettext("The user that reads and the one that dials must be two."),
        "lines": gettext("Lines are written as patterns of channel names, one a row, such as PJSIP/trunk-*."),
        "own": gettext("These are too many numbers."),
        "records": gettext(
            "Look at where its own records are: a whole path, or host, database, user and table. A time zone is Europe/Moscow."
        ),
    }  # fmt: skip
    return words.get(str(error.facts.get("field")), gettext("This cannot be an exchange."))


def stays_because(texts: Texts, hold: object) -> str:
    """Why an exchange is not removed, and what to do."""
    gettext = texts.gettext
    words = {
        Hold.LISTENED: gettext("It is listened to: switch it off first."),
        Hold.CALLS: gettext("Calls came in by it, and they belong to it. It stays, switched off."),
        Hold.RULES: gettext("A lead rule names it: change the rule first."),
    }
    return words[Hold(str(hold))]
