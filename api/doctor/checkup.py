"""The whole visit: look, then judge."""

from datetime import datetime
from pathlib import Path

from api.doctor import registry
from api.doctor.findings import Finding, Verdict
from api.doctor.house import look_at_house
from api.doctor.looking import look_at
from crm_core.db import Database
from crm_core.secrets import SecretBox
from crm_core.settings import Settings

GRAVEST_FIRST = (Verdict.FAULT, Verdict.NOTE, Verdict.UNKNOWN, Verdict.FINE)


async def of_house(settings: Settings, database: Database, box: SecretBox | None, *, now: datetime) -> list[Finding]:
    seen = await look_at_house(settings, database, box, now=now)
    return [finding for check in registry.of_house() for finding in check.findings(seen)]


async def of_exchange(
    database: Database, name: str, box: SecretBox, *, now: datetime, config_folder: Path | None = None
) -> list[Finding]:
    """Raises NotFound, SettingsError."""
    seen = await look_at(database, name, box, now=now, config_folder=config_folder)
    return [finding for check in registry.of_exchange() for finding in check.findings(seen)]


def is_well(findings: list[Finding]) -> bool:
    """Nothing does harm; what could not be seen is no fault."""
    return all(finding.verdict is not Verdict.FAULT for finding in findings)


def counted(findings: list[Finding]) -> dict[Verdict, int]:
    return {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in GRAVEST_FIRST}
