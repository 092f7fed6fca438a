"""One finished call through intake against bare Core writing the very rows that it leaves; 50 calls a transaction, CPU time."""

from crm_core.calls.events import CallEvent
from tests.benchmarks.bare_rows import EXTENSIONS, OneRound, against_bare_rows
from tests.benchmarks.figures import Figure
from tests.builders import MORNING, inbound, outbound
from tests.office import Office

CALLS = 50  # in a batch
ROUNDS = 60
GOAL = 1.5


def run() -> Figure:
    ours, _, bare = against_bare_rows(_prepared, ROUNDS)
    (_, told), (_, written) = ours.unhindered(), bare.unhindered()
    a_call = 1000 / CALLS
    explained = (f"{CALLS} calls a transaction: intake {told * a_call:.3f} ms of CPU a call, bare Core {written * a_call:.3f}",)
    return Figure("intake", told / written, GOAL, explained=explained)


def _prepared(_office: Office) -> OneRound:
    batches = [_batch(number) for number in range(ROUNDS)]

    async def one_round(office: Office, number: int) -> None:
        await office.take(batches[number])

    return one_round


def _batch(round_number: int) -> list[CallEvent]:
    """What a day brings: new callers answered and missed, known callers, calls out; each from its start to its end."""
    told: list[CallEvent] = []
    for index in range(CALLS):
        at = MORNING + round_number * 1000 + index
        number = f"7916{round_number:03}{index:04}"
        one, other = EXTENSIONS[index % 4], EXTENSIONS[(index + 1) % 4]
        if index % 5 == 4:
            told += outbound(number, by=one, at=at).answers(one).ends()
        elif index % 5 == 3:
            told += inbound(number, at=at).rings(one, other).stops(one).stops(other).ends()
        else:
            told += inbound(number, at=at).rings(one, other).answers(one).records(f"/rec/{at}.wav").ends()
    return told


if __name__ == "__main__":
    print(run().line())
