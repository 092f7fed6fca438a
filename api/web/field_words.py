"""What the fields of cards are called, and which there are to choose from: our own and those the company added."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.web.translations import Texts
from crm_core.fields.tables import fields


def field_names(texts: Texts) -> dict[str, str]:
    """Our own fields by the names that gates and forms give them; those of a deal stand without its noun."""
    pgettext = texts.pgettext
    return {
        "title": pgettext("field", "What the deal is about"),
        "amount": pgettext("field", "Amount"),
        "work_type_id": pgettext("field", "Work type"),
        "source": pgettext("field", "Source"),
        "contact.name": pgettext("field", "Contact: name"),
        "contact.position": pgettext("field", "Contact: position"),
        "contact.email": pgettext("field", "Contact: e-mail"),
        "contact.number": pgettext("field", "Contact: number"),
        "company.name": pgettext("field", "Company: name"),
        "company.inn": pgettext("field", "Company: INN"),
        "company.phone": pgettext("field", "Company: phone"),
        "company.email": pgettext("field", "Company: e-mail"),
        "company.site": pgettext("field", "Company: site"),
        "company.address": pgettext("field", "Company: address"),
    }


async def field_choices(connection: AsyncConnection, texts: Texts) -> list[tuple[str, str]]:
    """Our own, then the company's, named as `custom.<id>`, of contacts and companies with their noun before it."""
    query = select(fields.c.id, fields.c.noun, fields.c.name).where(fields.c.archived_at.is_(None))
    rows = (await connection.execute(query.order_by(fields.c.noun, fields.c.position, fields.c.id))).all()
    return [*field_names(texts).items(), *((f"{_before(row.noun)}custom.{row.id}", row.name) for row in rows)]


def _before(noun: str) -> str:
    return "" if noun == "deal" else f"{noun}."
