"""“To go on to …”: what the stages on the way ask for, as the deal's card shows it: what is proved, and what is missing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, select

from api.web.gate_form import GateForm, gate_form
from api.web.gate_words import worded
from api.web.visit import Visit
from crm_core.access import Right, hearable
from crm_core.calls.tables import calls
from crm_core.deals.card_queries import DealCard, StepState
from crm_core.deals.gate import Judged, Proof
from crm_core.deals.judging import GateJudged, StageJudged, Way, way_of
from crm_core.deals.queries import Stage
from crm_core.deals.tables import StageKind, deals
from crm_core.errors import Invalid

DEAL = select(deals).where(deals.c.id == bindparam("deal"))


class RowState(StrEnum):
    PROVED = "proved"
    WAITS = "waits"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that prove it, where to hear them, and in which call."""

    text: str
    recording_id: int | None
    second: float | None
    call_id: int | None


@dataclass(frozen=True, slots=True)
class GateRow:
    """One gate: its title, lines below it, and the quotes that the reader may hear."""

    state: RowState
    title: str
    details: tuple[str, ...]
    quotes: tuple[Quote, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class StageRows:
    """A stage that would be left; `passed_over`: it is one the deal has not come to."""

    name: str
    passed_over: bool
    holds: bool
    rows: tuple[GateRow, ...]


@dataclass(frozen=True, slots=True)
class GatePanel:
    """`asked`: somebody wants the deal to go there now and was refused; then there is a form for what is missing."""

    to: Stage
    asked: bool
    stages: tuple[StageRows, ...]
    judged: Judged
    form: GateForm | None

    @property
    def holds(self) -> bool:
        return self.judged.holds

    @property
    def awaited(self) -> bool:
        """Whether anything of it is on its way."""
        return any(lack.waits for lack in self.judged.lacks)

    @property
    def calls_for_a_call(self) -> bool:
        return any("call" in lack.asks for lack in self.judged.lacks)


async def gate_panel(
    visit: Visit, card: DealCard, asked_for: int | None = None, typed: Mapping[str, list[str]] | None = None
) -> GatePanel | None:
    """For the stage that is asked for, else for the next one; None where there is nothing to say about it."""
    to = _target(card, asked_for)
    if to is None:
        return None
    way = await _way(visit, card, to)
    asked = to.id == asked_for
    if way is None or not (asked or any(stage.gates for stage in way.stages)):
        return None
    judged = way.judged
    heard = await _heard(visit, judged.proofs)
    rows = tuple(_stage_rows(visit, number, stage, heard) for number, stage in enumerate(way.stages) if stage.gates)
    works = asked and visit.may(Right.WORK)
    form = await gate_form(visit, visit.connection, card, judged.lacks, typed or {}) if works and not judged.holds else None
    return GatePanel(to, asked, rows, judged, form)


def _target(card: DealCard, asked_for: int | None) -> Stage | None:
    strip = [step for step in card.steps if step.state is not StepState.CURRENT]
    wanted = next((step.stage for step in strip if step.stage.id == asked_for), None)
    if wanted is not None or not card.line.is_open:
        return wanted
    return next((step.stage for step in strip if step.state is StepState.AHEAD and step.stage.kind != StageKind.LOST), None)


async def _way(visit: Visit, card: DealCard, to: Stage) -> Way | None:
    """None for a stage that no deal goes to any more."""
    row = (await visit.connection.execute(DEAL, {"deal": card.line.id})).one()
    try:
        return await way_of(visit.connection, row, to.id)
    except Invalid:
        return None


async def _heard(visit: Visit, proofs: Iterable[Proof]) -> frozenset[int]:
    """Of the calls that prove something, those the reader may hear; of others he is told only that they do."""
    ids = {proof.call_id for proof in proofs if proof.call_id is not None}
    query = select(calls.c.id).where(calls.c.id.in_(ids), hearable(visit.actor))
    return frozenset(await visit.connection.scalars(query)) if ids else frozenset()


def _stage_rows(visit: Visit, number: int, stage: StageJudged, heard: frozenset[int]) -> StageRows:
    rows = tuple(_gate_row(visit, gate, heard) for gate in stage.gates)
    return StageRows(stage.name, number > 0, stage.holds, rows)


def _gate_row(visit: Visit, gate: GateJudged, heard: frozenset[int]) -> GateRow:
    wording, label = visit.look.wording, visit.say(gate.label) if gate.label else gate.name
    lacks, proofs = gate.judged.lacks, gate.judged.proofs
    if lacks:
        state = RowState.WAITS if gate.judged.waits else RowState.MISSING
        return GateRow(state, label, tuple(worded(wording, lack) for lack in lacks), (), ())
    said = [worded(wording, proof) for proof in proofs]
    title, details = (said[0], ()) if len(said) == 1 else (label, tuple(said))
    quotes = tuple(_quote(proof) for proof in proofs if proof.call_id in heard)
    return GateRow(RowState.PROVED, title, details, quotes, tuple(proof for proof in proofs if _tells_when(proof)))


def _tells_when(proof: Proof) -> bool:
    """A moment that its words do not say already."""
    return proof.at is not None and "at" not in proof.facts


def _quote(proof: Proof) -> Quote:
    return Quote(proof.quote or "", proof.recording_id, proof.second, proof.call_id)
