"""The pipeline every installation begins with, and the demo's company."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.tables import pipelines, stages

PIPELINE = "Продажи"


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    short_name: str
    goal: str
    kind: str = "open"


STAGES = (
    Stage("Входящая заявка", "Заявка", "узнать, кто обратился и с чем; передать на классификацию"),
    Stage("Классификация", "Классификация", "понять вид работ и примерную цену"),
    Stage("Назначение встречи", "Назначение встречи", "договориться о встрече: кто, где, когда"),
    Stage("Встреча", "Встреча", "узнать, какой проект нужен, и записать договорённости"),
    Stage("Отправка КП", "Отправка КП", "отправить предложение и узнать, что о нём думают"),
    Stage("Согласование", "Согласование", "согласовать условия и подписать договор"),
    Stage("Выставление счёта", "Счёт", "выставить счёт и убедиться, что его получили"),
    Stage("Предоплата", "Предоплата", "дождаться предоплаты и дать знак начинать работу"),
    Stage("В работе", "В работе", "сделать в срок и держать клиента в курсе"),
    Stage("Приём", "Приём", "сдать работу и выставить последний счёт"),
    Stage("Полная оплата", "Оплата", "получить оплату целиком, поблагодарить, попросить оценку", "won"),
)


async def seed_pipeline(tx: AsyncConnection) -> int:
    """The eleven-stage pipeline (F13–F23), where there is none yet; tells the id of the first pipeline."""
    known: int | None = await tx.scalar(select(pipelines.c.id).order_by(pipelines.c.position, pipelines.c.id).limit(1))
    if known is not None:
        return known
    added: int = (await tx.execute(insert(pipelines).values(name=PIPELINE, position=0).returning(pipelines.c.id))).scalar_one()
    rows = [
        {"pipeline_id": added, "name": stage.name, "short_name": stage.short_name, "goal": stage.goal,
         "position": position, "kind": stage.kind}
        for position, stage in enumerate(STAGES)
    ]  # fmt: skip
    await tx.execute(insert(stages), rows)
    return added
