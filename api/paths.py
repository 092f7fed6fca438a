"""Ids and moments as they come in addresses and bodies."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, Field

from crm_core.paging import LARGEST_ID

PathId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
"""An id of a row: small enough for every database."""

BodyId = Annotated[int, Field(ge=1, le=LARGEST_ID)]
"""The same within a body."""


def in_utc(moment: datetime) -> datetime:
    """A moment without a zone is meant in UTC, as every moment in our answers is."""
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("no such moment") from error


UtcMoment = Annotated[datetime, AfterValidator(in_utc)]
