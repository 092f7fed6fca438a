import sys
from pathlib import Path

import pytest

from transcribe import models


@pytest.fixture(scope="session")
def base_model() -> Path:
    """The folder of the real base model, fetched as `make setup` does if it is not there yet."""
    return models.fetch("base", Path(sys.prefix) / "models")
