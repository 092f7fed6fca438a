"""The yardstick of lists: the same list of calls as an application with FastAPI, the ORM and Pydantic would write it, and well.

On our tables, our engine and our models of answers; every relation is loaded ahead in one statement each, nothing lazily.
The login is the same row with the same four columns of access, joined in one statement; the scope is the same condition. It
knows one case of one role: whoever sees all calls opens every contact and deal, so it need not ask for each whether he may.
"""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, column_property, joinedload, relationship, selectinload

from api.rest.models import CallOut, Page
from crm_core.access import Actor, visible
from crm_core.calls.tables import call_linkedids, call_rings, call_talks, calls, exchanges
from crm_core.db import Database, metadata
from crm_core.deals.tables import stages
from crm_core.recordings.tables import recordings
from crm_core.tags.tables import call_tags
from crm_core.users.actors import ACTORS, actor
from crm_core.users.secret_tokens import token_hash
from crm_core.users.tables import api_tokens, users


class Base(DeclarativeBase):
    metadata = metadata


class Exchange(Base):
    __table__ = exchanges


class Stage(Base):
    __table__ = stages


OF_ACCESS = ("set_scopes", "set_rights", "mates", "own_figures")


class User(Base):
    """What the database sets of him is a part of the login's statement alone, not of each call he answered."""

    __table__ = users
    set_scopes, set_rights, mates, own_figures = (
        column_property(ACTORS.selected_columns[name], deferred=True, group="access") for name in OF_ACCESS
    )


class ApiToken(Base):
    __table__ = api_tokens
    user = relationship(User, lazy="raise")


class Linkedid(Base):
    __table__ = call_linkedids


class Talk(Base):
    __table__ = call_talks


class Ring(Base):
    __table__ = call_rings


class Recording(Base):
    __table__ = recordings


class Tag(Base):
    __table__ = call_tags


class Call(Base):
    """Its attributes are those that the answer's model asks for; `of_…` are relations under names of their own."""

    __table__ = calls
    stored_transfers = calls.c.transfers
    of_exchange = relationship(Exchange, lazy="raise")
    stage = relationship(Stage, lazy="raise", foreign_keys=calls.c.stage_id)
    user = relationship(User, lazy="raise", foreign_keys=calls.c.user_id)
    of_linkedids = relationship(Linkedid, lazy="raise")
    answered_by = relationship(Talk, lazy="raise", order_by=call_talks.c.position)
    rang = relationship(Ring, lazy="raise", order_by=call_rings.c.position)
    recordings = relationship(Recording, lazy="raise", order_by=(recordings.c.started_at, recordings.c.id))
    of_tags = relationship(Tag, lazy="raise", order_by=call_tags.c.id)

    @property
    def exchange(self) -> str:
        return str(self.of_exchange.name)

    @property
    def linkedids(self) -> list[str]:
        return [self.key, *sorted(one.linkedid for one in self.of_linkedids if one.linkedid != self.key)]

    @property
    def transfers(self) -> list[dict[str, Any]]:
        return [{key: one.get(key) for key in ("kind", "from", "to", "answered")} for one in self.stored_transfers]

    @property
    def tags(self) -> list[str]:
        return list(dict.fromkeys(one.tag for one in self.of_tags))


WHOLE = (
    joinedload(Call.of_exchange), joinedload(Call.stage), joinedload(Call.user), selectinload(Call.of_linkedids),
    selectinload(Call.answered_by), selectinload(Call.rang), selectinload(Call.recordings), selectinload(Call.of_tags),
)  # fmt: skip


def orm_app(database: Database) -> FastAPI:
    app = FastAPI()
    sessions = async_sessionmaker(database._reader, expire_on_commit=False)

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    Session = Annotated[AsyncSession, Depends(session)]  # noqa: N806 - as such applications name it

    async def current_actor(request: Request, opened: Session) -> Actor:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        query = select(ApiToken).options(joinedload(ApiToken.user, innerjoin=True).undefer_group("access"))
        known = ApiToken.token_hash == token_hash(token), ApiToken.revoked_at.is_(None)
        found = (await opened.scalars(query.where(*known))).one_or_none()
        if found is None or not found.user.active:
            raise HTTPException(401)
        return actor(found.user)

    @app.get("/api/v1/calls", response_model=Page[CallOut])
    async def list_of_calls(
        opened: Session, asking: Annotated[Actor, Depends(current_actor)], limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Page[CallOut]:
        query = select(Call).options(*WHOLE).where(visible(asking, calls))
        found = (await opened.scalars(query.order_by(Call.started_at.desc(), Call.id.desc()).limit(limit + 1))).all()
        items = [CallOut.model_validate(call) for call in found[:limit]]
        return Page(items=items, next_cursor=str(found[limit - 1].id) if len(found) > limit else None)

    return app
