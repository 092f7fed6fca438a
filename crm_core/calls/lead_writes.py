"""Writes the leads that a ledger opened, and what lead rules did with them afterwards."""

from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.ledger import ContactDraft, DealDraft, Ledger
from crm_core.contacts.tables import contacts
from crm_core.deals.tables import deals, stage_history
from crm_core.leads.rule_set import keep_turns

LEAD_SOURCE = "call"

NEW_DEALS = insert(deals).returning(deals.c.contact_id, deals.c.id)
STAGES = insert(stage_history)
GIVEN_ON = update(contacts).where(
    contacts.c.id == bindparam("row"), contacts.c.owner_id.is_not_distinct_from(bindparam("from_owner"))
)


async def write_deals(tx: AsyncConnection, ledger: Ledger) -> None:
    new = [deal for deal, _ in ledger.new_deals]
    if not new:
        return
    added = await tx.execute(NEW_DEALS, [_deal_row(deal) for deal in new])
    ids = {row.contact_id: row.id for row in added}
    for deal in new:
        deal.id = ids[deal.contact.id if deal.contact else None]
    await tx.execute(STAGES, [{"deal_id": deal.id, "stage_id": _began(deal), "at": deal.created_at} for deal in new])


async def write_rulings(tx: AsyncConnection, ledger: Ledger) -> None:
    """Only where there are lead rules: what those that waited for a fact did, and whose turn it was."""
    if ledger.leads is None:
        return
    known = {draft.deal for draft in ledger.by_linkedid.values() if draft.deal is not None and draft.deal.ruled}
    new = {deal for deal, _ in ledger.new_deals}
    moved = [move for deal in known for move in _move_rows(deal)]
    if moved:
        await tx.execute(STAGES, moved)
    if changed := [_changed_row(deal) for deal in known - new]:
        values: dict[str, Any] = {name: bindparam(name) for name in changed[0] if name != "row"}
        await tx.execute(update(deals).where(deals.c.id == bindparam("row")).values(values), changed)
    await _give_on(tx, [deal.contact for deal in known if deal.contact is not None and deal.contact not in ledger.new_contacts])
    await keep_turns(tx, ledger.leads)


async def _give_on(tx: AsyncConnection, given: list[ContactDraft]) -> None:
    rows = [
        {"row": contact.id, "from_owner": contact.given_from[0], "owner": contact.owner_id}
        for contact in given
        if contact.given_from is not None
    ]
    if rows:
        await tx.execute(GIVEN_ON.values(owner_id=bindparam("owner")), rows)


def _deal_row(deal: DealDraft) -> dict[str, Any]:
    contact = deal.contact
    return {
        "contact_id": contact.id if contact else None, "company_id": contact.company_id if contact else None,
        "source": LEAD_SOURCE, "created_at": deal.created_at, **_standing(deal),
    }  # fmt: skip


def _changed_row(deal: DealDraft) -> dict[str, Any]:
    return {"row": deal.id, **_standing(deal)}


def _standing(deal: DealDraft) -> dict[str, Any]:
    return {
        "pipeline_id": deal.pipeline_id, "stage_id": deal.stage_id, "stage_since": _since(deal), "owner_id": deal.owner_id,
        "lead_rule_id": deal.rule_id,
    }  # fmt: skip


def _since(deal: DealDraft) -> Any:
    return deal.moves[-1].at if deal.moves else deal.since or deal.created_at


def _began(deal: DealDraft) -> int:
    return deal.moves[0].from_stage_id if deal.moves else deal.stage_id


def _move_rows(deal: DealDraft) -> list[dict[str, Any]]:
    return [
        {
            "deal_id": deal.id,
            "from_stage_id": move.from_stage_id,
            "stage_id": move.to.stage_id,
            "at": move.at,
            "reason": move.rule,
        }
        for move in deal.moves
    ]
