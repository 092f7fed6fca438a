"""One deed on the deals that were chosen in the list."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from api.bulk import carry_out
from api.web.deal_filters import asked_again, filters_of
from api.web.gate_words import worded
from api.web.typed import id_typed, moment_typed
from api.web.visit import Visit, VisitNow
from crm_core.access import Right
from crm_core.deals.bulk import MOST, BulkChange, BulkDeed, fitting
from crm_core.deals.gate import Refused
from crm_core.errors import FirstringError, Invalid, NotFound

router = APIRouter()

Word = Annotated[str, Form(max_length=15)]
Text = Annotated[str, Form(max_length=1000)]


@dataclass(frozen=True, slots=True)
class Asked:
    """The form: what is chosen (or all that fit the filters in `query`), and what is to be done."""

    deed: Annotated[BulkDeed, Form()]
    deal: Annotated[list[str] | None, Form(max_length=MOST)] = None
    all_that_fit: Word = ""
    query: Annotated[str, Form(max_length=1500)] = ""
    owner_id: Word = ""
    stage_id: Word = ""
    source: Annotated[str, Form(max_length=300)] = ""
    work_type_id: Word = ""
    reason_id: Word = ""
    words: Text = ""
    title: Text = ""
    due: Annotated[str, Form(max_length=30)] = ""

    def change(self, visit: Visit) -> BulkChange:
        """Raises Invalid."""
        due = moment_typed(self.due, visit.context.settings.zone) if self.deed is BulkDeed.TASK else None
        return BulkChange(
            self.deed, owner_id=id_typed(self.owner_id), stage_id=id_typed(self.stage_id), source=self.source or None,
            work_type_id=id_typed(self.work_type_id), reason_id=id_typed(self.reason_id), words=self.words or None,
            title=self.title or None, due_at=due,
        )  # fmt: skip


@router.post("/deals/bulk")
async def change(visit: VisitNow, asked: Annotated[Asked, Depends()]) -> Response:
    """What was done and what was not, and why; as a part of the list, or as a page where there are no scripts."""
    visit.require(Right.WORK)
    chosen, more = await _chosen(visit, asked)
    refused, status, result = None, 200, None
    try:
        result = await carry_out(visit.context, visit.actor, chosen, asked.change(visit))
    except Invalid:
        refused, status = visit.say("Say what is to be done with them."), 422
    facts = {"result": result, "refused": refused, "more": more, "most": MOST, "why": lambda error: why(visit, asked.deed, error),
             "query": asked.query}  # fmt: skip
    if visit.wants_part:
        return visit.part("deals/_bulk_result.html", status, **facts)
    return await visit.page("deals/bulk.html", "deals", status, **facts)


async def _chosen(visit: Visit, asked: Asked) -> tuple[tuple[int, ...], bool]:
    if asked.all_that_fit:
        return await fitting(visit.connection, visit.actor, filters_of(visit, asked_again(asked.query)))
    return tuple(one for text in asked.deal or () if (one := id_typed(text)) is not None), False


def why(visit: Visit, deed: BulkDeed, error: FirstringError) -> list[str]:
    """Why one deal stayed as it was, in sentences."""
    if isinstance(error, Refused):
        return [worded(visit.look.wording, lack) for lack in error.missing]
    if isinstance(error, NotFound):
        return [visit.say("There is no such deal any more, or it belongs to a colleague.")]
    if deed is BulkDeed.STAGE:
        return [visit.say("The stage belongs to another pipeline.")]
    return [visit.say("It cannot be so for this deal.")]
