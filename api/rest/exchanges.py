"""`exchanges`: what each is set to and how it stands. Administrators add and change them; their secrets only go in."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, SecretStr
from starlette.responses import Response

from api.context import AppContext
from api.deps import Context, CurrentActor, ReadDb
from api.paths import PathId
from api.rest.models import ExchangeOut, Page
from crm_core.access import Actor, Right, require
from crm_core.calls import exchange_queries
from crm_core.errors import Invalid
from crm_core.exchanges import registry, removing
from crm_core.exchanges.addresses import AmiAddress
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.exchanges.record_sources import RecordSources
from pbx.dialects.registry import dialects

router = APIRouter(tags=["exchanges"])

Text = Annotated[str, Field(max_length=255)]
PathText = Annotated[str, Field(max_length=1000)]
Secret = Annotated[SecretStr, Field(max_length=200)]
Lines = Annotated[list[Text], Field(max_length=500)]


class ExchangeChange(BaseModel):
    """What is left out stays. A secret must come again with another address, encryption or user; it never goes out."""

    dialect: Text | None = Field(None, description="asterisk, freepbx or mikopbx")
    region: Text | None = Field(None, description="whose national numbers are dialled: two letters")
    language: Text | None = Field(None, description="of the talks; empty: detected")
    ami_host: Text | None = None
    ami_port: int | None = Field(None, ge=1, le=65535)
    ami_tls: bool | None = None
    ami_ca_file: PathText | None = Field(None, description="whose certificates count, PEM on this machine; empty: the machine's")
    ami_user: Text | None = None
    ami_secret: Secret | None = None
    dial_user: Text | None = Field(None, description="who places calls by a click; empty: nobody")
    dial_secret: Secret | None = None
    recordings_root: PathText | None = None
    records: dict[str, Any] | None = Field(
        None, description='{"cel": S, "cdr": S, "queue_log": S, "timezone"}; S: {"kind": "csv", "file"} or {"kind": "mysql" | '
        '"postgresql", "host", "port", "database", "user", "password", "table"}'
    )  # fmt: skip
    trunks: Lines | None = None
    extensions: Lines | None = None
    own_numbers: Lines | None = None
    active: bool | None = Field(None, description="false: nobody listens to it any more; its calls stay")


class ExchangeIn(ExchangeChange):
    name: Annotated[str, Field(max_length=80)]
    ami_host: Text
    ami_user: Text
    ami_secret: Secret


@router.get("/exchanges", response_model=Page[ExchangeOut])
async def list_of_exchanges(actor: CurrentActor, connection: ReadDb) -> Page[ExchangeOut]:
    found = await exchange_queries.list_exchanges(connection, actor)
    return Page(items=[ExchangeOut.model_validate(one) for one in found], next_cursor=None)


@router.get("/exchanges/{exchange_id}", response_model=ExchangeOut)
async def one_exchange(exchange_id: PathId, actor: CurrentActor, connection: ReadDb) -> ExchangeOut:
    return ExchangeOut.model_validate(await exchange_queries.exchange(connection, actor, exchange_id))


@router.post("/exchanges", response_model=ExchangeOut, status_code=201)
async def add_exchange(new: ExchangeIn, actor: CurrentActor, context: Context) -> ExchangeOut:
    """It is listened to at once."""
    require(actor, Right.SETTINGS)
    base = NewExchange(new.name, AmiAddress("", 5038, False, "", ""), region=context.settings.region)
    now, by = context.now(), actor.user_id
    async with context.database.write() as tx:
        added = await registry.add(tx, _changed(base, new), context.box, now=now, by=by)
        if new.active is False:
            await registry.set_active(tx, added, False, now=now, by=by)
    return await _now(context, actor, added)


@router.patch("/exchanges/{exchange_id}", response_model=ExchangeOut)
async def change_exchange(exchange_id: PathId, change: ExchangeChange, actor: CurrentActor, context: Context) -> ExchangeOut:
    """The listener takes a change up by itself."""
    require(actor, Right.SETTINGS)
    now, by = context.now(), actor.user_id
    async with context.database.write() as tx:
        before = await registry.described(tx, exchange_id)
        if change.model_fields_set - {"active"}:
            await registry.change(tx, exchange_id, _changed(before, change), context.box, now=now, by=by)
        if change.active is not None:
            await registry.set_active(tx, exchange_id, change.active, now=now, by=by)
    return await _now(context, actor, exchange_id)


@router.delete("/exchanges/{exchange_id}", status_code=204, response_class=Response)
async def remove_exchange(exchange_id: PathId, actor: CurrentActor, context: Context) -> Response:
    """One that is switched off and of which no call was told; else 409."""
    require(actor, Right.SETTINGS)
    async with context.database.write() as tx:
        await removing.remove(tx, exchange_id, now=context.now(), by=actor.user_id)
    return Response(status_code=204)


async def _now(context: AppContext, actor: Actor, exchange_id: int) -> ExchangeOut:
    async with context.database.read() as connection:
        return ExchangeOut.model_validate(await exchange_queries.exchange(connection, actor, exchange_id))


def _changed(before: NewExchange, change: ExchangeChange) -> NewExchange:
    """Raises Invalid, with the field."""
    told = change.model_dump(exclude_unset=True, exclude_none=True)
    dialect = told.get("dialect", before.dialect)
    if dialect not in dialects():
        raise Invalid(f"There is no dialect {dialect}; there are: {', '.join(sorted(dialects()))}", field="dialect")
    plain = {name: told[name] for name in ("trunks", "extensions", "own_numbers") if name in told}
    return replace(
        before, ami=_address(before.ami, told), dialect=dialect, dial_context=dialects()[dialect].habits.dial_context,
        region=told.get("region", before.region).upper(), language=told.get("language", before.language) or None,
        dial_user=told.get("dial_user", before.dial_user) or None, dial_secret=_secret(told, "dial_secret") or None,
        dial_secret_file=None if "dial_secret" in told else before.dial_secret_file,
        recordings_root=_path(told, "recordings_root", before.recordings_root),
        records=_records(told["records"]) if "records" in told else before.records, **plain,
    )  # fmt: skip


def _address(before: AmiAddress, told: Mapping[str, Any]) -> AmiAddress:
    return replace(
        before, host=told.get("ami_host", before.host), port=told.get("ami_port", before.port),
        tls=told.get("ami_tls", before.tls), user=told.get("ami_user", before.user), secret=_secret(told, "ami_secret"),
        ca_file=_path(told, "ami_ca_file", before.ca_file), secret_file=None if "ami_secret" in told else before.secret_file,
    )  # fmt: skip


def _secret(told: Mapping[str, Any], name: str) -> str:
    return str(told[name].get_secret_value()) if name in told else ""


def _path(told: Mapping[str, Any], name: str, before: Path | None) -> Path | None:
    if name not in told:
        return before
    return Path(told[name].strip()) if told[name].strip() else None


def _records(told: dict[str, Any]) -> RecordSources:
    passwords = {name: str(one["password"]) for name, one in told.items() if isinstance(one, dict) and one.get("password")}
    return RecordSources.of_json(told, passwords)
