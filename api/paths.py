"""Ids as they come in addresses."""

from typing import Annotated

from fastapi import Path

from crm_core.paging import LARGEST_ID

PathId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""An id of a row: small enough for every database."""
