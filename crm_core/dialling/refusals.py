"""Why a call by a click is not made, and why one that was ordered came to nothing. Codes; pages and REST word them."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Reason(StrEnum):
    """Why the product itself refuses."""

    NOT_SET_UP = "not_set_up"  # the exchange has no login for dialling
    EXCHANGE_OFF = "exchange_off"
    NO_EXTENSION = "no_extension"
    CHOOSE_EXTENSION = "choose_extension"
    NOT_YOUR_EXTENSION = "not_your_extension"
    NOBODYS_EXTENSION = "nobodys_extension"
    UNUSABLE_EXTENSION = "unusable_extension"
    ALREADY_CALLING = "already_calling"
    NOT_A_NUMBER = "not_a_number"
    NOT_ALLOTTED = "not_allotted"
    SHORT_NUMBER = "short_number"
    EMERGENCY = "emergency"
    COUNTRY = "country"
    COSTLY = "costly"
    OWN_NUMBER = "own_number"
    UNKNOWN_NUMBER = "unknown_number"
    CAP_HOUR = "cap_hour"
    CAP_DAY = "cap_day"
    CAP_NIGHT = "cap_night"
    TOO_MANY_TRIES = "too_many_tries"


class Failure(StrEnum):
    """Why a call that was allowed did not come about; kept in the attempt's note."""

    PHONE_NO_ANSWER = "phone_no_answer"
    PHONE_BUSY = "phone_busy"
    PHONE_DECLINED = "phone_declined"
    PHONE_UNREACHABLE = "phone_unreachable"
    PHONE_NOT_REACHED = "phone_not_reached"  # for one of these reasons: the exchange does not say which
    NOT_IN_DIALPLAN = "not_in_dialplan"  # the exchange's context for outbound calls has no such number
    EXCHANGE_REFUSED = "exchange_refused"  # it answered the order with an error
    LOGIN_REFUSED = "login_refused"
    NO_CONNECTION = "no_connection"
    NOT_SET_UP = "not_set_up"
    TOO_LATE = "too_late"  # ordered while the product was down
    IN_DOUBT = "in_doubt"  # broken off after the order may have gone out: not repeated
    NO_WORD = "no_word"  # ordered, and nothing was heard of it


@dataclass(frozen=True, slots=True)
class Refusal:
    """`number`: digits of what was meant, where that could be read; `again_in`: when the cap has room again."""

    reason: Reason
    number: str | None = None
    again_in: timedelta | None = None
