"""Where deals may begin: the open stages in use, of the pipelines in use. Where nobody says otherwise, the first of the first."""

from typing import Any

from sqlalchemy import ColumnElement, Select, select

from crm_core.deals.tables import StageKind, pipelines, stages


def beginnings(*columns: ColumnElement[Any]) -> Select[Any]:
    """In their order; `columns`: of stages and pipelines."""
    in_use = (stages.c.archived_at.is_(None), pipelines.c.archived_at.is_(None))
    query = select(*columns).select_from(stages.join(pipelines)).where(stages.c.kind == StageKind.OPEN, *in_use)
    return query.order_by(pipelines.c.position, pipelines.c.id, stages.c.position)
