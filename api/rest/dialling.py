"""`POST calls`: call somebody by a click. The user's phone rings first; when he picks up, the number is dialled."""

from math import ceil
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.context import AppContext
from api.deps import Context, CurrentActor, ReadDb
from api.errors import problem
from api.paths import BodyId, PathId
from api.rest.models import Answer, Moment, PersonOut
from api.web.dial_words import why_words
from api.web.visit import look_for
from crm_core.access import Actor
from crm_core.dialling import asking, queries
from crm_core.dialling.asking import Asked
from crm_core.dialling.phones import Wanted
from crm_core.dialling.queries import AttemptLine, Stage
from crm_core.dialling.refusals import Reason, Refusal

router = APIRouter(tags=["calls"])

UNDERSTOOD_NOT = frozenset({Reason.NOT_A_NUMBER, Reason.NOT_ALLOTTED, Reason.CHOOSE_EXTENSION})
NOT_NOW = frozenset({
    Reason.NOT_SET_UP, Reason.EXCHANGE_OFF, Reason.NO_EXTENSION, Reason.UNUSABLE_EXTENSION, Reason.ALREADY_CALLING,
    Reason.OWN_NUMBER,
})  # fmt: skip
TOO_MANY = frozenset({Reason.CAP_HOUR, Reason.CAP_DAY, Reason.CAP_NIGHT, Reason.TOO_MANY_TRIES})


class CallIn(BaseModel):
    to: str = Field(max_length=80, description="as people write it; read in the exchange's region")
    extension: str | None = Field(None, max_length=80, description="the phone that rings first; may be left out by who has one")
    exchange_id: BodyId | None = Field(None, description="where the same extension is on several exchanges")


class AttemptOut(Answer):
    """`stage`: ordered, phone_rings, calling, talking, ended, failed or refused; `reason` is a code for why it failed,
    `say` the same in words. `channel_id` becomes the call's linkedid, `call_id` is there once the exchange told of the call."""

    id: int
    stage: str
    reason: str | None
    say: str | None
    to: str | None
    extension: str | None
    channel_id: str | None
    call_id: int | None
    outcome: str | None
    user: PersonOut
    asked_at: Moment

    @classmethod
    def of(cls, line: AttemptLine, say: str) -> "AttemptOut":
        failed = line.stage in (Stage.FAILED, Stage.REFUSED)
        return cls.model_construct(
            id=line.id, stage=line.stage.value, reason=line.why if failed else None, say=say if failed else None,
            to=line.number, extension=line.extension, channel_id=line.channel_id, call_id=line.call_id,
            outcome=line.outcome, user=PersonOut(id=line.user.id, name=line.user.name), asked_at=line.at,
        )  # fmt: skip


@router.post(
    "/calls", response_model=AttemptOut, status_code=202,
    responses={429: {"description": "A cap is reached; `Retry-After` says in seconds when there is room again (RFC 9457)"}},
)  # fmt: skip
async def call(
    wanted: CallIn, request: Request, response: Response, actor: CurrentActor, context: Context,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Response | AttemptOut:  # fmt: skip
    """Ring the phone, then the number. 202: ordered; how it goes tell `GET calls/attempts/{id}` and the stream.

    Refused with `reason` and a sentence in your language: 403 what you may not, 409 what cannot be now, 422 what is no
    number, 429 a cap. The same `Idempotency-Key`, or the same number again within five seconds, orders nothing twice.
    """
    asked = await ordered(context, actor, Wanted(wanted.to, wanted.extension, wanted.exchange_id), idempotency_key)
    if asked.refusal is not None:
        return _refused(request, actor, asked.refusal, asked.attempt_id)
    response.headers["Location"] = f"/api/v1/calls/attempts/{asked.attempt_id}"
    async with context.database.read() as connection:
        return _told(request, actor, await queries.attempt(connection, actor, asked.attempt_id or 0))


@router.get("/calls/attempts/{attempt_id}", response_model=AttemptOut)
async def one_attempt(attempt_id: PathId, request: Request, actor: CurrentActor, connection: ReadDb) -> AttemptOut:
    """How a call by a click goes: your own; anybody's for head, quality control and administrator."""
    return _told(request, actor, await queries.attempt(connection, actor, attempt_id))


async def ordered(context: AppContext, actor: Actor, wanted: Wanted, key: str | None = None) -> Asked:
    """The one way in for REST and pages. Refused attempts are kept, too."""
    async with context.database.write() as tx:
        return await asking.ask(tx, actor, wanted, now=context.now(), zone=context.settings.zone, key=key)


def status_of(refusal: Refusal) -> int:
    if refusal.reason in TOO_MANY:
        return 429
    if refusal.reason in UNDERSTOOD_NOT:
        return 422
    return 409 if refusal.reason in NOT_NOW else 403


def _refused(request: Request, actor: Actor, refusal: Refusal, attempt_id: int | None) -> Response:
    say = why_words(look_for(request, actor).wording.texts, refusal.reason)
    answer = problem(status_of(refusal), say, reason=refusal.reason.value, attempt_id=attempt_id)
    if refusal.again_in is not None:
        answer.headers["Retry-After"] = str(max(1, ceil(refusal.again_in.total_seconds())))
    return answer


def _told(request: Request, actor: Actor, line: AttemptLine) -> AttemptOut:
    return AttemptOut.of(line, why_words(look_for(request, actor).wording.texts, line.why))
