"""A call of the database explained: from the journal as long as that is kept, else from its row."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.web.translations import Texts
from api.web.why.terms import figure_names
from crm_core.calls.call_json import call_json
from crm_core.calls.events import Call
from crm_core.calls.stored import StoredCall, stored_call
from crm_core.exchanges import config
from pbx.explaining.explanation import Explanation, explain
from pbx.explaining.stored import explain_stored
from pbx.recalled import recalled

COMPARED = (
    "direction",
    "outcome",
    "caller",
    "callee",
    "did",
    "wait_seconds",
    "talk_seconds",
    "hold_seconds",
    "answered_by",
    "rang",
)


@dataclass(frozen=True, slots=True)
class CallTold:
    """`kept`: the journal still tells of it. `differs`: figures that the row has otherwise than what was read anew."""

    explanation: Explanation
    names: dict[str, str]
    kept: bool
    differs: tuple[str, ...]

    def notes(self, texts: Texts) -> Iterator[str]:
        if not self.kept:
            yield texts.gettext(
                "What the exchange said of this call is no longer kept (or was never heard): only what was stored can be shown."
            )
        if self.differs:
            names = figure_names(texts)
            yield texts.gettext("Read anew, some figures differ from those stored: %(figures)s.") % {
                "figures": ", ".join(names.get(figure, figure).lower() for figure in self.differs)
            }


async def call_told(connection: AsyncConnection, call_id: int, *, now: datetime) -> CallTold:
    """Raises NotFound. Who may see the call is asked by whoever calls."""
    stored = await stored_call(connection, call_id)
    exchange = await config.unopened(connection, stored.exchange_id)
    story = (await recalled(connection, exchange, stored)).story
    if story is None:
        return CallTold(explain_stored(stored.call, now.timestamp()), stored.names, False, ())
    told = await asyncio.to_thread(explain, story)
    return CallTold(told, stored.names, True, _differences(told.call, stored))


def _differences(read: Call, stored: StoredCall) -> tuple[str, ...]:
    """Of a call that goes on the row is older than the journal by nature."""
    if stored.call.ended_at is None:
        return ()
    anew, before = call_json(read), call_json(stored.call)
    return tuple(figure for figure in COMPARED if not _alike(anew[figure], before[figure]))


def _alike(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) < 0.01
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one == other
