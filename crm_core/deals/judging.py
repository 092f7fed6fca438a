"""Judges whether a deal may go forwards: the gates of its stage and of every stage it would fly over (F2, F7).

A fast passage is fine where each stage on the way is proved. Backwards, and to a loss, nothing is asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.deals import gates
from crm_core.deals.gate import DealAsked, Gate, Judged, Lack, LackKind
from crm_core.deals.tables import StageKind, deal_contacts, deals, stage_history, stages
from crm_core.errors import Invalid, NotFound
from crm_core.options import fitted
from crm_core.plugins import plugins
from crm_core.text import msgid

STRIP = select(stages).where(stages.c.pipeline_id == bindparam("pipeline")).order_by(stages.c.position)
"""The stages of `pipeline`, also those that were taken away, with all that is set about them."""
FROM_THE_FIRST = -1


@dataclass(frozen=True, slots=True)
class GateJudged:
    """What one gate of a stage found. `label` None: a gate that is not known here (any more)."""

    name: str
    label: str | None
    judged: Judged


@dataclass(frozen=True, slots=True)
class StageJudged:
    """A stage the deal would leave, with all its gates in their order."""

    id: int
    name: str
    gates: tuple[GateJudged, ...]

    @property
    def holds(self) -> bool:
        return all(gate.judged.holds for gate in self.gates)


@dataclass(frozen=True, slots=True)
class Way:
    """The stages between where the deal stands and where it shall go; none of them if it goes back."""

    stages: tuple[StageJudged, ...] = ()

    @property
    def judged(self) -> Judged:
        """All lacks and proofs of the way; a stage that would be passed over unproved is named before what it lacks."""
        lacks: list[Lack] = []
        for number, stage in enumerate(self.stages):
            if number and not stage.holds:
                lacks.append(comes_first(stage.id, stage.name))
            lacks.extend(lack for gate in stage.gates for lack in gate.judged.lacks)
        return Judged(tuple(lacks), tuple(proof for stage in self.stages for gate in stage.gates for proof in gate.judged.proofs))


async def judge_leaving(tx: AsyncConnection, deal_id: int, to_stage: int) -> Judged:
    """What is missing, and what is proved, for the deal to go to that stage of its pipeline. Raises NotFound, Invalid."""
    deal = (await tx.execute(select(deals).where(deals.c.id == deal_id))).one_or_none()
    if deal is None:
        raise NotFound(noun="deals", id=deal_id)
    return (await way_of(tx, deal, to_stage)).judged


async def next_stage(tx: AsyncConnection, deal_id: int) -> int | None:
    """The stage that comes after the deal's own; None at the end of its pipeline."""
    here = stages.alias("here")
    query = (
        select(stages.c.id)
        .select_from(deals.join(here, here.c.id == deals.c.stage_id).join(stages, stages.c.pipeline_id == deals.c.pipeline_id))
        .where(deals.c.id == deal_id, stages.c.position > here.c.position)
        .where(stages.c.kind != StageKind.LOST, stages.c.archived_at.is_(None))
    )
    found: int | None = await tx.scalar(query.order_by(stages.c.position).limit(1))
    return found


async def way_of(tx: AsyncConnection, deal: Row[Any], to_stage: int, *, begins: int | None = None) -> Way:
    """`begins`: the position it comes from, where that is not its stage (a deal that is opened comes FROM_THE_FIRST).

    Raises Invalid for a stage that the deal's pipeline does not have.
    """
    left = await stages_left(tx, deal, to_stage, begins=begins)
    if not any(stage.gates for stage in left):
        return Way(tuple(StageJudged(stage.id, stage.name, ()) for stage in left))
    people = await _people(tx, deal)
    return Way(tuple([await _stage_judged(tx, DealAsked(deal, stage, deal.stage_since, people)) for stage in left]))


