"""Plays the scenes of `desk_scenes/` on a real exchange and keeps what AMI said and what truly happened.

python -m tests.asterisk.play_scenes FOLDER [--suite sid|bullseye] [NAME…]
"""

import argparse
import asyncio
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.asterisk.desk import Desk
from tests.asterisk.desk_scenes import (  # noqa: F401 - their scenes
    chansip,
    clicks,
    flat,
    flat_extra,
    flat_last,
    flat_more,
    flat_odd,
    handed_on,
    handmade,
    lines,
    mikopbx,
    odd,
    panels,
    plain,
    transfers,
)
from tests.asterisk.desk_scenes.words import SCENES, Scene

AT_ONCE = 4


async def record(scene: Scene, suite: str, folder: Path) -> None:
    async with Desk(scene.dialplan, suite=suite, **scene.desk) as desk:
        calls = await scene.play(desk)
        await desk.quiet()
        keep = folder / scene.name
        keep.with_name(f"{scene.name}.ami").write_bytes(bytes(desk.tap.heard))
        keep.with_name(f"{scene.name}.ami.times").write_text("".join(f"{at:.3f} {to}\n" for at, to in desk.tap.times))
        shutil.copy(desk.cel_csv, keep.with_name(f"{scene.name}.cel.csv"))
    truth = {
        "scenario": scene.name,
        "about": scene.about,
        "asterisk": "22" if suite == "sid" else "16",
        "dialplan": scene.dialplan,
        "expected_calls": len(calls),
        "calls": [_as_truth(call) for call in calls],
        "whole": calls,
        "recordings": [],
        "gaps_s": [],
        "ungraded": _ungraded(calls),
        "replay_options": list(scene.options),
        "notes": None,
    }
    keep.with_name(f"{scene.name}.truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")


def _as_truth(call: dict[str, Any]) -> dict[str, Any]:
    """In the words of the shared captures' truth."""
    handed = call["transfers"] or []
    truth = {
        "direction": call["direction"],
        "caller": call["caller"],
        "did": call.get("did"),
        "customer": call.get("callee"),
        "disposition": call["outcome"],
        "answered_by": [{"ext": p["extension"], "talk_s": p["talk_seconds"]} for p in call["answered_by"]],
        "wait_s": call["wait_seconds"] or 0.0,
        "transferred_to": handed[-1]["to"] if handed else None,
    }
    either = {{"outcome": "disposition"}.get(name, name): values for name, values in (call.get("either") or {}).items()}
    return truth | ({"either": either} if either else {})


def _ungraded(calls: list[dict[str, Any]]) -> list[str]:
    """What `whole` leaves open, or the shared form of a truth cannot say."""
    unsaid = [handed is None or any(one["to"] is None for one in handed) for handed in (call["transfers"] for call in calls)]
    open_wait = any(call["wait_seconds"] is None for call in calls)
    return ["transfers"] * any(unsaid) + ["wait_seconds"] * open_wait


async def main(folder: Path, suite: str, names: list[str]) -> int:
    """Each scene in a process of its own: a telephone must not wait for another scene's exchange to start."""
    folder.mkdir(parents=True, exist_ok=True)
    free = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> int:
        async with free:
            words = ["-m", "tests.asterisk.play_scenes", str(folder), "--suite", suite, "--here", name]
            played = await asyncio.create_subprocess_exec(sys.executable, *words)
            return await played.wait()

    wanted = [scene.name for scene in SCENES if not names or scene.name in names]
    return sum(await asyncio.gather(*map(one, wanted)))


async def play_here(folder: Path, suite: str, name: str) -> int:
    (scene,) = (scene for scene in SCENES if scene.name == name)
    try:
        await asyncio.wait_for(record(scene, suite, folder), 90)
    except Exception as error:  # whatever went wrong, the other scenes go on
        print(f"{name}: {type(error).__name__} {str(error)[:600]}", flush=True)
        return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--suite", default="sid")
    parser.add_argument("--here", action="store_true")
    parser.add_argument("names", nargs="*")
    given = parser.parse_intermixed_args()
    if given.here:
        sys.exit(asyncio.run(play_here(given.folder, given.suite, given.names[0])))
    sys.exit(asyncio.run(main(given.folder, given.suite, given.names)))
