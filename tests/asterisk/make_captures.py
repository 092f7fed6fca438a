"""Plays calls on the real exchange and keeps what AMI said, with what truly happened: tests/captures/asterisk22_own.

    python -m tests.asterisk.make_captures [NAME…]      (as root on Debian; without names, all)

The truth is what the telephones were told to do; it is kept only if the exchange's own CEL agrees to half a second.
"""

import csv
import json
import shutil
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.asterisk import speech
from tests.asterisk.ami_tap import AmiTap
from tests.asterisk.capture_scenes import SCENES, Scene, Truth
from tests.asterisk.exchange import RealExchange
from tests.requirements import need_asterisk

FOLDER = Path(__file__).parents[1] / "captures/asterisk22_own"
SLACK = 0.5


class TruthDiffers(Exception):
    """The exchange's CEL does not tell what the telephones were told to do."""


def main(names: Iterable[str]) -> None:
    if (reason := need_asterisk()) is not None:
        sys.exit(reason)
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = set(names)
    for scene in SCENES:
        if not wanted or scene.name in wanted:
            record(scene)
            print(scene.name, flush=True)


def record(scene: Scene) -> None:
    with RealExchange(extra=scene.extra) as exchange:
        user = scene.user or exchange.reader
        with AmiTap(exchange.host, exchange.port, *user) as tap:
            tap.wait_for(lambda m: m.get("Response") == "Success")
            truths = scene.play(exchange)
            exchange.wait_until_quiet()
            tap.settle()
        _compare_with_cel(scene.name, truths, _rows(exchange.cel_csv))
        keep = FOLDER / scene.name
        keep.with_name(f"{scene.name}.ami").write_bytes(bytes(tap.heard))
        keep.with_name(f"{scene.name}.ami.times").write_text("".join(f"{at:.3f} {to}\n" for at, to in tap.times))
        shutil.copy(exchange.cel_csv, keep.with_name(f"{scene.name}.cel.csv"))
        keep.with_name(f"{scene.name}.truth.json").write_text(_truth_file(scene, truths, exchange))


def _truth_file(scene: Scene, truths: list[Truth], exchange: RealExchange) -> str:
    files = sorted(exchange.recordings.rglob("*.wav"))
    recordings = [
        {
            "file": file.name,
            "voicemail": False,
            "seconds": round(sound.size / speech.RATE, 2),
            "rms": round(speech.loudness(sound), 6),
        }
        for file, sound in ((file, speech.samples(file)) for file in files)
    ]
    return (
        json.dumps(
            {
                "scenario": scene.name,
                "about": scene.about,
                "asterisk": "22",
                "expected_calls": len(truths),
                "calls": [truth.as_json() for truth in truths],
                "recordings": recordings,
                "gaps_s": [],
                "replay_options": list(scene.options),
                "notes": None,
            },
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )


@dataclass(slots=True)
class _Measured:
    """One linkedid in the words of CEL."""

    born: float
    customer: str
    dialled: float | None = None
    joined: float | None = None
    talks: dict[str, float] = field(default_factory=dict)


def _compare_with_cel(name: str, truths: list[Truth], rows: list[list[str]]) -> None:
    for truth, linkedid in zip(truths, dict.fromkeys(row[11] for row in rows), strict=True):
        measured = _measure([row for row in rows if row[11] == linkedid], customer_is_callee=truth.direction == "outbound")
        told = dict(truth.answered_by)
        if set(told) != set(measured.talks):
            raise TruthDiffers(f"{name}: joined were {measured.talks}, told {told}")
        for ext, seconds in told.items():
            _near(f"{name}: talk of {ext}", seconds, measured.talks[ext])
        if measured.joined is not None and not truth.click_to_call:
            since = measured.dialled if truth.direction == "outbound" and measured.dialled else measured.born
            _near(f"{name}: wait", truth.wait_s, measured.joined - since)


def _measure(rows: list[list[str]], *, customer_is_callee: bool) -> _Measured:
    births = [row for row in rows if row[1] == "CHAN_START"]
    customer = births[-1 if customer_is_callee else 0][10]
    measured = _Measured(float(births[0][0]), customer)
    measured.dialled = next((float(row[0]) for row in rows if row[8] == "Dial" and row[1] == "APP_START"), None)
    bridges: dict[str, dict[str, tuple[str, float]]] = {}
    for row in rows:
        if row[1] not in {"BRIDGE_ENTER", "BRIDGE_EXIT"}:
            continue
        at, inside = float(row[0]), bridges.setdefault(json.loads(row[13])["bridge_id"], {})
        _add_talk(measured, inside, customer, at)
        if row[1] == "BRIDGE_ENTER":
            inside[row[10]] = (row[7], at)
        else:
            inside.pop(row[10], None)
        if customer in inside and len(inside) > 1 and measured.joined is None:
            measured.joined = at
        for uniqueid, (channel, _) in inside.items():
            inside[uniqueid] = (channel, at)
    return measured


def _add_talk(measured: _Measured, inside: dict[str, tuple[str, float]], customer: str, at: float) -> None:
    if customer not in inside:
        return
    for uniqueid, (channel, since) in inside.items():
        if uniqueid != customer:
            extension = channel.removeprefix("PJSIP/").rpartition("-")[0]
            measured.talks[extension] = measured.talks.get(extension, 0.0) + at - since


def _near(what: str, told: float, measured: float) -> None:
    if abs(told - measured) > SLACK:
        raise TruthDiffers(f"{what}: told {told}, by CEL {measured:.2f}")


def _rows(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8", errors="replace") as rows:
        return list(csv.reader(rows))


if __name__ == "__main__":
    main(sys.argv[1:])
