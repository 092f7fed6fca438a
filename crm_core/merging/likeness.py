"""Which records may be one and the same. Pure: rows in, pairs out; bounded however many rows there are.

Records are compared only where a key brings them together (mail, INN, company, number), and within a key only with their
neighbours in the order of their names: 50,000 contacts cost a second or two, not a billion comparisons.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rapidfuzz import fuzz

NEIGHBOURS = 10  # each name is compared with so many after it
SHARED_MAIL = 5  # more people than this at one address: it is an office's, and says nothing alone
MOST_PAIRS = 5000
ALIKE = 88.0  # of 100, by tokens in any order: a letter or two in an ordinary name


class Why(StrEnum):
    """What two records have in common."""

    EMAIL = "email"
    INN = "inn"
    PHONE = "phone"
    NAME_AND_COMPANY = "name_and_company"
    NAME_AND_NUMBER = "name_and_number"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as it is compared; numbers in the international form without `+`."""

    id: int
    name: str | None
    email: str | None
    company_id: int | None
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Firm:
    id: int
    name: str
    inn: str | None = None
    email: str | None = None
    phone: str | None = None


Pairs = dict[tuple[int, int], list[Why]]
"""{(lesser id, greater id): reasons}."""

_FORMS = frozenset(
    (
        "ооо", "оао", "зао", "пао", "ао", "ип", "нко", "тоо", "чп", "фгуп", "гуп", "муп", "llc", "ltd", "inc", "corp", "co",
        "gmbh", "oy", "ou", "sia", "plc", "sa", "общество", "с", "ограниченной", "ответственностью", "акционерное", "закрытое",
        "открытое", "публичное", "индивидуальный", "предприниматель", "компания", "company", "группа", "group",
    )
)  # fmt: skip
_WORDS = re.compile(r"[^\W_]+")


def like_people(people: Sequence[Person]) -> Pairs:
    """Contacts with the same mail, and contacts with like names in one company or with like numbers."""
    found: Pairs = {}
    names = {one.id: plain_name(one.name) for one in people}
    by_mail = _blocks((mail_of(one.email), one.id) for one in people)
    for ids in by_mail:
        if len(ids) <= SHARED_MAIL:
            _note_all(found, ids, Why.EMAIL)
        else:
            _note_alike(found, ids, names, Why.EMAIL)
    for ids in _blocks((one.company_id, one.id) for one in people):
        _note_alike(found, ids, names, Why.NAME_AND_COMPANY)
    for ids in _blocks((key, one.id) for one in people for number in one.numbers for key in number_keys(number)):
        _note_alike(found, ids, names, Why.NAME_AND_NUMBER)
    return _bounded(found)


def like_firms(firms: Sequence[Firm]) -> Pairs:
    """Companies with the same INN, mail or telephone, and those with like names, unless their INNs say that they are two."""
    found: Pairs = {}
    names = {one.id: plain_company(one.name) for one in firms}
    inns = {one.id: one.inn for one in firms}
    for ids in _blocks((one.inn, one.id) for one in firms):
        _note_all(found, ids, Why.INN)
    for why, keyed in (
        (Why.EMAIL, [(mail_of(one.email), one.id) for one in firms]),
        (Why.PHONE, [(one.phone, one.id) for one in firms]),
    ):
        for ids in _blocks(keyed):
            if len(ids) <= SHARED_MAIL:
                _note_all(found, ids, why)
    for ids in _blocks((name[:4], one_id) for one_id, name in names.items() if name):
        _note_alike(found, ids, names, Why.NAME)
    return _bounded({pair: why for pair, why in found.items() if not _two_firms(inns[pair[0]], inns[pair[1]])})


def alike(one: str, other: str) -> bool:
    """Whether two names, as `plain_name` or `plain_company` made them, may be one. Initials and single words prove little."""
    if not one or not other:
        return False
    if one == other:
        return True
    return min(len(one), len(other)) >= 5 and fuzz.token_sort_ratio(one, other, score_cutoff=ALIKE) >= ALIKE


def plain_name(name: str | None) -> str:
    """Words in the order of the alphabet, without case, dots and ё: «Пётр Иванов» is «иванов петр»."""
    return " ".join(sorted(_WORDS.findall((name or "").casefold().replace("ё", "е"))))


def plain_company(name: str) -> str:
    """The same without legal forms: «ООО "Ромашка"» is «ромашка»; a name of nothing else stays as it is."""
    words = plain_name(name).split()
    return " ".join([word for word in words if word not in _FORMS] or words)


def mail_of(email: str | None) -> str | None:
    return (email or "").strip().casefold() or None


def number_keys(number: str) -> Iterable[str]:
    """Like numbers: neighbours of one office (all but the last two digits), and one number with another code before it."""
    if len(number) >= 9:
        yield f"<{number[:-2]}"
        yield f">{number[-7:]}"


def _two_firms(one: str | None, other: str | None) -> bool:
    return bool(one and other and one != other)


def _blocks(keyed: Iterable[tuple[Hashable | None, int]]) -> list[list[int]]:
    blocks: dict[Hashable, dict[int, None]] = defaultdict(dict)
    for key, one_id in keyed:
        if key:
            blocks[key][one_id] = None
    return [list(ids) for ids in blocks.values() if len(ids) > 1]


def _note_all(found: Pairs, ids: Sequence[int], why: Why) -> None:
    """Each with the next few: the same telephone in a thousand records does not make a million pairs."""
    for place, one in enumerate(ids):
        for other in ids[place + 1 : place + 1 + NEIGHBOURS]:
            _note(found, one, other, why)


def _note_alike(found: Pairs, ids: Sequence[int], names: dict[int, str], why: Why) -> None:
    ordered = sorted((one for one in ids if names[one]), key=lambda one: names[one])
    for place, one in enumerate(ordered):
        for other in ordered[place + 1 : place + 1 + NEIGHBOURS]:
            if alike(names[one], names[other]):
                _note(found, one, other, why)


def _note(found: Pairs, one: int, other: int, why: Why) -> None:
    reasons = found.setdefault((min(one, other), max(one, other)), [])
    if why not in reasons:
        reasons.append(why)


def _bounded(found: Pairs) -> Pairs:
    """The surest first: what nobody can work through in a year is not kept."""
    surest = sorted(found.items(), key=lambda item: (-_weight(item[1]), item[0]))
    return dict(surest[:MOST_PAIRS])


def _weight(why: Sequence[Why]) -> int:
    return sum(3 if one in (Why.EMAIL, Why.INN) else 2 if one is not Why.NAME else 1 for one in why)
