"""What one thing on a deal's timeline is, and how a kind of them is read. One file of `entries/` adds a kind."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.access import Actor
from crm_core.deals.stays import Move
from crm_core.errors import Invalid
from crm_core.meetings.queries import Meeting
from crm_core.paging import LARGEST_ID

NOT_OURS = "cursor is not one that this timeline gave; leave it out to begin anew"


OfDeal = Callable[[Actor], Select[Any]]
"""All of a kind that this actor may see of the deal `deal`, in no order yet."""


class Entry:
    """One thing that happened. Its class is a frozen dataclass with `at` and `id`, and says its `kind`.

    The page draws it by the macro `draw(entry)` of `templates/deals/entry/_<kind>.html`.
    """

    __slots__ = ()
    kind: ClassVar[str]
    at: datetime
    id: int

    @property
    def own_stage_id(self) -> int | None:
        """The stage that was frozen on it; None: it belongs to the stay of its moment."""
        return None


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the timeline: just before (older than) this entry."""

    at: datetime
    kind: str
    id: int

    def written(self) -> str:
        text = json.dumps([self.at.isoformat(), self.kind, self.id])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """Cursors come back from strangers: anything that is not exactly ours is refused. Raises Invalid."""
        try:
            at, kind, entry_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            moment = datetime.fromisoformat(at).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
            raise Invalid(NOT_OURS, field="cursor") from error
        if not isinstance(kind, str) or len(kind) > 40 or type(entry_id) is not int or abs(entry_id) > LARGEST_ID:
            raise Invalid(NOT_OURS, field="cursor")
        return cls(moment, kind, entry_id)


class Found(NamedTuple):
    """What may be among the newest: where it stands in the timeline, and the row that its entry would be told from."""

    at: datetime
    kind: str
    id: int
    row: Any


@dataclass(frozen=True, slots=True)
class TimelineAsked:
    """Of whose timeline, for whom: the newest `limit` entries before `before`. `moves`: all of the deal's, oldest first."""

    actor: Actor
    deal_id: int
    moves: tuple[Move, ...]
    limit: int
    before: Place | None = None
    meetings: tuple[Meeting, ...] | None = None  # all of the deal's, where they were read already

    async def rows(
        self, connection: AsyncConnection, of: OfDeal, kind: str, at: ColumnElement[Any], row_id: ColumnElement[Any]
    ) -> Sequence[Row[Any]]:
        """The rows of a kind, in the timeline's order, narrowed to what it may have among the entries asked for."""
        query = _newest(of, self.actor, at, row_id)
        if self.before is not None:
            query = query.where(_older(self.before, kind, at, row_id))
        found: Sequence[Row[Any]] = (await connection.execute(query, {"deal": self.deal_id, "most": self.limit})).all()
        return found

    def is_older(self, found: Found) -> bool:
        """The same for what is at hand already."""
        return self.before is None or found[:3] < (self.before.at, self.before.kind, self.before.id)


Find = Callable[[AsyncConnection, TimelineAsked], Awaitable[Sequence[Found]]]
Tell = Callable[[AsyncConnection, TimelineAsked, Sequence[Any]], Awaitable[Sequence[Entry]]]


@dataclass(frozen=True, slots=True)
class EntryKind:
    """`find` finds at most `limit` of its kind, the newest first, each one that the actor may see; `tell` makes entries of the
    rows that are shown, in their order: most of what is found is older than what other kinds have."""

    name: str
    find: Find
    tell: Tell


def in_order(entry: Entry) -> tuple[datetime, str, int]:
    """What timelines are ordered by; no two entries are equal in it."""
    return entry.at, entry.kind, entry.id


@lru_cache(5000)
def _newest(of: OfDeal, actor: Actor, at: ColumnElement[Any], row_id: ColumnElement[Any]) -> Select[Any]:
    """Kept: putting it together costs more than what it finds."""
    return of(actor).order_by(at.desc(), row_id.desc()).limit(bindparam("most"))


def _older(place: Place, kind: str, at: ColumnElement[Any], row_id: ColumnElement[Any]) -> ColumnElement[bool]:
    if kind < place.kind:
        return at <= place.at
    return at < place.at if kind > place.kind else or_(at < place.at, and_(at == place.at, row_id < place.id))
