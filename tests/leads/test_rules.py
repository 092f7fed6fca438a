"""Which rule fits: by tables. What is not known yet fits no rule that asks for it."""

from dataclasses import replace

import pytest

from crm_core.leads.rules import (
    Broken,
    LeadFacts,
    LeadRule,
    Then,
    Through,
    Way,
    When,
    first_fitting,
    fits,
    next_taker,
    takes_over,
)

RING = LeadFacts(Way.CALL, known=False, in_hours=True, exchange_id=1, did="74951112245")
FORM = LeadFacts(Way.REQUEST, known=False, in_hours=True, form_id=7)


@pytest.mark.parametrize(
    ("when", "facts", "holds"),
    [
        (When(), RING, True),
        (When(), FORM, True),
        (When(way=Way.REQUEST), RING, False),
        (When(dids=("74951112245", "74951112246")), RING, True),
        (When(dids=("74951112246",)), RING, False),
        (When(dids=("74951112245",)), FORM, False),
        (When(exchange_id=2), RING, False),
        (When(known=True), RING, False),
        (When(known=True), replace(RING, known=True), True),
        (When(in_hours=False), RING, False),
        (When(answered=True), RING, None),
        (When(answered=True), replace(RING, answered=True), True),
        (When(answered=False), replace(RING, answered=True), False),
        (When(answered=False, known=True), RING, False),
        (When(answered=False), FORM, False),
        (When(queues=("sales",)), RING, None),
        (When(queues=("sales",)), replace(RING, queue="sales", by_queue=True), True),
        (When(queues=("sales",)), replace(RING, queue="support", by_queue=True), False),
        (When(queues=("sales",)), replace(RING, by_queue=False), False),
        (When(through=Through.DIRECT), RING, None),
        (When(through=Through.DIRECT), replace(RING, by_queue=False), True),
        (When(through=Through.QUEUE), replace(RING, queue="q", by_queue=True), True),
        (When(forms=(7,)), FORM, True),
        (When(forms=(8,)), FORM, False),
        (When(forms=(7,)), RING, False),
    ],
)
def test_a_rule_fits_when_all_it_asks_for_is_so(when: When, facts: LeadFacts, holds: bool | None) -> None:
    assert fits(when, facts) is holds


def rule(number: int, when: When | None = None, **facts: object) -> LeadRule:
    return replace(LeadRule(number, f"rule {number}", when or When(), Then()), **facts)  # type: ignore[arg-type]


def test_the_first_in_order_that_works_is_taken() -> None:
    off, broken, first, second = rule(1, active=False), rule(2, broken=(Broken.STAGE,)), rule(3), rule(4)

    assert first_fitting([off, broken, first, second], RING) is first
    assert first_fitting([], RING) is None


class TestFactsThatComeLate:
    answered, missed, usual = rule(1, When(answered=True)), rule(2, When(answered=False)), rule(3)
    rules = (answered, missed, usual)

    def test_an_earlier_rule_takes_over(self) -> None:
        assert takes_over(self.rules, 3, self.missed, replace(RING, answered=False))

    def test_a_later_one_does_not(self) -> None:
        assert not takes_over(self.rules, 2, self.usual, RING)

    def test_the_same_does_nothing_anew(self) -> None:
        assert not takes_over(self.rules, 2, self.missed, replace(RING, answered=False))

    def test_a_later_one_does_where_the_first_was_wrong(self) -> None:
        swapped = (self.missed, self.answered, self.usual)

        assert takes_over(swapped, 2, self.answered, replace(RING, answered=True))

    def test_a_rule_that_was_deleted_meanwhile_stays_what_the_deal_began_by(self) -> None:
        assert not takes_over(self.rules, 99, self.missed, replace(RING, answered=False))


@pytest.mark.parametrize(("last", "turn"), [(None, 2), (2, 5), (5, 9), (9, 2), (7, 9), (99, 2)])
def test_people_take_turns_also_when_somebody_left_the_row(last: int | None, turn: int) -> None:
    assert next_taker((2, 5, 9), last) == turn


def test_nobody_takes_turns_where_nobody_is() -> None:
    assert next_taker((), 3) is None
