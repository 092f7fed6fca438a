"""What somebody sent by a web form or a program, made fit to be kept and looked at. Pure. All of it was written by strangers."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from crm_core.contacts.numbers import read_number
from crm_core.errors import Invalid
from crm_core.text import clean

EMAIL = re.compile(r"[^@\s,;<>\"'()]+@[^@\s,;<>\"'()]+\.[^@\s,;<>\"'().]+")
UTM = ("source", "medium", "campaign", "content", "term")
LONGEST = {"name": 200, "phone": 80, "email": 254, "text": 10_000, "source": 300, "consent": 2000, "page": 2000}
LONGEST_UTM = 300
LONGEST_KEY = 120
USUAL_SOURCE = "request"


class RequestState(StrEnum):
    TAKEN = "taken"
    SPAM = "spam"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was sent, cleaned. `number`: the phone in the international form; `address`: the mail, where they are some.

    What cannot be understood is kept in `phone` and `email` as received; one of the two is understood.
    """

    name: str | None = None
    phone: str | None = None
    number: str | None = None
    email: str | None = None
    address: str | None = None
    text: str | None = None
    source: str | None = None
    utm: Mapping[str, str] = field(default_factory=dict)
    consent: str | None = None
    page: str | None = None

    @property
    def body_hash(self) -> str:
        """Of what was sent: by it, the same key with other words is known."""
        told = [self.name, self.phone, self.email, self.text, self.source, sorted(self.utm.items()), self.consent, self.page]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


def fitted(given: Mapping[str, str | None], utm: Mapping[str, str | None], region: str) -> Asked:
    """The request; raises Invalid naming the field (fact `field`) where it is too long, or where nobody could be answered."""
    texts = {name: _text(name, given.get(name)) for name in LONGEST}
    phone, email = texts["phone"], texts["email"]
    number = read_number(phone, region).e164
    address = email.lower() if email is not None and EMAIL.fullmatch(email) else None
    if number is None and address is None:
        raise Invalid(_nobody(phone, email), field="phone" if phone or not email else "email")
    return Asked(
        name=texts["name"], phone=phone, number=number, email=email, address=address, text=texts["text"], source=texts["source"],
        utm=_utm(utm), consent=texts["consent"], page=texts["page"],
    )  # fmt: skip


def fitted_key(key: str | None) -> str | None:
    """Raises Invalid for one that cannot be kept."""
    if key is None or not key.strip():
        return None
    known = key.strip()
    if len(known) > LONGEST_KEY or not known.isprintable() or clean(known, LONGEST_KEY) != known:
        raise Invalid(f"key has at most {LONGEST_KEY} printable characters", field="key")
    return known


def is_web_address(text: str | None) -> bool:
    """Whether it may be a link: anything else, such as `javascript:`, is shown as text."""
    if text is None:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _text(name: str, given: str | None) -> str | None:
    longest = LONGEST[name]
    if given is None:
        return None
    if len(given) > longest:
        raise Invalid(f"{name} has at most {longest} characters", field=name)
    whole = clean(given, longest)
    if name in ("text", "consent"):  # several lines are fine there, other control characters nowhere
        whole = "\n".join(_line(line) for line in whole.splitlines())
        return whole.strip() or None
    return " ".join(_line(whole).split()) or None


def _line(text: str) -> str:
    """Without control characters and signs that turn the direction of what follows."""
    return "".join(sign if sign.isprintable() or sign == "\u200d" else " " for sign in text)


def _utm(given: Mapping[str, str | None]) -> dict[str, str]:
    known = {}
    for name in UTM:
        value = given.get(name)
        if value is not None and (text := " ".join(_line(clean(value, LONGEST_UTM)).split())):
            known[name] = text
    return known


def _nobody(phone: str | None, email: str | None) -> str:
    if phone is None and email is None:
        return "phone or email is needed: else nobody could answer"
    if email is None:
        return f"phone: {(phone or '')[:40]!r} is no telephone number"
    if phone is None:
        return f"email: {email[:80]!r} is no e-mail address"
    return f"neither is phone {phone[:40]!r} a telephone number, nor email {email[:80]!r} an e-mail address"