async def stages_left(tx: AsyncConnection, deal: Row[Any], to_stage: int, *, begins: int | None = None) -> tuple[Row[Any], ...]:
    """The open stages the deal would leave forwards, in order, its own first. Raises Invalid."""
    strip = (await tx.execute(STRIP, {"pipeline": deal.pipeline_id})).all()
    target = target_among(strip, to_stage)
    if target.kind == StageKind.LOST:
        return ()
    first = await _stands_at(tx, deal, strip) if begins is None else begins
    return tuple(
        stage for stage in strip
        if first <= stage.position < target.position and stage.kind == StageKind.OPEN and stage.archived_at is None
    )  # fmt: skip


def target_among(strip: Sequence[Row[Any]], stage_id: int) -> Row[Any]:
    """Raises Invalid for a stage of another pipeline, and for one that was taken away."""
    for stage in strip:
        if stage.id == stage_id and stage.archived_at is None:
            return stage
    raise Invalid("The deal's pipeline has no such stage")


async def _stands_at(tx: AsyncConnection, deal: Row[Any], strip: Sequence[Row[Any]]) -> int:
    """The position the way begins at. A deal that was lost, or whose stage was taken away since, begins where it stood last:
    neither is a way around the gates."""
    positions = {stage.id: int(stage.position) for stage in strip if stage.kind != StageKind.LOST and stage.archived_at is None}
    if deal.stage_id in positions:
        return positions[deal.stage_id]
    way = select(stage_history.c.stage_id, stage_history.c.from_stage_id).where(stage_history.c.deal_id == deal.id)
    trodden = (stage_id for row in await tx.execute(way.order_by(stage_history.c.id.desc())) for stage_id in row)
    return next((positions[stage_id] for stage_id in trodden if stage_id in positions), FROM_THE_FIRST)


async def _stage_judged(tx: AsyncConnection, asked: DealAsked) -> StageJudged:
    judged = [await _gate_judged(tx, asked, entry) for entry in asked.stage.gates]
    return StageJudged(asked.stage.id, asked.stage.name, tuple(judged))


async def _gate_judged(tx: AsyncConnection, asked: DealAsked, entry: Mapping[str, Any]) -> GateJudged:
    """A gate that is not known or is set wrongly stays shut and says so: what it was to guard is not known."""
    name = str(entry.get("gate"))
    gate = all_gates().get(name)
    if gate is None:
        return GateJudged(name, None, Judged((_broken(name),)))
    try:
        settings = fitted(gate.options, entry.get("settings") or {})
    except Invalid:
        return GateJudged(name, gate.label, Judged((_broken(name),)))
    return GateJudged(name, gate.label, await gate.judge(tx, asked, settings))


@cache
def all_gates() -> Mapping[str, Gate]:
    """Every kind of gate there is, by its name."""
    return plugins(gates, "GATE")


def fitted_gates(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A stage's gates as they are stored: known ones, their settings complete. Raises Invalid, naming gate and option."""
    made = []
    for entry in given:
        gate = all_gates().get(str(entry.get("gate")))
        if gate is None:
            raise Invalid("There is no such gate", gate=str(entry.get("gate"))[:80])
        made.append({"gate": gate.name, "settings": fitted(gate.options, entry.get("settings") or {})})
    return made


def comes_first(stage_id: int, name: str) -> Lack:
    return Lack(LackKind.ORDER, f"stage.{stage_id}", msgid("“%(stage)s” comes first"), {"stage": name})


def _broken(name: str) -> Lack:
    text = msgid("The gate “%(gate)s” is set wrongly: an administrator has to look at the stage")
    return Lack(LackKind.ORDER, "gate", text, {"gate": name[:80]})


async def _people(tx: AsyncConnection, deal: Row[Any]) -> tuple[int, ...]:
    others = (await tx.execute(select(deal_contacts.c.contact_id).where(deal_contacts.c.deal_id == deal.id))).scalars()
    return tuple(dict.fromkeys(person for person in (deal.contact_id, *others) if person is not None))
