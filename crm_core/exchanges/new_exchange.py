"""What an exchange is to be set to, and whether it can be meant. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import phonenumbers
from sqlalchemy import Row

from crm_core.errors import Invalid
from crm_core.exchanges import record_sources
from crm_core.exchanges.addresses import AmiAddress, has_line_break
from crm_core.exchanges.record_sources import NOWHERE, CsvSource, RecordSources, SqlSource
from crm_core.secrets import SecretBox

LONGEST_HOST = 255
LONGEST_GLOB, MOST_GLOBS = 200, 500
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
UNUSABLE = {
    "region": "The country is two letters, such as RU",
    "user": "The AMI user is one line of text",
    "secret": "A secret has no line breaks",
    "dial_user": "The dialler is a user of its own: the reader changes nothing on the exchange",
    "address": "The address is HOST:PORT, for example 192.168.0.5:5038",
    "lines": "Lines are told by patterns of channel names, such as PJSIP/trunk-*",
    "own": "These are too many numbers",
    "language": "The language is two letters, such as ru",
}
"""What is wrong with a field that cannot be meant."""


@dataclass(frozen=True, slots=True)
class NewExchange:
    """Without a secret and without a file of it, a change keeps the one there is; so it does with passwords of `records`.

    `cel_file` is the same as `records.cel` in a file. `dial_context`: where calls by a click go, for a new exchange only.
    """

    name: str
    ami: AmiAddress
    region: str = "RU"
    language: str | None = None
    dialect: str = "asterisk"
    dial_user: str | None = None
    dial_secret: str | None = field(default=None, repr=False)
    dial_secret_file: Path | None = None
    recordings_root: Path | None = None
    cel_file: Path | None = None
    records: RecordSources = NOWHERE
    dial_context: str | None = None
    trunks: Sequence[str] = ()
    extensions: Sequence[str] = ()
    own_numbers: Sequence[str] = ()


def require_sense(new: NewExchange) -> None:
    """Raises Invalid with the field that cannot be meant."""
    secrets = (new.ami.secret, new.dial_secret or "")
    globs = [*new.trunks, *new.extensions]
    checks = {
        "region": new.region in phonenumbers.SUPPORTED_REGIONS,
        "user": bool(new.ami.user.strip()) and not has_line_break(new.ami.user + (new.dial_user or "")),
        "secret": not any(has_line_break(secret) for secret in secrets),
        "dial_user": new.dial_user != new.ami.user,
        "address": bool(new.ami.host) and len(new.ami.host) <= LONGEST_HOST and 0 < new.ami.port < 65536,
        "lines": len(globs) <= MOST_GLOBS and all(glob.strip() and len(glob) <= LONGEST_GLOB for glob in globs),
        "own": len(new.own_numbers) <= MOST_GLOBS,
        "language": new.language is None or _LANGUAGE.fullmatch(new.language) is not None,
    }
    for name, holds in checks.items():
        if not holds:
            raise Invalid(UNUSABLE[name], field=name)


def require_secrets(new: NewExchange, row: Row[Any] | None = None, *, trusted: bool = True) -> None:
    """A secret that is not given again stays with the same user at the same place. Raises Invalid."""
    same_place = row is not None and address_of(row).place == new.ami.place
    may_read = trusted or same_place
    whose = {
        "reader": (new.ami.user, new.ami.secret, new.ami.secret_file, row and (row.ami_user, row.ami_secret)),
        "dialler": (new.dial_user, new.dial_secret, new.dial_secret_file, row and (row.dial_user, row.dial_secret)),
    }
    for name, (user, secret, file, kept) in whose.items():
        keeps = same_place and kept is not None and kept[0] == user and kept[1]
        if user and not secret and not (file and may_read) and not keeps:
            raise Invalid(f"The secret of the {name} is needed", field="secret")


def address_of(row: Row[Any]) -> AmiAddress:
    """The reader's, without the secret."""
    files = (Path(name) if name else None for name in (row.ami_ca_file, row.ami_secret_file))
    return AmiAddress(row.ami_host, row.ami_port, row.ami_tls, row.ami_user, "", *files)


def sources_of(new: NewExchange) -> RecordSources:
    """Where its records are, a `cel_file` among them."""
    if new.cel_file is None or new.records.cel is not None:
        return new.records
    return replace(new.records, cel=CsvSource(new.cel_file))


def with_kept_passwords(sources: RecordSources, row: Row[Any], box: SecretBox) -> RecordSources:
    """A password that is not given again stays with the same database."""
    if not row.records_secret or not box.opens(row.records_secret):
        return sources
    before = record_sources.stored(row.records, row.cel_file, row.records_secret, box).by_name()
    kept: dict[str, Any] = {
        name: replace(one, password=was.password)
        for name, one in sources.by_name().items()
        if isinstance(one, SqlSource) and not one.password
        and isinstance(was := before.get(name), SqlSource) and replace(was, password="", table=one.table) == one
    }  # fmt: skip
    return replace(sources, **kept)
