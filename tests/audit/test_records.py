"""A busy day's records are read beside everything else."""

from api.audit.cel_told import CelTelling
from api.audit.records import RecordReader
from crm_core import days
from crm_core.trust.comparing import Period
from crm_core.trust.suspicion import Settling
from crm_core.trust.told import Witness
from tests.audit.busy_day import plan, shifted
from tests.audit.house import DAY, LATER, ZONE, House
from tests.loop_watch import holds
from tests.pbx.capture_variants import CAPTURES

CALLS = 20_000


async def test_a_busy_days_cdr_holds_up_nobody(house: House) -> None:
    with (house.folder / "cdr.csv").open("wb") as out:
        for kind, by in plan(CALLS):
            out.write(shifted((CAPTURES / f"{kind}.cdr.csv").read_bytes(), by))
    since, until = days.bounds(DAY, ZONE)
    period = Period(since.timestamp(), until.timestamp(), LATER.timestamp())

    async with holds() as held:
        records = await RecordReader(house.without("cel", "queue_log"), period, [], CelTelling(Settling([]))).read()

    assert records.read[Witness.CDR].rows >= CALLS
    assert len(records.told) >= CALLS
    assert max(held) < 0.1
