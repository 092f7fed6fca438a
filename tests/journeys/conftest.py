"""A real browser for the journeys; what it saw is kept in `.cache/pictures/`."""

from pathlib import Path

import pytest

from tests.asterisk.fixtures import real_exchange
from tests.chromium import browser
from tests.product import ROOT
from tests.requirements import requires_asterisk, requires_chromium

__all__ = ["browser", "pictures", "real_exchange", "requires_asterisk", "requires_chromium"]


@pytest.fixture(scope="session")
def pictures() -> Path:
    folder = ROOT / ".cache" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
