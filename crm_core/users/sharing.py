"""Who gets what of somebody who leaves: customer by customer, in turn, each heir by his share. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Customer(NamedTuple):
    """A company, a person or, where neither is known, a record alone: what is about one customer goes to one heir."""

    noun: str
    id: int


@dataclass(frozen=True, slots=True)
class Held:
    """A record of his, and the customer it is about."""

    noun: str
    id: int
    customer: Customer


def customer_of(noun: str, record_id: int, company_id: int | None, contact_id: int | None) -> Customer:
    if company_id is not None:
        return Customer("company", company_id)
    return Customer(noun, record_id) if contact_id is None else Customer("contact", contact_id)


def shared_out(customers: Iterable[Customer], shares: Mapping[int, int]) -> dict[Customer, int]:
    """Each customer's heir. Turns are spread evenly: with shares 2 and 1 it goes A, B, A, A, B, A, …"""
    credit = dict.fromkeys(sorted(shares), 0)
    total = sum(shares.values())
    heirs: dict[Customer, int] = {}
    for customer in customers:
        if customer in heirs:
            continue
        for heir in credit:
            credit[heir] += shares[heir]
        nearest = max(credit, key=lambda heir: credit[heir])
        credit[nearest] -= total
        heirs[customer] = nearest
    return heirs
