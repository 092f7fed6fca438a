"""What a deal is made of, on its card: the people who take part, and the products it sells."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import Response

from api.paths import PathId
from api.web.deal_card import after_deed, of_mine
from api.web.typed import amount_typed, id_typed, number_typed
from api.web.visit import Visit, VisitNow
from crm_core.access import Right, require_visible
from crm_core.contacts import edits
from crm_core.contacts.tables import contacts
from crm_core.deals import people
from crm_core.deals.people import Influence
from crm_core.deals.queries import deal
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.products import deal_lines
from crm_core.products.deal_lines import LineChanges, NewLine
from crm_core.products.price_list import Product, list_products

router = APIRouter()

Text = Annotated[str, Form(max_length=400)]
MOST_OFFERED = 200


@router.post("/deals/{deal_id}/people")
async def add_person(
    visit: VisitNow, deal_id: PathId, number: Text = "", name: Text = "", role: Text = "", influence: Text = ""
) -> Response:
    """By his number, if it is known, else as a new contact of the deal's company."""
    if not number.strip() and not name.strip():
        return await after_deed(visit, deal_id, visit.say("Say who it is: by a number or by a name."), 422)
    try:
        async with of_mine(visit, deal_id) as tx:
            contact_id = await _contact(visit, tx, deal_id, number.strip(), name)
            await people.place_person(
                tx, deal_id, contact_id, role=role, influence=_influence(influence), by=visit.actor.user_id, now=visit.now
            )
    except Invalid:
        return await after_deed(visit, deal_id, visit.say("This is no telephone number. Write it like +7 916 111-22-33."), 422)
    except Conflict:
        return await after_deed(visit, deal_id, visit.say("This number is a colleague's contact."), 409)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/people/{contact_id}")
async def place_person(visit: VisitNow, deal_id: PathId, contact_id: PathId, role: Text = "", influence: Text = "") -> Response:
    async with of_mine(visit, deal_id) as tx:
        await require_visible(tx, visit.actor, contacts, contact_id)
        await people.place_person(
            tx, deal_id, contact_id, role=role, influence=_influence(influence), by=visit.actor.user_id, now=visit.now
        )
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/people/{contact_id}/main")
async def make_main(visit: VisitNow, deal_id: PathId, contact_id: PathId) -> Response:
    async with of_mine(visit, deal_id) as tx:
        await require_visible(tx, visit.actor, contacts, contact_id)
        await people.make_main(tx, deal_id, contact_id, by=visit.actor.user_id, now=visit.now)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/people/{contact_id}/remove")
async def remove_person(visit: VisitNow, deal_id: PathId, contact_id: PathId) -> Response:
    try:
        async with of_mine(visit, deal_id) as tx:
            await people.remove_person(tx, deal_id, contact_id, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await after_deed(visit, deal_id, visit.say("The main contact is replaced by another one, not removed."), 422)
    return await after_deed(visit, deal_id)


@router.get("/deals/{deal_id}/products/new")
async def new_product(visit: VisitNow, deal_id: PathId) -> Response:
    """The form with the price list in it."""
    visit.require(Right.WORK)
    line = await deal(visit.connection, visit.actor, deal_id)
    listed = (await list_products(visit.connection, limit=MOST_OFFERED)).items
    return visit.part("deals/forms/_new_product.html", deal_id=deal_id, currency=line.currency, price_list=by_group(listed))


@router.post("/deals/{deal_id}/products")
async def add_product(
    visit: VisitNow, deal_id: PathId, product_id: Text = "", name: Text = "", quantity: Text = "1", price: Text = ""
) -> Response:
    try:
        new = NewLine(id_typed(product_id), name.strip() or None, number_typed(quantity) or 0, amount_typed(price))
        async with of_mine(visit, deal_id) as tx:
            await deal_lines.add_line(tx, deal_id, new, by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await after_deed(visit, deal_id, _line_refused(visit, error), 422)
    except NotFound as error:
        if error.facts.get("noun") != "products":
            raise
        return await after_deed(visit, deal_id, visit.say("This product is not in the price list any more."), 422)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/products/sum")
async def take_sum(visit: VisitNow, deal_id: PathId) -> Response:
    """The sum of the lines becomes the deal's amount."""
    try:
        async with of_mine(visit, deal_id) as tx:
            await deal_lines.take_sum(tx, deal_id, by=visit.actor.user_id, now=visit.now)
    except Invalid:
        return await after_deed(visit, deal_id, visit.say("This deal has no products yet."), 422)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/products/{line_id}")
async def edit_product(visit: VisitNow, deal_id: PathId, line_id: PathId, quantity: Text, price: Text) -> Response:
    try:
        changes = LineChanges(quantity=number_typed(quantity) or 0)
        changes["price"] = _price(price)
        async with of_mine(visit, deal_id) as tx:
            await deal_lines.edit_line(tx, deal_id, line_id, changes, by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await after_deed(visit, deal_id, _line_refused(visit, error), 422)
    return await after_deed(visit, deal_id)


@router.post("/deals/{deal_id}/products/{line_id}/remove")
async def remove_product(visit: VisitNow, deal_id: PathId, line_id: PathId) -> Response:
    async with of_mine(visit, deal_id) as tx:
        await deal_lines.remove_line(tx, deal_id, line_id, by=visit.actor.user_id, now=visit.now)
    return await after_deed(visit, deal_id)


def by_group(products: Any) -> list[tuple[str | None, list[Product]]]:
    """In the order of the groups' names, what has none first."""
    groups: dict[str | None, list[Product]] = {}
    for product in products:
        groups.setdefault(product.group.name if product.group else None, []).append(product)
    return sorted(groups.items(), key=lambda group: group[0] or "")


async def _contact(visit: Visit, tx: AsyncConnection, deal_id: int, number: str, name: str) -> int:
    """The contact of this number where there is one he may see; raises Conflict where there is one he may not."""
    if number:
        known = await edits.contact_of_number(tx, number, visit.context.settings.region)
        if known is not None:
            try:
                await require_visible(tx, visit.actor, contacts, known)
            except NotFound as error:
                raise Conflict("This number is a colleague's contact") from error
            return known
    company = (await deal(tx, visit.actor, deal_id)).company
    new: edits.ContactChanges = {"name": name, "owner_id": visit.actor.user_id, "company_id": company.id if company else None}
    numbers = [number] if number else []
    return await edits.add_contact(tx, new, numbers, visit.context.settings.region, by=visit.actor.user_id, now=visit.now)


def _influence(text: str) -> Influence | None:
    return Influence(text) if text in list(Influence) else None


def _price(text: str) -> int:
    price = amount_typed(text)
    if price is None:
        raise Invalid("A line has a price", field="price")
    return price


def _line_refused(visit: Visit, error: Invalid) -> str:
    says = {
        "name": visit.say("Choose a product, or say what is sold."),
        "quantity": visit.say("A quantity is a number above zero."),
        "number": visit.say("A quantity is a number above zero."),
        "price": visit.say("A price is wanted, such as 240 000."),
        "amount": visit.say("A price is wanted, such as 240 000."),
    }
    return says.get(str(error.facts.get("field")), visit.look.gettext(error.say))
