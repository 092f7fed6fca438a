"""Settings: the price list. Products in groups, with their price and what they cost us."""

from typing import Annotated, cast

from fastapi import APIRouter, Form, Query
from starlette.datastructures import FormData
from starlette.responses import Response

from api.paths import PathId
from api.web.seen import Reader, given_in
from api.web.typed import amount_typed, id_typed
from api.web.visit import Visit, VisitNow, back_to, status_after
from crm_core.access import Right
from crm_core.errors import Conflict, Invalid, NotFound
from crm_core.products import price_list
from crm_core.products.price_list import ProductChanges

router = APIRouter()

Text = Annotated[str, Form(max_length=400)]
READERS: dict[str, Reader] = {
    "name": str, "sku": str, "unit": str, "group_id": id_typed, "price": amount_typed, "cost": amount_typed,
    "archived": lambda text: text == "yes",
}  # fmt: skip


@router.get("/products")
async def page(visit: VisitNow, search: Annotated[str, Query(max_length=200)] = "") -> Response:
    visit.require(Right.SETTINGS)
    return await _page(visit, search=search)


@router.get("/products/more")
async def more(
    visit: VisitNow, cursor: Annotated[str, Query(max_length=500)], search: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    visit.require(Right.SETTINGS)
    found = await price_list.list_products(visit.connection, archived=None, search=search, cursor=cursor)
    groups = await price_list.list_groups(visit.connection)
    return visit.part("products/_rows.html", products=found, groups=groups, search=search)


@router.post("/products")
async def add(visit: VisitNow) -> Response:
    visit.require(Right.SETTINGS)
    form = await visit.request.form()
    try:
        async with visit.context.database.write() as tx:
            await price_list.add_product(tx, _typed(form), by=visit.actor.user_id, now=visit.now)
    except (Invalid, NotFound) as error:
        return await _page(visit, error)
    return back_to("/products")


@router.post("/products/groups")
async def add_group(visit: VisitNow, name: Text) -> Response:
    visit.require(Right.SETTINGS)
    try:
        async with visit.context.database.write() as tx:
            await price_list.add_group(tx, name, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _page(visit, error)
    return back_to("/products")


@router.post("/products/groups/{group_id}")
async def edit_group(visit: VisitNow, group_id: PathId, name: Text = "", archived: Text = "") -> Response:
    """Another name, or put away and taken back."""
    visit.require(Right.SETTINGS)
    put_away = {"yes": True, "no": False}.get(archived)
    try:
        async with visit.context.database.write() as tx:
            await price_list.edit_group(tx, group_id, name=name or None, archived=put_away, by=visit.actor.user_id, now=visit.now)
    except (Invalid, Conflict) as error:
        return await _page(visit, error)
    return back_to("/products")


@router.post("/products/{product_id}")
async def edit(visit: VisitNow, product_id: PathId) -> Response:
    visit.require(Right.SETTINGS)
    form = await visit.request.form()
    try:
        async with visit.context.database.write() as tx:
            await price_list.edit_product(tx, product_id, _typed(form), by=visit.actor.user_id, now=visit.now)
    except Invalid as error:
        return await _page(visit, error)
    return back_to("/products")


async def _page(visit: Visit, error: Invalid | Conflict | NotFound | None = None, search: str = "") -> Response:
    groups = await price_list.list_groups(visit.connection, archived=True)
    found = await price_list.list_products(visit.connection, archived=None, search=search)
    facts = {
        "groups": [one for one in groups if not one.archived], "gone_groups": [one for one in groups if one.archived],
        "products": found, "search": search, "refused": error and _refusal(visit, error),
    }  # fmt: skip
    return await visit.page("products/page.html", "products", status_after(error), **facts)


def _typed(form: FormData) -> ProductChanges:
    return cast("ProductChanges", given_in(form, READERS))


def _refusal(visit: Visit, error: Invalid | Conflict | NotFound) -> str:
    if isinstance(error, Conflict):
        return visit.say("There is a group of this name already.")
    if isinstance(error, NotFound):
        return visit.say("This group is not there any more.")
    if error.facts.get("field") == "name":
        return visit.say("It has a name.")
    return visit.say("The amount is a number such as 240 000.")
