"""Customers are shared out in turn, by shares; all about one customer goes to one heir."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as some

from crm_core.users.sharing import Customer, customer_of, shared_out


def several(count: int) -> list[Customer]:
    return [Customer("company", number) for number in range(count)]


def test_with_equal_shares_colleagues_take_turns() -> None:
    assert list(shared_out(several(5), {7: 1, 8: 1}).values()) == [7, 8, 7, 8, 7]


def test_turns_of_unequal_shares_are_spread_evenly() -> None:
    assert list(shared_out(several(6), {7: 2, 8: 1}).values()) == [7, 8, 7, 7, 8, 7]


def test_a_customer_that_comes_again_stays_with_his_heir() -> None:
    heirs = shared_out([*several(3), *several(3)], {7: 1, 8: 1})

    assert list(heirs.values()) == [7, 8, 7]


def test_a_record_is_about_its_company_else_its_contact_else_itself() -> None:
    assert customer_of("deals", 1, 5, 6) == ("company", 5)
    assert customer_of("deals", 1, None, 6) == ("contact", 6)
    assert customer_of("tasks", 1, None, None) == ("tasks", 1)


@given(some.integers(0, 200), some.dictionaries(some.integers(1, 50), some.integers(1, 100), min_size=1, max_size=6))
def test_each_gets_his_share_to_within_one_turn(count: int, shares: dict[int, int]) -> None:
    got = Counter(shared_out(several(count), shares).values())

    total = sum(shares.values())
    assert sum(got.values()) == count
    assert all(abs(got[heir] - count * share / total) < len(shares) for heir, share in shares.items())
