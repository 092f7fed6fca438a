"""A whole Debian with its Asterisk in a folder outside the checkout, made once and kept.

Made aside and renamed when complete, so what an interruption leaves is thrown away by the next run. Nothing stays
mounted: every command runs in a mount namespace of its own, which ends with it.
"""

import fcntl
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

RECIPE = 1  # raise it when what is installed below changes: folders of an older recipe are made anew
PACKAGES = ("asterisk", "asterisk-core-sounds-ru-wav")
MORE_PACKAGES = {"bullseye": ("asterisk-voicemail",)}  # of Asterisk 16; on sid it is part of asterisk-modules
STAMP = ".firstring-ready.json"
# A mirror frozen at some day is no danger here: the signature is still checked, the folder is thrown away.
APT = ("apt-get", "-qq", "-o", "Acquire::Check-Valid-Until=false", "-o", "APT::Sandbox::User=root")


class NotBuilt(Exception):
    """The test system with Asterisk could not be made."""


def cache_folder() -> Path:
    return Path(os.environ.get("FIRSTRING_TEST_CACHE", "/var/cache/firstring-tests"))


def folder_of(suite: str) -> Path:
    return cache_folder() / f"asterisk-{suite}"


def is_ready(suite: str) -> bool:
    return _stamp(suite).get("recipe") == RECIPE


def version_of(suite: str) -> str:
    """Asterisk's version, like 22.10.1; empty if it is not built."""
    return str(_stamp(suite).get("version", ""))


def why_not_built(suite: str, wanted_major: str) -> str | None:
    """Makes the system if need be; the reason it cannot be used, or None."""
    try:
        ensure(suite)
    except (NotBuilt, OSError, subprocess.SubprocessError) as error:
        return f"a Debian {suite} with Asterisk could not be made: {error}"
    version = version_of(suite)
    if version.split(".")[0] != wanted_major:
        return f"Debian {suite} has Asterisk {version} now; these tests are for {wanted_major}"
    return None


def ensure(suite: str) -> Path:
    """The system's folder, made if it is not there; NotBuilt says why it could not be."""
    if not is_ready(suite):
        cache_folder().mkdir(parents=True, exist_ok=True)
        with _alone(suite):
            if not is_ready(suite):  # nobody else made it while we waited
                _build(suite)
    return folder_of(suite)


def inside(folder: Path, command: Sequence[str]) -> list[str]:
    """The words that run a command inside, with its own /proc; the process started is the command itself."""
    script = 'mount -t proc proc "$1/proc" && root=$1 && shift && exec chroot "$root" "$@"'
    return apart(["sh", "-c", script, "sh", str(folder), *command])


def apart(command: Sequence[str]) -> list[str]:
    """The words that run a command with mounts of its own, and end it when whoever starts it is gone."""
    # Where / is no mount of its own (we are in a chroot ourselves) unshare cannot make it private.
    alike = [] if "/" in _mounts() else ["--propagation", "unchanged"]
    return ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", *alike, *command]


def unmount(folder: Path) -> None:
    """Takes down what got out of a command's own mounts, as it can where they could not be made private."""
    for mount in reversed([mount for mount in _mounts() if mount.startswith(f"{folder}/")]):
        subprocess.run(["umount", mount], check=True, timeout=60)


def remove(folder: Path) -> None:
    """Removes a half-made or outdated folder of the test system, never across a mount."""
    unmount(folder)
    if folder.exists():
        subprocess.run(["rm", "-r", "--one-file-system", "--", str(folder)], check=True, timeout=300)


def _build(suite: str) -> None:
    done, building = folder_of(suite), cache_folder() / f"asterisk-{suite}.building"
    began = time.monotonic()
    remove(building)
    environment = _environment()
    mirror = _mirror()
    more = ("--include=ca-certificates",) if mirror.startswith("https") else ()
    _run(apart(["debootstrap", "--variant=minbase", *more, suite, str(building), mirror]), environment)
    _prepare(building)
    packages = [*PACKAGES, *MORE_PACKAGES.get(suite, ())]
    _run(inside(building, [*APT, "update"]), environment)
    _run(inside(building, [*APT, "install", "-y", "--no-install-recommends", *packages]), environment)
    _run(inside(building, [*APT, "clean"]), environment)
    stamp = {"recipe": RECIPE, "version": _asterisk_version(building), "seconds": round(time.monotonic() - began, 1)}
    (building / STAMP).write_text(json.dumps(stamp))
    unmount(building)
    remove(done)
    building.rename(done)


def _prepare(building: Path) -> None:
    policy = building / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    with (building / "etc/hosts").open("a") as hosts:  # Asterisk looks its own name up at every start
        hosts.write(f"127.0.0.1 localhost {socket.gethostname()}\n")


def _asterisk_version(folder: Path) -> str:
    said = subprocess.run(inside(folder, ["asterisk", "-V"]), capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r"Asterisk (\S+?)[+~]", said.stdout + "~")
    if found is None:
        raise NotBuilt(f"asterisk -V said {said.stdout.strip()!r}")
    return found.group(1)


def _mirror() -> str:
    """The Debian mirror that this machine's own apt uses."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL)\t$(COMPONENT)\t$(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    for line in targets.stdout.splitlines():
        label, component, uri = line.split("\t")
        if label == "Debian" and component == "main":
            return uri
    raise NotBuilt("apt knows no Debian mirror (is `apt-get update` in order?)")


def _environment() -> Mapping[str, str]:
    said = subprocess.run(
        ["apt-config", "shell", "PROXY", "Acquire::http::Proxy"], capture_output=True, text=True, timeout=60, check=False
    )
    proxy = re.search(r"PROXY='(.+)'", said.stdout)
    proxies = {"http_proxy": proxy.group(1)} if proxy and proxy.group(1) != "DIRECT" else {}
    return {**os.environ, **proxies, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    run = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False, env=environment)
    if run.returncode != 0:
        words = (run.stderr + run.stdout).strip().splitlines() or ["nothing said"]
        raise NotBuilt(f"{' '.join(command[-3:])}: {words[-1]}")


def _mounts() -> list[str]:
    return [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]


def _stamp(suite: str) -> dict[str, object]:
    try:
        stamp = json.loads((folder_of(suite) / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


@contextmanager
def _alone(suite: str) -> Iterator[None]:
    """Only one run at a time makes a suite; the lock goes with the process that holds it."""
    with (cache_folder() / f"asterisk-{suite}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
