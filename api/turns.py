"""What one process does at a time though several could: whoever has the lease does it, the others stand by."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from api.context import AppContext
from crm_core.leases import Held, LeaseLost, hold

Work = Callable[[Held], Awaitable[None]]


async def in_turn(context: AppContext, part: str, lease: str, work: Work) -> None:
    """Work whenever the lease is ours; returns with the work. Who loses it stands by again."""
    while True:
        if not context.database.is_sqlite:
            context.parts.stands_by(part)
        try:
            async with hold(context.database, lease, context.holder) as held:
                context.parts.up(part)
                await work(held)
                return
        except LeaseLost:
            continue


async def alone(context: AppContext, part: str, lease: str, work: Callable[[AppContext], Awaitable[None]]) -> None:
    """The same for what is given the context: all that it writes is guarded by the lease."""
    await in_turn(context, part, lease, lambda held: work(replace(context, database=held.database)))
