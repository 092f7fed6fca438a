"""The environment (or `.env`) describes the process; a secret may also come from the file named by `…_FILE`."""

import os
import secrets
import sys
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from crm_core.errors import SettingsError

PREFIX = "FIRSTRING_"
SECRETS = ("SECRET_KEY", "AMI_URL", "AMI_DIAL_URL", "DATABASE_URL", "REDIS_URL")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore")

    data_dir: Path = Path("var")
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
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
    recordings_root: Path | None = None
    classify_minutes: int = Field(default=15, ge=1, le=10_080)  # until a new lead is to be classified (F13)
    call_back_minutes: int = Field(default=15, ge=1, le=10_080)
    known_caller_opens_deal: bool = True  # one who has no open deal

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone; write one like Europe/Moscow") from error
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


def load_settings() -> Settings:
    """The settings of this process; raises SettingsError naming the variable that is wrong."""
    _read_secret_files()
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper()
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}") from error


def _read_secret_files() -> None:
    for name in SECRETS:
        file = os.environ.get(f"{PREFIX}{name}_FILE")
        if not file:
            continue
        try:
            os.environ[PREFIX + name] = Path(file).read_text().strip()
        except OSError as error:
            raise SettingsError(f"{PREFIX}{name}_FILE: cannot read {file}: {error.strerror}") from error


def secret_key(settings: Settings) -> str:
    """The key that sessions and stored secrets hang on: given, else made at the first start and kept in the data folder."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    file = settings.data_dir / "secret_key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
    return file.read_text().strip()
