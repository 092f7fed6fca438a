"""The environment (or `.env`) describes the process; a secret may also come from the file named by `…_FILE`."""

import os
import re
import secrets
import sys
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine.url import make_url
from sqlalchemy.exc import ArgumentError

from crm_core.errors import SettingsError
from crm_core.webhooks.addresses import Allowed

PREFIX = "FIRSTRING_"
ENV_FILE = Path(".env")
SECRETS = ("SECRET_KEY", "AMI_URL", "AMI_DIAL_URL", "DATABASE_URL", "REDIS_URL")
OF_S3 = tuple(f"AWS_{name}" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "REGION", "ENDPOINT_URL"))
BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*/?")
DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
WRITE_IT = {
    "port": "write a port number from 1 to 65535, such as 8080",
    "language": "write ru or en",
    "log_format": "write console or json",
    "classify_minutes": "write a whole number of minutes from 1 to 10080",
    "escalate_minutes": "write a whole number of minutes from 0 to 10080",
    "gap_days": "write a whole number of days from 1 to 60",
    "call_back_minutes": "write a whole number of minutes from 1 to 10080",
    "known_caller_opens_deal": "write true or false",
}
"""What to do instead, where the reader of the settings would only say what they are not."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, env_ignore_empty=True, extra="ignore")

    data_dir: Path = Path("var")
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    files_url: str | None = None  # s3://bucket/prefix; unset: the folder blobs in the data folder
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    secret_key: SecretStr | None = None
    timezone: str = "Europe/Moscow"
    language: Literal["ru", "en"] = "ru"
    region: str = "RU"
    whisper_model: str = "base"
    models_dir: Path = Path(sys.prefix) / "models"
    log_format: Literal["console", "json"] = "console"
    ami_url: SecretStr | None = None
    ami_dial_url: SecretStr | None = None
    proxies: str = ""  # networks of proxies that are believed when they say whom they speak for; this machine always is
    recordings_root: Path | None = None
    cel_file: Path | None = None
    gap_days: int = Field(default=7, ge=1, le=60)  # how far back the exchange's records are read for what was missed
    classify_minutes: int = Field(default=15, ge=1, le=10_080)  # until a new lead is to be classified (F13)
    call_back_minutes: int = Field(default=15, ge=1, le=10_080)
    escalate_minutes: int = Field(default=30, ge=0, le=10_080)  # from a task's deadline until the head is told of it (F9)
    known_caller_opens_deal: bool = True  # one who has no open deal
    webhooks_allow: str = ""  # networks and hosts inside the house that may be told of calls, see crm_core.webhooks.addresses

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone; write one like Europe/Moscow") from error
        return value

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str) -> str:
        return known_region(value)

    @field_validator("proxies")
    @classmethod
    def _known_proxies(cls, value: str) -> str:
        try:
            networks(value)
        except ValueError as error:
            raise ValueError("write networks with commas between them, such as 10.0.0.0/24") from error
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        """Nothing of the address is repeated: it may hold a password."""
        try:
            known = value is None or make_url(value.get_secret_value()).drivername in DRIVERS
        except (ArgumentError, ValueError):
            known = False
        if not known:
            raise ValueError("write it as postgresql+asyncpg://user:password@host/database, or leave it out for SQLite")
        return value

    @field_validator("webhooks_allow")
    @classmethod
    def _known_networks(cls, value: str) -> str:
        Allowed.of(value)
        return value

    @field_validator("files_url")
    @classmethod
    def _known_store(cls, value: str | None) -> str | None:
        """Nothing of the address is repeated: somebody may have written a key into it."""
        if value is not None and not BUCKET.fullmatch(value):
            raise ValueError("write it as s3://bucket or s3://bucket/folder, or leave it out for a folder beside the database")
        return value

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def database(self) -> str:
        """The database address: SQLite in the data folder unless told otherwise."""
        if self.database_url:
            return self.database_url.get_secret_value()
        return f"sqlite+aiosqlite:///{(self.data_dir / 'firstring.db').resolve()}"


@lru_cache(100)
def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """`10.0.0.0/24, 192.0.2.7` as networks; raises ValueError."""
    return tuple(ip_network(one.strip(), strict=False) for one in value.split(",") if one.strip())


def known_region(value: str) -> str:
    """A region in capitals; raises ValueError if numbers of no such region are known."""
    if value.upper() not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{value!r} is no region; write two letters, such as RU")
    return value.upper()


def load_settings() -> Settings:
    """The settings of this process; raises SettingsError naming the variable that is wrong."""
    try:
        _read_secret_files({**dotenv_values(ENV_FILE), **os.environ})
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        say = WRITE_IT.get(field) or first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{PREFIX}{field.upper()}: {say}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{ENV_FILE.resolve()} cannot be read: make it a readable UTF-8 text file") from error


def _read_secret_files(told: Mapping[str, str | None]) -> None:
    """Put into the environment what `…_FILE` names, for this process and those it starts."""
    for name in SECRETS:
        variable = f"{PREFIX}{name}_FILE"
        file = told.get(variable)
        if file:
            os.environ[PREFIX + name] = _secret_in(file, variable)
    for name in OF_S3:
        _tell_s3(name, told)


def _tell_s3(name: str, told: Mapping[str, str | None]) -> None:
    """The client of S3 reads the environment alone: what stands in `.env` or in a file named by `…_FILE` is put there."""
    if file := told.get(f"{name}_FILE"):
        os.environ[name] = _secret_in(file, f"{name}_FILE")
    elif value := told.get(name):
        os.environ.setdefault(name, value)


def _secret_in(file: str, variable: str) -> str:
    try:
        secret = Path(file).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{variable}: {file} cannot be read ({error.strerror}): name a file that holds the secret") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: {file} is no text: name a file that holds the secret") from error
    if not secret:
        raise SettingsError(f"{variable}: {file} is empty: write the secret into it")
    return secret


def secret_key(settings: Settings) -> str:
    """The key that sessions and stored secrets hang on: given, else made at the first start and kept in the data folder."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    file = settings.data_dir / "secret_key"
    try:
        if not file.exists():
            _make_key(file)
        key = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The key {file} cannot be read: put it back from a backup, or set FIRSTRING_SECRET_KEY") from error
    if not key:
        raise SettingsError(f"The key {file} is empty: put it back from a backup, or set FIRSTRING_SECRET_KEY")
    return key


def _make_key(file: Path) -> None:
    """It appears whole and once, also when several processes start at the same moment."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(prefix=".secret_key-", dir=file.parent)  # mode 0600
    with os.fdopen(handle, "w") as out:
        out.write(secrets.token_urlsafe(48))
        out.flush()
        os.fsync(handle)
    try:
        os.link(made, file)
    except FileExistsError:
        pass  # another process was first: that key counts
    finally:
        Path(made).unlink()
