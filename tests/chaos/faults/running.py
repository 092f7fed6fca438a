"""Calls are played into the product while a seeded plan of faults strikes; then what was played is held against the database."""

import random
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.asterisk.load.cutting import Wire
from tests.chaos.faults.calls import Calls
from tests.chaos.faults.faults import Faults
from tests.chaos.faults.firms import Firm, on_postgres, on_sqlite
from tests.chaos.faults.verdict import Verdict, compared, heard, waiting
from tests.practice_office import practice_office
from tests.product import eventually

SETTLES = 300.0
"""Seconds after the last call in which what waits must grow less, and again after that: a line that fell silent is noticed after
25, and how long a thousand recordings take is the machine's affair."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`faults`: how many of each, in an order that the seed says, spread over `seconds` in which the calls come."""

    database: str
    calls: int
    seconds: float
    faults: Mapping[str, int]
    away: float = 5.0
    seed: int = 1


@dataclass(slots=True)
class Report:
    plan: Plan
    verdict: Verdict
    struck: Counter[str] = field(default_factory=Counter)
    took: float = 0.0

    @property
    def line(self) -> str:
        faults = ", ".join(f"{times} × {name}" for name, times in sorted(self.struck.items()))
        v = self.verdict
        figures = (v.played, v.recorded, len(v.partial), len(v.lost), len(v.doubled), len(v.wrong), f"{self.took:.0f} s")
        return f"| {self.plan.database} | {faults} | " + " | ".join(map(str, figures)) + " |"


HEAD = "| database | faults | calls | with recording | partial | lost | doubled | told wrongly | took |\n" + "|---" * 9 + "|"


def run(plan: Plan, folder: Path) -> Report:
    dice = random.Random(plan.seed)
    began = time.monotonic()
    cel = folder / "cel.csv"
    with (
        practice_office(
            folder / "monitor", speed=1.0, records=False, timestamps=True, channel_variables=True, cel_file=cel
        ) as office,
        Wire("127.0.0.1", office.port) as wire,
    ):
        settings = office.settings | {
            "AMI_URL": office.settings["AMI_URL"].replace(f":{office.port}", f":{wire.port}"),
            "CEL_FILE": str(cel), "MODELS_DIR": str(folder / "no-models"),
        }  # fmt: skip
        serving = on_sqlite(folder, settings, plan.calls) if plan.database == "sqlite" else on_postgres(folder, settings)
        with serving as firm:
            eventually(lambda: heard(firm.url), within=60, what="the listener at the exchange")
            calls = Calls(office, plan.calls, plan.seconds, plan.seed)
            faults = Faults(firm, office, wire, dice, plan.away)
            struck = _strike(plan, calls, faults, dice)
            played = calls.finished()
            left = _left_waiting(firm, len(played))
            verdict = compared(firm.url, played)
            verdict.wrong += faults.unanswered + ([f"for {SETTLES:.0f} s nothing was done of: {left}"] if left else [])
            return Report(plan, verdict, struck, time.monotonic() - began)


def _strike(plan: Plan, calls: Calls, faults: Faults, dice: random.Random) -> Counter[str]:
    order = [name for name, times in plan.faults.items() for _ in range(times)]
    dice.shuffle(order)
    moments = sorted(dice.uniform(0, plan.seconds) for _ in order)
    struck: Counter[str] = Counter()
    began = time.monotonic()
    calls.begin()
    for moment, name in zip(moments, order, strict=True):
        time.sleep(max(0.0, began + moment - time.monotonic()))  # the plan's own time, not a wait
        if faults.can(name):
            faults.named(name)()
            struck[name] += 1
    faults.let_go()
    return struck


def _left_waiting(firm: Firm, played: int) -> str:
    """Looks until nothing is to come any more, or what is to come has not grown less for long: then that, in words."""
    least, until = None, time.monotonic() + SETTLES
    while (to_come := waiting(firm.url, played)).words:
        if to_come.count is not None and (least is None or to_come.count < least):
            least, until = to_come.count, time.monotonic() + SETTLES
        if time.monotonic() > until:
            return to_come.words
        firm.revive()
        time.sleep(0.2)  # looked at so often, not waited for
    return ""
