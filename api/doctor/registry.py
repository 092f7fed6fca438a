"""Finds the checks: each is a file with `TITLE`, `ORDER` and `look(seen)`, which tells what it sees and touches nothing."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import structlog

from api.doctor import checks, house_checks, test_call
from api.doctor.findings import Finding, Said, say, unknown

log = structlog.get_logger()

VISIT = say("The visit")


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    title: Said
    module: Any

    def findings(self, seen: object) -> Iterator[Finding]:
        """Never raises: a check that breaks says that it does not know."""
        try:
            told = list(self.module.look(seen))
        except Exception as error:  # whatever it is, the other checks go on
            log.exception("check_failed", check=self.name, error=type(error).__name__)
            told = [unknown("broken", say("This check failed itself; the log says why."))]
        return (replace(finding, check=self.name) for finding in told)


def of_exchange() -> list[Check]:
    return _found(checks)


def of_house() -> list[Check]:
    return _found(house_checks)


def titles() -> dict[str, Said]:
    """By the name of the check; a visit that could not be made, and a test call, have theirs, too."""
    return {"": VISIT, test_call.CHECK: test_call.TITLE} | {check.name: check.title for check in (*of_house(), *of_exchange())}


def _found(package: ModuleType) -> list[Check]:
    modules = [importlib.import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__)]
    return [Check(one.__name__.rpartition(".")[2], one.TITLE, one) for one in sorted(modules, key=lambda one: one.ORDER)]
