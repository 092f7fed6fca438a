"""Automations that would send a deal round and round, as far as their settings tell. Pure.

What cannot be told from them (a gate that sometimes lets through, a person in between) is found when it happens: see `chain`.
"""

from collections import deque
from collections.abc import Sequence

from crm_core.deals.automations.rules import Rule
from crm_core.deals.automations.words import Trigger

MOVED = (Trigger.ENTRY, Trigger.EXIT, Trigger.TIMEOUT)
"""The triggers that a move can pull."""

Loop = tuple[Rule, ...]


def loops(rules: Sequence[Rule]) -> tuple[Loop, ...]:
    """Each round there is, its automations in order."""
    found = [loop for rule in rules if (loop := loop_of(rule, rules))]
    return tuple({frozenset(rule.id for rule in loop): loop for loop in found}.values())


def loop_of(rule: Rule, rules: Sequence[Rule]) -> Loop | None:
    """The shortest round that leads from this automation to itself."""
    movers = [one for one in rules if one.moves_to is not None and one.trigger in MOVED and one.id != rule.id]
    if rule.moves_to is None or rule.trigger not in MOVED:
        return None
    ways: deque[Loop] = deque([(rule,)])
    seen: set[int] = set()
    while ways:
        way = ways.popleft()
        if len(way) > 1 and sets_going(way[-1], rule):
            return way
        for next_one in movers:
            if next_one.id not in seen and sets_going(way[-1], next_one):
                seen.add(next_one.id)
                ways.append((*way, next_one))
    return None


def sets_going(first: Rule, second: Rule) -> bool:
    """Whether the move of the first sets the second going, and that moves the deal away again."""
    if second.moves_to == first.moves_to or _elsewhere(first, second):
        return False
    if second.trigger is Trigger.EXIT:
        left = None if first.trigger is Trigger.EXIT else first.stage_id
        return second.stage_id is None or second.stage_id == left
    return second.stage_id in (None, first.moves_to)


def _elsewhere(first: Rule, second: Rule) -> bool:
    """They are for different pipelines, and no move leads from one to another."""
    return None not in (first.pipeline_id, second.pipeline_id) and first.pipeline_id != second.pipeline_id
