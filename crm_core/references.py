"""How one record names another on a page or in an answer: enough to word and link it, no more."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """One of us."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class CompanyRef:
    id: int
    name: str
    may_open: bool = True


@dataclass(frozen=True, slots=True)
class WorkTypeRef:
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class StageRef:
    id: int
    name: str
    short_name: str | None = None


@dataclass(frozen=True, slots=True)
class ContactRef:
    """`may_open`: whether the reader may open the card; the name alone he may see where a call rang on his phone."""

    id: int
    name: str | None
    company: CompanyRef | None
    may_open: bool


@dataclass(frozen=True, slots=True)
class StageSays:
    """What a manager is told of the stage a deal stands on (T3): its aim, how one knows it is reached, with what, how."""

    goal: str | None
    criteria: str | None
    tools: str | None
    algorithm: str | None


@dataclass(frozen=True, slots=True)
class DealRef:
    """A deal the reader may not open tells its stage alone: no title, no amount."""

    id: int
    title: str | None
    stage: StageRef
    may_open: bool
    amount: int | None = None
    currency: str = "RUB"
    says: StageSays | None = None  # where a page says it


# The rows of a page name the same few people, deals and stages over and over, and what is frozen may be shared.
_person, _company, _stage = lru_cache(2000)(Person), lru_cache(2000)(CompanyRef), lru_cache(2000)(StageRef)
_contact, _deal = lru_cache(2000)(ContactRef), lru_cache(2000)(DealRef)


def person(row: Any, prefix: str) -> Person | None:
    """From columns labelled `<prefix>_id` and `<prefix>_name`, both null where there is nobody."""
    columns = row._mapping
    person_id = columns[f"{prefix}_id"]
    return None if person_id is None else _person(person_id, columns[f"{prefix}_name"])


def company(row: Any) -> CompanyRef | None:
    columns = row._mapping
    if columns["company_id"] is None:
        return None
    opens = bool(columns["company_opens"]) if "company_opens" in columns else True
    return _company(columns["company_id"], columns["company_name"], opens)


def contact(row: Any) -> ContactRef | None:
    columns = row._mapping
    if columns["contact_id"] is None:
        return None
    return _contact(columns["contact_id"], columns["contact_name"], company(row), bool(columns["contact_opens"]))


def stage(row: Any, prefix: str = "stage") -> StageRef | None:
    columns = row._mapping
    stage_id = columns[f"{prefix}_id"]
    return None if stage_id is None else _stage(stage_id, columns[f"{prefix}_name"], columns[f"{prefix}_short_name"])


def deal(row: Any) -> DealRef | None:
    columns = row._mapping
    at = stage(row, "deal_stage")
    if columns["deal_id"] is None or at is None:
        return None
    return deal_ref(columns["deal_id"], columns["deal_title"], at, columns["deal_opens"],
                    columns["deal_amount"], columns["deal_currency"])  # fmt: skip


def deal_ref(deal_id: int, title: str | None, at: StageRef, opens: Any, amount: int | None, currency: str) -> DealRef:
    return _deal(deal_id, title, at, True, amount, currency) if opens else _deal(deal_id, None, at, False)
