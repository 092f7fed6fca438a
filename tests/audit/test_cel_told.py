"""What CEL tells is told apart by the lines as the listener tells them apart."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from api.audit.cel_told import derive
from crm_core.exchanges.learned_lines import Learned
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from pbx.records.reading import read_cel
from tests.benchmarks.bench_track import an_exchange
from tests.pbx.capture_variants import CAPTURES

EVER = (datetime(2015, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC))
MIKO = CAPTURES.parent / "asterisk22_dialplans" / "miko_direct.cel.csv"


@pytest.mark.parametrize(("dialect", "direction"), [("mikopbx", "inbound"), ("asterisk", "internal")])
async def test_what_the_make_calls_a_trunk_is_one(dialect: str, direction: str) -> None:
    """A provider that registers with the exchange looks like a phone that does, but for the name its make gives it."""
    learned = Learned(phones=("PJSIP/SIP-TRUNK-34F7CCFE",))
    rows = (await read_cel(RecordSources(CsvSource(MIKO)), *EVER)).rows

    (call,) = derive(replace(an_exchange(), dialect=dialect, learned=learned), rows)

    assert call.direction.value == direction
