"""Ids as they come in addresses."""

from typing import Annotated

from fastapi import Path
from pydantic import Field

from crm_core.paging import LARGEST_ID

PathId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""An id of a row: small enough for every database."""

BodyId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
"""The same within a body."""
