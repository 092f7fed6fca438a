"""A call explained: what it is, the ladder of its channels, and a reason for each figure."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

from crm_core.calls.call_json import call_json
from crm_core.calls.events import Call
from pbx.explaining import endings, identity, people, spans
from pbx.explaining.ladder import Ladder, ladder_of
from pbx.explaining.reasons import Lasted, Moment, On, Reading, Reason, Stretch, Told
from pbx.tracking.story import Story

FIGURES = (
    "direction", "outcome", "wait_seconds", "talk_seconds", "hold_seconds", "answered_by", "answered_by.talk_seconds",
    "answered_by.consultation_seconds", "rang", "transfers", "caller", "caller_name", "did", "callee", "forwarded_to",
    "queue", "voicemail", "click_to_call", "recordings", "started_at", "ended_at", "linkedids", "source", "partial", "exchange",
)  # fmt: skip
"""In the order in which people ask for them."""


@dataclass(frozen=True, slots=True)
class Explanation:
    call: Call
    ladder: Ladder
    reasons: tuple[Reason, ...]

    def of(self, figure: str, item: int | None = None) -> Reason | None:
        return next((reason for reason in self.reasons if reason.figure == figure and reason.item == item), None)


def explain(story: Story) -> Explanation:
    call = story.call()
    reading = Reading(story, call, call_json(call))
    found = chain.from_iterable(part.reasons(reading) for part in (identity, spans, people, endings))
    ordered = sorted(found, key=lambda reason: (FIGURES.index(reason.figure), reason.item or 0))
    return Explanation(call, ladder_of(story, call), tuple(ordered))


def explanation_json(told: Explanation, *, clock_known: bool = True, seconds_known: bool = True) -> dict[str, Any]:
    """The call as everywhere, its ladder and its reasons. Moments are seconds since the ladder's start; null where unknown."""
    start = told.ladder.start

    def since(at: float | None) -> float | None:
        return None if at is None or not seconds_known else round(at - start, 3)

    def plain(fact: Told) -> Any:
        if isinstance(fact, Moment):
            return since(fact.at)
        if isinstance(fact, Lasted):
            return round(fact.seconds, 3) if seconds_known else None
        if isinstance(fact, On):
            return fact.uid
        return [plain(one) for one in fact] if isinstance(fact, tuple) else fact

    def stretch(one: Stretch) -> dict[str, Any]:
        lasted = round(one.seconds, 3) if seconds_known else None
        return {"from": since(one.start), "to": since(one.end), "seconds": lasted, "channels": list(one.uids), "why": one.why}

    call = call_json(told.call, clock_known=clock_known, seconds_known=seconds_known)
    return {
        "call": call,
        "ladder": {
            "lanes": [
                {"uid": lane.uid, "channel": lane.name, "role": lane.role.value, "line": lane.line.value, "who": lane.who,
                 "from": since(lane.began), "to": since(lane.ended)} for lane in told.ladder.lanes
            ],
            "facts": [
                {"at": since(fact.at), "uid": fact.uid, "kind": fact.kind.value, "others": list(fact.others), "what": fact.what}
                for fact in told.ladder.facts
            ],
            "bars": [
                {"uid": bar.uid, "kind": bar.kind.value, "from": since(bar.start), "to": since(bar.end)}
                for bar in told.ladder.bars
            ],
        },
        "reasons": [
            {"figure": reason.figure, "item": reason.item, "value": figure_of(call, reason.figure, reason.item),
             "rule": reason.rule, "facts": {name: plain(fact) for name, fact in reason.facts.items()},
             "stretches": [stretch(one) for one in reason.stretches]} for reason in told.reasons
        ],
    }  # fmt: skip


def figure_of(call: dict[str, Any], figure: str, item: int | None) -> Any:
    """The figure as the call JSON has it."""
    name, _, part = figure.partition(".")
    value = call[name] if item is None else call[name][item]
    return value[part] if part else value
