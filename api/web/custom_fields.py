"""Added fields on the cards of deals, contacts and companies: filled in, and the personal ones shown to whom they are for."""

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import Response

from api.web.seen import overtaken
from api.web.typed import amount_typed, number_typed
from api.web.visit import Visit
from crm_core.access import Right, require_visible
from crm_core.errors import Conflict, Forbidden, Invalid
from crm_core.fields import reading
from crm_core.fields.definitions import Field, FieldKind, definitions
from crm_core.fields.history import Noun
from crm_core.fields.values import SAYS, TABLES, set_values

PLACES = {Noun.DEAL: "deals", Noun.CONTACT: "contacts", Noun.COMPANY: "companies"}


async def fill_in(visit: Visit, noun: Noun, noun_id: int) -> tuple[str, int] | None:
    """None if it went well, else what to say and the status."""
    visit.require(Right.WORK)
    form = await visit.request.form()
    known = await definitions(visit.connection, noun)
    try:
        given, seen = typed_fields(known, form)
        async with visit.context.database.write() as tx:
            await require_visible(tx, visit.actor, TABLES[noun], noun_id)
            may = await reading.may_read(tx, visit.actor, noun, noun_id)
            await set_values(tx, noun, noun_id, given, by=visit.actor.user_id, now=visit.now, seen=seen, may_personal=may)
    except Invalid as error:
        return _refusal(visit, known, error), 422
    except Conflict as error:
        return await _overtaken(visit, known, error), 409
    return None


async def personal_part(visit: Visit, noun: Noun, noun_id: int) -> Response:
    """That somebody looks is noted in the transaction that shows it. Raises Forbidden, NotFound."""
    table = TABLES[noun]
    async with visit.context.database.write() as tx:
        await require_visible(tx, visit.actor, table, noun_id)
        if not await reading.personal(tx, visit.actor, noun, noun_id, now=visit.now):
            raise Forbidden(right=Right.SEE_PERSONAL.value)
        custom = await tx.scalar(table.select().with_only_columns(table.c.custom).where(table.c.id == noun_id))
        fields = [field for field in await definitions(tx, noun) if field.personal]
    to_card = f"deal-{noun_id}" if noun is Noun.DEAL else None
    return visit.part("fields/_personal.html", of=f"/{PLACES[noun]}/{noun_id}", fields=fields, custom=custom, to_card=to_card)


def typed_fields(fields: Sequence[Field], form: FormData) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was typed and what stood there before, by the fields' ids; only of fields the form shows. Raises Invalid."""
    given: dict[str, Any] = {}
    seen: dict[str, Any] = {}
    for field in fields:
        before = form.get(f"was.{field.key}")
        if field.key in form or before is not None:
            given[str(field.id)] = _typed(field, [one for one in form.getlist(field.key) if isinstance(one, str)])
        if isinstance(before, str):
            with suppress(ValueError, RecursionError):
                seen[str(field.id)] = json.loads(before[:100_000])
    return given, seen


def _typed(field: Field, sent: list[str]) -> Any:
    if field.kind is FieldKind.CHOICES:
        return [one for one in sent if one] or None
    text = sent[-1].strip() if sent else ""
    try:
        readers = {FieldKind.NUMBER: number_typed, FieldKind.MONEY: amount_typed}
        if field.kind in readers:
            return readers[field.kind](text)
    except Invalid as error:
        raise Invalid(error.say, field=field.key, name=field.name) from error
    if field.kind is FieldKind.YES_NO:
        return {"yes": True, "no": False}.get(text)
    return text or None


async def _overtaken(visit: Visit, known: Sequence[Field], error: Conflict) -> str:
    named = {str(field.id): field for field in known}
    return await overtaken(visit, error, lambda key, value: (named[key].name, _shown(visit, named[key], value)))


def _refusal(visit: Visit, known: Sequence[Field], error: Invalid) -> str:
    field = next((one for one in known if one.key == error.facts.get("field")), None)
    if field is None:
        return visit.say("There is no such field any more.")
    say = visit.say("“%(field)s” cannot be read: %(what)s is wanted.")
    return say % {"field": field.name, "what": visit.look.gettext(SAYS[field.kind])}


def _shown(visit: Visit, field: Field, value: Any) -> str:
    """A value in a sentence."""
    wording = visit.look.wording
    if value is None:
        return ""
    if field.kind is FieldKind.MONEY:
        return wording.money(value)
    if field.kind is FieldKind.DATE:
        return wording.iso_day(value)
    if field.kind is FieldKind.YES_NO:
        return visit.say("yes") if value else visit.say("no")
    return ", ".join(value) if isinstance(value, list) else str(value)
