"""Lists whose rows stand in an order of their own: dragged, or moved a step by a button."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Form

from api.paths import BodyId

Ids = Annotated[list[BodyId], Form(max_length=200)]
Step = Annotated[str, Form(max_length=20)]
"""`up:7` or `down:7`, where a button moved one row and nobody dragged."""


def stepped(ids: Sequence[int], step: str) -> list[int]:
    """The order after one of them went a place up or down; as it was where there is no such step."""
    order = list(ids)
    way, _, which = step.partition(":")
    if way not in ("up", "down") or which not in map(str, order):
        return order
    at = order.index(int(which))
    to = at + (-1 if way == "up" else 1)
    if 0 <= to < len(order):
        order[at], order[to] = order[to], order[at]
    return order
