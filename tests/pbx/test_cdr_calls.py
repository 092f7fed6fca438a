"""Where there is no CEL, CDR and the queue log tell of what was missed: what they know, and no more."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_core.calls.call_json import call_json
from crm_core.calls.tables import calls, gaps, journal
from crm_core.db import Database
from crm_core.exchanges.config import ExchangeConfig
from crm_core.exchanges.record_sources import CsvSource, RecordSources
from pbx.call_tracker import CallTracker
from pbx.gap_reading import GapRules
from pbx.lines import LineKind, LineRule
from pbx.records import troubles
from pbx.records.cdr import CdrRow
from pbx.records.cdr_calls import cdr_events, cdr_line, cdr_rows
from pbx.records.queue_log import QueueLogRow
from pbx.rederivation import derive_again
from tests.pbx.capture_exchange import CaptureExchange, Played, told_calls
from tests.pbx.capture_grading import problems
from tests.pbx.capture_variants import Capture, capture, scenarios
from tests.pbx.captured_cdr import cdr_of
from tests.pbx.listening import Desk, database, template

__all__ = ["database", "template"]

APART = {"attended_transfer_replaces", "blonde_answered", "conf_three", "fpbx_queue_attended", "outbound_attended"}
"""Two linkedids that only an event joins: of a summary nobody can tell that they were one call."""
WITHOUT_DID = {"blind_transfer", "chain_blind", "redirect_customer", "ivr_queue", "fpbx_direct", "fpbx_group", "fpbx_queue"}
RULES = GapRules(settle=0.0, recheck=3600.0, again=0.01, longest=0.05)


def told_by(
    rows: Sequence[CdrRow], queue_log: Sequence[QueueLogRow] = (), seen: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    lines = LineRule()
    tracker = CallTracker("default", lines, "RU", remember=1e9)
    events = cdr_events(rows, queue_log, seen.__contains__, lambda channel: lines.kind_of(channel) is LineKind.TRUNK)
    tracker.feed_all(events, from_records=True)
    return [call_json(call) for call in tracker.all_calls()]


@pytest.mark.parametrize("scenario", scenarios())
def test_who_called_and_what_became_of_it_is_known_from_cdr(scenario: str) -> None:
    rows = cdr_of(scenario)
    if not rows:
        assert told_by(rows) == []  # clicks in vain and unknown numbers leave none
        return

    found = told_by(cdr_rows(b"".join(map(cdr_line, rows))))

    truth = capture(scenario).truth
    unknown = ["wait_seconds", "transfers", *(["did"] if scenario in WITHOUT_DID else [])]
    graded = {**truth, "recordings": [], "ungraded": [*(truth.get("ungraded") or []), *unknown]}
    faults = [fault for fault in problems(Capture([], None, graded), found) if not fault.startswith("talk of")]
    assert {(call["source"], call["partial"]) for call in found} == {("records", True)}
    if scenario in APART:
        assert faults == ["2 calls told, truly 1"]
    elif scenario != "pickup_directed":  # there it names him who rang, too
        assert faults == []


def test_a_call_that_anything_is_known_of_is_left_alone() -> None:
    rows = cdr_of("two_overlapping")
    one, other = dict.fromkeys(row.linkedid for row in rows)

    assert [call["linkedids"] for call in told_by(rows, seen=frozenset([one]))] == [[other]]


def test_the_queue_log_tells_when_somebody_took_the_caller() -> None:
    """The queue answered at once: to CDR he talked from then on."""
    rows = cdr_of("queue_answered")
    caller, began = rows[0].uniqueid, rows[0].started_at
    said = [
        QueueLogRow(began, caller, "sales", "", "ENTERQUEUE"),
        QueueLogRow(began + 3, caller, "sales", "PJSIP/102", "CONNECT"),
    ]

    (without,), (call,) = told_by(rows), told_by(rows, said)

    assert (without["talk_seconds"], call["talk_seconds"], call["wait_seconds"]) == (9.0, 6.0, 3.0)


def test_freepbx_names_the_number_called_and_the_recording() -> None:
    rows = [replace(row, did="74952220101", recordingfile="in-1.wav") for row in cdr_of("fpbx_direct")]

    (call,) = told_by(cdr_rows(b"".join(map(cdr_line, rows))))

    assert (call["did"], call["recordings"]) == ("74952220101", ["in-1.wav"])


class Summing(CaptureExchange):
    """It keeps CDR, written when a call is over, and a queue log; no CEL."""

    cdr: Sequence[CdrRow] = ()

    def known_as(self, config: ExchangeConfig) -> ExchangeConfig:
        folder = self.cel_file.parent
        sources = RecordSources(cdr=CsvSource(folder / "Master.csv"), queue_log=CsvSource(folder / "queue_log"))
        return replace(config, records=sources)

    def keep_records(self, lines: list[bytes]) -> None:
        over = [row for row in self.cdr if row.ended_at <= self.now]
        self.cdr = [row for row in self.cdr if row.ended_at > self.now]
        with (self.cel_file.parent / "Master.csv").open("ab") as out:
            out.writelines(map(cdr_line, over))


async def away(scenario: str, cut: tuple[float, float], database: Database, folder: Path, queue_log: str = "") -> Desk:
    """An office whose listener is cut off for these seconds of a capture."""
    played = Played(capture(scenario), scenario, stamped=True)
    desk = await Desk.opened(database, own_numbers=())
    exchange = Summing(played, folder / "none.csv", database, desk.exchange, folder)
    exchange.cdr = cdr_of(scenario)
    (folder / "queue_log").write_text(queue_log)
    await exchange.plug_in()
    exchange.listen(RULES)
    await exchange.stored()
    await exchange.play_until(played.begins + cut[0], heard=True)
    await exchange.stored()
    await exchange.unplug()
    await exchange.play_until(played.begins + cut[1], heard=False)
    await exchange.plug_in()
    await exchange.heard()
    await exchange.play_until(played.ends, heard=True)
    await exchange.stored()
    await exchange.stop(kill=False)
    await exchange.unplug()
    return desk


async def test_a_gap_is_filled_with_calls_from_cdr(database: Database, tmp_path: Path) -> None:
    desk = await away("inbound_answered", (-1.0, 60.0), database, tmp_path)

    (call,) = await told_calls(database)
    (gap,) = await desk.rows(gaps)
    assert (call["outcome"], call["talk_seconds"], call["source"], call["partial"]) == ("answered", 6.0, "records", True)
    assert (gap.filled_at is not None, gap.note, gap.rows) == (True, troubles.CALLS_ONLY, 1)
    assert sorted(row.source for row in await desk.rows(journal) if row.source != "ami") == ["cdr", "queue"]


async def test_what_was_heard_of_a_call_is_not_overwritten(database: Database, tmp_path: Path) -> None:
    """Its end is missed. CDR tell of it, but another leg may be up: only the exchange's list of channels says that none is."""
    desk = await away("inbound_answered", (4.0, 60.0), database, tmp_path)

    (call,) = await told_calls(database)
    assert (call["source"], call["ended_at"], call["answered_by"][0]["extension"]) == ("live", None, "101")
    assert (await desk.rows(gaps))[0].rows == 1


async def test_a_caller_who_gave_up_in_a_queue_while_nobody_listened(database: Database, tmp_path: Path) -> None:
    began, caller = (row := cdr_of("queue_abandoned")[0]).started_at, row.uniqueid
    lines = [f"{began:.0f}|{caller}|sales|NONE|ENTERQUEUE||79161112233|1", f"{began + 5:.0f}|{caller}|sales|NONE|ABANDON|1|1|5"]

    await away("queue_abandoned", (-1.0, 60.0), database, tmp_path, "\n".join([*lines, ""]))

    (call,) = await told_calls(database)
    assert (call["outcome"], call["queue"], call["source"]) == ("abandoned", "sales", "records")


async def test_derived_again_from_the_journal_it_is_the_same(database: Database, tmp_path: Path) -> None:
    desk = await away("ring_group", (-1.0, 60.0), database, tmp_path)
    (before,) = await told_calls(database)
    rows = await desk.rows(journal)

    async with database.read() as connection:
        again = await derive_again(connection, desk.exchange, since=min(row.id for row in rows))

    ((*_, last),) = again.told.values()
    assert call_json(last.call) == before
    assert len(await desk.rows(calls)) == 1
