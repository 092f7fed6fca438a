"""Added fields: their definitions, and values of each kind."""

from typing import Any

import pytest
from sqlalchemy import select

from crm_core.contacts.tables import contacts
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.fields import definitions, values
from crm_core.fields.definitions import Field, FieldKind, NewField
from crm_core.fields.history import Noun
from crm_core.fields.tables import field_changes
from tests.office import NOW, Office


def a_field(kind: FieldKind, *choices: str) -> Field:
    return Field(7, Noun.DEAL, "Field", kind, choices, personal=False, block=None, position=0)


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        (FieldKind.TEXT, "  <b>x</b>\0 ", "<b>x</b>"), (FieldKind.NUMBER, 3, 3), (FieldKind.NUMBER, 3.5, 3.5),
        (FieldKind.NUMBER, 4.0, 4), (FieldKind.MONEY, 24000000, 24000000), (FieldKind.DATE, "2026-11-22", "2026-11-22"),
        (FieldKind.CHOICE, "a", "a"), (FieldKind.CHOICES, ["b", "a", "b"], ["b", "a"]), (FieldKind.YES_NO, False, False),
        (FieldKind.TEXT, "", None), (FieldKind.CHOICES, [], None), (FieldKind.NUMBER, None, None),
    ],
)  # fmt: skip
def test_a_value_is_kept_as_its_kind_says(kind: FieldKind, raw: Any, kept: Any) -> None:
    assert values.fit_value(a_field(kind, "a", "b"), raw) == kept


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (FieldKind.TEXT, 5), (FieldKind.TEXT, {"a": 1}), (FieldKind.NUMBER, "3"), (FieldKind.NUMBER, True),
        (FieldKind.NUMBER, 1e300),
        (FieldKind.NUMBER, float("nan")), (FieldKind.MONEY, 1.5), (FieldKind.MONEY, -1), (FieldKind.MONEY, True),
        (FieldKind.DATE, "22.11.2026"), (FieldKind.DATE, "9999-01-01"), (FieldKind.CHOICE, "c"), (FieldKind.CHOICE, ["a"]),
        (FieldKind.CHOICES, ["a", "c"]), (FieldKind.CHOICES, "a"), (FieldKind.YES_NO, "yes"), (FieldKind.YES_NO, 1),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_by_its_fields_name(kind: FieldKind, raw: Any) -> None:
    with pytest.raises(Invalid) as refused:
        values.fit_value(a_field(kind, "a", "b"), raw)

    assert refused.value.facts == {"field": "custom.7", "name": "Field"}


def test_a_choice_that_was_taken_away_may_stay_where_it_was_chosen() -> None:
    assert values.fit_value(a_field(FieldKind.CHOICE, "a"), "gone", "gone") == "gone"
    assert values.fit_value(a_field(FieldKind.CHOICES, "a"), ["gone", "a"], ["gone"]) == ["gone", "a"]


async def test_values_on_a_card_are_merged_kept_in_the_history_and_told(office: Office) -> None:
    contact = await office.contact("79160000001", "Anna")
    async with office.database.write() as tx:
        hobby = await definitions.add_field(tx, NewField(Noun.CONTACT, "Hobby", FieldKind.TEXT), by=None, now=NOW)
        age = await definitions.add_field(tx, NewField(Noun.CONTACT, "Age", FieldKind.NUMBER), by=None, now=NOW)
        await values.set_values(tx, Noun.CONTACT, contact, {str(hobby): "chess"}, by=None, now=NOW)
        await values.set_values(tx, Noun.CONTACT, contact, {str(age): 41}, by=None, now=NOW)
        await values.set_values(tx, Noun.CONTACT, contact, {str(hobby): None}, by=None, now=NOW)

    assert (await office.the(contacts, id=contact)).custom == {str(age): 41}
    assert [(row.field, row.old, row.new) for row in await office.rows(field_changes)] == [
        (f"custom.{hobby}", None, "chess"), (f"custom.{age}", None, 41), (f"custom.{hobby}", "chess", None),
    ]  # fmt: skip


async def test_who_may_not_see_a_personal_field_cannot_write_it_either(office: Office) -> None:
    contact = await office.contact("79160000001", "Anna")
    async with office.database.write() as tx:
        age = await definitions.add_field(tx, NewField(Noun.CONTACT, "Age", FieldKind.NUMBER, personal=True), by=None, now=NOW)
        with pytest.raises(Invalid):
            await values.set_values(tx, Noun.CONTACT, contact, {str(age): 41}, by=None, now=NOW)
        await values.set_values(tx, Noun.CONTACT, contact, {str(age): 41}, by=None, now=NOW, may_personal=True)
        for hostile in ("999", "x", "1; DROP TABLE contacts", ""):
            with pytest.raises(Invalid):
                await values.set_values(tx, Noun.CONTACT, contact, {hostile: 1}, by=None, now=NOW)
        with pytest.raises(NotFound):
            await values.set_values(tx, Noun.CONTACT, 999, {}, by=None, now=NOW)


async def test_definitions_are_added_ordered_and_put_away(office: Office) -> None:
    async with office.database.write() as tx:
        new = [NewField(Noun.DEAL, "Goal", FieldKind.TEXT, block="Goals"), NewField(Noun.DEAL, "Term", FieldKind.DATE),
               NewField(Noun.DEAL, "Detail", FieldKind.TEXT, block="Goals")]  # fmt: skip
        first, second, third = [await definitions.add_field(tx, one, by=None, now=NOW) for one in new]
        assert [one.name for one in await definitions.definitions(tx, Noun.DEAL)] == ["Goal", "Detail", "Term"]
        await definitions.shift_field(tx, third, -1, by=None, now=NOW)
        await definitions.edit_field(tx, first, {"archived": True}, by=None, now=NOW)
        with pytest.raises(Conflict):
            await definitions.add_field(tx, NewField(Noun.DEAL, " detail ", FieldKind.TEXT), by=None, now=NOW)
        with pytest.raises(Invalid):
            await definitions.add_field(tx, NewField(Noun.DEAL, "Size", FieldKind.CHOICE, ["", " "]), by=None, now=NOW)
        shown = [one.id for one in await definitions.definitions(tx, Noun.DEAL)]
        everything = [one.id for one in await definitions.definitions(tx, archived=True)]
        assert await tx.scalar(select(contacts.c.id)) is None

    assert (shown, everything) == ([third, second], [third, second, first])
