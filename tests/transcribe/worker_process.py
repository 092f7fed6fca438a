"""The worker as the hub starts it: a process whose standard input is a pipe of ours."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

from tests.transcribe.desk import SpeechDesk

ROOT = Path(__file__).parents[2]


class WorkerProcess:
    def __init__(self, desk: SpeechDesk, models_dir: Path, **settings: str) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FIRSTRING_")}
        ours = {"DATA_DIR": str(desk.folder), "DATABASE_URL": desk.database.url, "MODELS_DIR": str(models_dir), **settings}
        self.log = desk.folder / "worker.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "transcribe.worker"],
                env=clean | {f"FIRSTRING_{name}": value for name, value in ours.items()},
                stdin=subprocess.PIPE, stdout=out, stderr=out, cwd=ROOT,
            )  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()
        for left in [*psutil.Process(self.process.pid).children(recursive=True)] if self.process.poll() is None else []:
            left.kill()
        self.kill()
