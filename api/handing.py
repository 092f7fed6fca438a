"""What somebody keeps is given to colleagues or taken back, he leaves or comes again; what pages and programs share."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncConnection

from api.context import AppContext
from crm_core.access import Actor, Noun, Right, require
from crm_core.errors import Forbidden, NotFound
from crm_core.users import accounts, leaving, queries
from crm_core.users.queries import UserLine


async def person_handled(connection: AsyncConnection, actor: Actor, user_id: int) -> UserLine:
    """He whose records may be given on by this actor. Raises Forbidden, or NotFound for one of another team."""
    require(actor, Right.REASSIGN)
    people = actor.people(Noun.DEALS)
    if people is not None and user_id not in people:
        raise NotFound(noun="users", id=user_id)
    return await queries.user(connection, actor, user_id)


async def hand_over(
    context: AppContext, actor: Actor, user_id: int, shares: Mapping[int, int], *, closed: bool, deactivate: bool
) -> int:
    """In one transaction, so that nobody is gone while his customers are still his. Tells how many records went."""
    people = actor.people(Noun.DEALS)
    if people is not None and not set(shares) <= people:
        raise Forbidden
    async with context.database.write() as tx:
        await person_handled(tx, actor, user_id)
        now, by, went = context.now(), actor.user_id, 0
        if shares:
            went = await leaving.hand_over(tx, user_id, shares, by=by, now=now, closed=closed)
        if deactivate:
            require(actor, Right.SETTINGS)
            await accounts.deactivate(tx, user_id, now=now, by=by)
        return went


async def hand_back(context: AppContext, actor: Actor, user_id: int) -> int:
    """The last hand-over is undone; who had left works here again, which takes the right to let him in. Phones are given anew."""
    async with context.database.write() as tx:
        person = await person_handled(tx, actor, user_id)
        if not person.active:
            require(actor, Right.SETTINGS)
            await accounts.reactivate(tx, user_id, now=context.now(), by=actor.user_id)
        return await leaving.hand_back(tx, user_id, by=actor.user_id, now=context.now())
