"""Whether a load was told as it was: by the CDR, by the CEL, by the plan, and by a replay of what an uncut tap heard."""

from collections.abc import Iterator
from pathlib import Path

from pbx.replay import replay
from tests.asterisk.load import comparing, records, told
from tests.asterisk.load.comparing import Comparison
from tests.asterisk.load.office import LoadExchange
from tests.asterisk.load.running import Running, listening

FAILED_CALLERS = 0.02
"""Share of the kinds' callers that may have met what their scenario does not know, like a CANCEL that crosses an answer."""


def play_with_kills(exchange: LoadExchange, folder: Path, *, calls: int, seconds: float, kills: int, seed: int) -> Running:
    """A load with the listener killed -9 so many times; over, and taken in, when this returns."""
    with listening(exchange, folder / "var") as product:
        running = Running(exchange, product, calls, seconds, seed)
        running.kill_listener(kills)
        running.play()
        return running


def agrees(running: Running) -> Comparison:
    """AssertionError tells all that does not."""
    data, load = running.product.data, running.load
    found = compared(running)
    wrong = [*found.problems, *told.holes_in_the_journal(data), *told.faults(data), *replayed_otherwise(running)]
    if not load.exchange_killed and len(load.failed_callers) > FAILED_CALLERS * len(load.planned):
        wrong += load.failed_callers
    print(found.table())
    print(f"{load.seconds:.0f} s; listener away {len(load.away)} times, {sum(to - since for since, to in load.away):.0f} s; "
          f"journal {told.journal_sums(data)}; {len(told.gaps(data))} gaps")  # fmt: skip
    if wrong:
        raise AssertionError(f"{len(wrong)} things differ:\n" + "\n".join(wrong[:100]))
    return found


def compared(running: Running) -> Comparison:
    """The rows against the exchange's own records."""
    exchange, load = running.exchange, running.load
    cel = records.read_cel(exchange.cel_csv)
    events = [event for file in load.captures for event in _attended(file)]
    belonging = records.belonging_by(cel, events)
    calls = told.calls(running.product.data)
    cdr = records.read_cdr(exchange.cdr_csv)
    return comparing.compare(load.planned, cdr, cel, belonging, calls, broken_off=_broken_off(running))


def replayed_otherwise(running: Running) -> list[str]:
    """Where the rows differ from a replay of the connection that was never cut."""
    return comparing.differences(told.calls(running.product.data), replay(running.load.captures), _broken_off(running))


def _broken_off(running: Running) -> frozenset[str]:
    """Linkedids of calls that were up when the exchange was killed: they have no CDR, and a replay hears no end of them."""
    return records.never_ended(records.read_cel(running.exchange.cel_csv)) if running.load.exchange_killed else frozenset()


def _attended(file: Path) -> Iterator[dict[str, str]]:
    for block in file.read_text(errors="replace").replace("\r\n", "\n").split("\n\n"):
        if "Event: AttendedTransfer" in block:
            yield dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
