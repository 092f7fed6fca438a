"""The form of an exchange: what was typed as an exchange to be kept, and an exchange as its form shows it, secrets never."""

from dataclasses import replace
from pathlib import Path

from fastapi import Request

from crm_core.errors import Invalid, SettingsError
from crm_core.exchanges.addresses import AmiAddress, host_and_port
from crm_core.exchanges.new_exchange import NewExchange
from crm_core.exchanges.record_sources import KINDS, RecordSources
from crm_core.settings import known_region
from pbx.dialects.registry import dialects

Typed = dict[str, str]

LONGEST = 1000
OF_RECORDS = ("kind", "file", "host", "port", "database", "user", "password", "table")
SECRETS = ("secret", *(f"{kind}_password" for kind in KINDS))
FIELDS = (
    "name", "dialect", "region", "language", "address", "tls", "ca", "user", "secret", "recordings", "own", "trunks",
    "extensions", "timezone", *(f"{kind}_{part}" for kind in KINDS for part in OF_RECORDS),
)  # fmt: skip


async def typed_in(request: Request, region: str) -> Typed:
    """The known fields of a form, each of bearable length; "" for what was not sent, and `region` for a country."""
    form = await request.form(max_files=0, max_fields=100)
    sent = {name: value for name, value in form.items() if isinstance(value, str)}
    usual = {"dialect": "asterisk", "region": region}
    return {name: sent.get(name, usual.get(name, ""))[:LONGEST] for name in FIELDS}


def without_secrets(typed: Typed) -> Typed:
    """What may stand on a page again."""
    return {name: "" if name in SECRETS else value for name, value in typed.items()}


def blank(region: str) -> Typed:
    """The form of an exchange that is not there yet."""
    return {**dict.fromkeys(FIELDS, ""), "user": "firstring-reader", "dialect": "asterisk", "region": region}


def shown(one: NewExchange) -> Typed:
    """An exchange in the fields of its form."""
    typed = {
        "name": one.name, "dialect": one.dialect, "region": one.region, "language": one.language or "",
        "address": address_shown(one.ami), "tls": "1" if one.ami.tls else "", "ca": _path_shown(one.ami.ca_file),
        "user": one.ami.user, "recordings": _path_shown(one.recordings_root), "own": ", ".join(one.own_numbers),
        "trunks": "\n".join(one.trunks), "extensions": "\n".join(one.extensions), "timezone": one.records.timezone or "",
    }  # fmt: skip
    told = one.records.to_json()
    for kind in KINDS:
        typed |= {f"{kind}_{part}": str(value) for part, value in told.get(kind, {}).items()}
    return {**dict.fromkeys(FIELDS, ""), **typed}


def address_shown(ami: AmiAddress) -> str:
    """As it is typed."""
    return f"[{ami.host}]:{ami.port}" if ":" in ami.host else f"{ami.host}:{ami.port}"


def wanted(typed: Typed, before: NewExchange | None = None) -> NewExchange:
    """What the form asks for; of an exchange that is there, what no form shows stays. Raises Invalid with the field."""
    dialect = dialects().get(typed["dialect"])
    if dialect is None:
        raise Invalid("There is no such dialect", field="dialect")
    base = before or NewExchange(typed["name"], AmiAddress("", 0, False, "", ""), dial_context=dialect.habits.dial_context)
    return replace(
        base, ami=_address(typed, base.ami), dialect=dialect.name, region=_region(typed["region"]),
        language=typed["language"].strip() or None, recordings_root=_path(typed["recordings"]), records=_records(typed),
        cel_file=None, trunks=_lines(typed["trunks"]), extensions=_lines(typed["extensions"]),
        own_numbers=tuple(one for one in typed["own"].replace("\n", ",").split(",") if one.strip()),
    )  # fmt: skip


def _address(typed: Typed, before: AmiAddress) -> AmiAddress:
    try:
        host, port = host_and_port(typed["address"])
    except SettingsError as error:
        raise Invalid(error.say, field="address") from error
    ca_file = _path(typed["ca"])
    tls = bool(typed["tls"]) or ca_file is not None
    file = None if typed["secret"] else before.secret_file
    return AmiAddress(host, port, tls, typed["user"].strip(), typed["secret"], ca_file, file)


def _region(told: str) -> str:
    try:
        return known_region(told.strip())
    except ValueError as error:
        raise Invalid(str(error), field="region") from error


def _records(typed: Typed) -> RecordSources:
    told: dict[str, object] = {}
    for kind in KINDS:
        source = {part: typed[f"{kind}_{part}"].strip() for part in OF_RECORDS}
        if source["kind"] and (source["kind"] != "csv" or source["file"]):
            told[kind] = source
    passwords = {kind: typed[f"{kind}_password"] for kind in KINDS if typed[f"{kind}_password"]}
    try:
        return RecordSources.of_json({**told, "timezone": typed["timezone"].strip()}, passwords)
    except Invalid as error:
        raise Invalid(error.say, field="records") from error


def _lines(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _path(typed: str) -> Path | None:
    return Path(typed.strip()) if typed.strip() else None


def _path_shown(path: Path | None) -> str:
    return "" if path is None else str(path)
