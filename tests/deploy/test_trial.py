"""What the trial container does before Asterisk begins: secrets of its own, and readers let in from its network alone."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.product import ROOT


def test_the_trial_exchange_starts_with_secrets_of_its_own_and_shares_them(tmp_path: Path) -> None:
    etc, shared, path = tmp_path / "asterisk", tmp_path / "secrets", tmp_path / "bin"
    shutil.copytree(ROOT / "deploy/asterisk", etc)
    shared.mkdir()
    _program(path / "asterisk", 'echo "$@"')
    _program(path / "hostname", "echo 172.30.7.9")

    for _ in ("first", "again"):
        words = ["sh", str(etc / "trial-start"), str(etc), str(shared)]
        env = {**os.environ, "PATH": f"{path}:{os.environ['PATH']}"}
        started = subprocess.run(words, env=env, capture_output=True, text=True, timeout=30, check=True)

    assert started.stdout.split()[-1] == str(etc / "asterisk.conf")
    told = (etc / "manager.d/trial.conf").read_text()
    assert re.findall(r"permit = (.*)", told) == ["172.30.7.0/255.255.255.0"] * 2
    for who in ("reader", "dialler"):
        secret = (shared / f"{who}.secret").read_text().strip()
        assert f"secret = {secret}" in (etc / f"firstring.d/{who}_secret.conf").read_text()
        assert re.fullmatch(r"[0-9a-f]{32}", secret)
        assert (shared / f"{who}.secret").stat().st_mode & 0o077 == 0


def _program(file: Path, script: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
