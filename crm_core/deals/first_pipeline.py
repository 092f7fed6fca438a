"""The pipeline every installation begins with: the eleven stages of F13–F23."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals.tables import pipelines, stages


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    short_name: str
    goal: str
    kind: str = "open"


RUSSIAN = (
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
ENGLISH = (
    Stage("New request", "Request", "learn who came and with what; pass on to be classified"),
    Stage("Classification", "Classification", "understand the kind of work and a rough price"),
    Stage("Arranging a meeting", "Arranging", "agree on a meeting: who, where, when"),
    Stage("Meeting", "Meeting", "learn what project is wanted and write down what was agreed"),
    Stage("Proposal", "Proposal", "send the proposal and learn what they think of it"),
    Stage("Approval", "Approval", "agree on the terms and sign the contract"),
    Stage("Invoice", "Invoice", "send the invoice and make sure it arrived"),
    Stage("Prepayment", "Prepayment", "wait for the prepayment and give the sign to begin"),
    Stage("In progress", "In progress", "deliver in time and keep the customer informed"),
    Stage("Acceptance", "Acceptance", "hand the work over and send the last invoice"),
    Stage("Paid in full", "Paid", "be paid in full, thank, ask for a rating", "won"),
)


async def seed_pipeline(tx: AsyncConnection, language: str = "ru") -> int:
    """The eleven-stage pipeline, where there is none yet; tells the id of the first pipeline."""
    known: int | None = await tx.scalar(select(pipelines.c.id).order_by(pipelines.c.position, pipelines.c.id).limit(1))
    if known is not None:
        return known
    name, wording = ("Продажи", RUSSIAN) if language == "ru" else ("Sales", ENGLISH)
    added: int = (await tx.execute(insert(pipelines).values(name=name, position=0).returning(pipelines.c.id))).scalar_one()
    rows = [
        {"pipeline_id": added, "name": stage.name, "short_name": stage.short_name, "goal": stage.goal,
         "position": position, "kind": stage.kind}
        for position, stage in enumerate(wording)
    ]  # fmt: skip
    await tx.execute(insert(stages), rows)
    return added
