"""What tests need of the system: installed when this is root on Debian, else a reason to skip, in words.

Each `need_…()` returns None when the thing is there (after installing it, if it may) and otherwise the reason it is not.
`INSTALL=0` forbids installing. An answer is remembered for the whole run. The fixtures at the end skip with that reason.
"""

import fcntl
import functools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

APT = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=600")
QUIET = {"DEBIAN_FRONTEND": "noninteractive"}
POLICY = Path("/usr/sbin/policy-rc.d")


def why_not_install() -> str | None:
    """The reason nothing may be installed here, or None."""
    if os.environ.get("INSTALL") == "0":
        return "INSTALL=0 forbids installing it"
    if os.geteuid() != 0:
        return "only root can install it"
    if shutil.which("apt-get") is None or not Path("/etc/debian_version").exists():
        return "this is not Debian, so it must be installed by hand"
    return None


@functools.cache
def need_sipp() -> str | None:
    """sipp plays the telephones and the outside line."""
    return _need_program("sipp", "sip-tester")


@functools.cache
def need_chromium() -> str | None:
    """A real browser for the journeys."""
    return _need_program("chromium", "chromium")


@functools.cache
def need_redis() -> str | None:
    """A Redis server's program; whoever tests starts his own on a free port."""
    return _need_program("redis-server", "redis-server")


@functools.cache
def need_mariadb() -> str | None:
    """MariaDB's program, in which FreePBX keeps an exchange's records; whoever tests starts his own on a free port."""
    return _need_program("mariadbd", "mariadb-server")


@functools.cache
def need_nginx() -> str | None:
    """The one of the two proxies we ship a configuration for."""
    return _need_program("nginx", "nginx-light")


@functools.cache
def need_caddy() -> str | None:
    """The other one."""
    return _need_program("caddy", "caddy")


@functools.cache
def need_systemd() -> str | None:
    """What reads units; it need not run."""
    return _need_program("systemd-analyze", "systemd")


@functools.cache
def need_asterisk() -> str | None:
    """A Debian sid with Asterisk 22 beside this machine's own system, and sipp to call it."""
    from tests.asterisk import chroot

    if (reason := need_sipp()) is not None:
        return reason
    if not chroot.is_ready("sid"):
        if (reason := why_not_install()) is not None:
            return f"no Asterisk 22 in {chroot.folder_of('sid')}: {reason}"
        if (reason := _need_program("debootstrap", "debootstrap")) is not None:
            return reason
    if os.geteuid() != 0:
        return "only root can start the Asterisk of the test system (chroot)"
    return chroot.why_not_built("sid", wanted_major="22")


@functools.cache
def need_asterisk_16() -> str | None:
    """The oldest Asterisk we care for, of Debian bullseye: another minute and half a gigabyte, once."""
    from tests.asterisk import chroot

    if os.environ.get("FIRSTRING_TEST_ASTERISK16") == "0":
        return "FIRSTRING_TEST_ASTERISK16=0 leaves Asterisk 16 out"
    return need_asterisk() or chroot.why_not_built("bullseye", wanted_major="16")


def _need_program(program: str, package: str) -> str | None:
    if shutil.which(program) is not None:
        return None
    if (reason := why_not_install()) is not None:
        return f"{program} is not installed (Debian: {package}): {reason}"
    with _alone():
        if shutil.which(program) is not None:
            return None
        stale = _refreshed()  # old lists may still do, if the mirror is only partly out of reach
        failed = _installed([package])
    return failed and "; ".join(reason for reason in (failed, stale) if reason)


@contextmanager
def _alone() -> Iterator[None]:
    """The tests run in several processes: one of them installs, the others find it installed."""
    with Path(tempfile.gettempdir(), "firstring-tests-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@functools.cache
def _refreshed() -> str | None:
    return _reason_of([*APT, "update"], "the package lists could not be fetched")


def _installed(packages: Sequence[str]) -> str | None:
    """Installs without starting any service: a service of the machine is not the tests' own."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        command = [*APT, "install", "-y", "--no-install-recommends", *packages]
        return _reason_of(command, f"{', '.join(packages)} could not be installed")
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def _reason_of(command: Sequence[str], failure: str) -> str | None:
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False, env={**os.environ, **QUIET})
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{failure}: {error}"
    # apt-get warns and goes on with old lists when only one of several sources cannot be read.
    if run.returncode == 0:
        return None
    return f"{failure}: {(run.stderr.strip().splitlines() or ['nothing on stderr'])[-1]}"


def _skip_because(reason: str | None) -> None:
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def requires_asterisk() -> None:
    _skip_because(need_asterisk())


@pytest.fixture(scope="session")
def requires_asterisk_16() -> None:
    _skip_because(need_asterisk_16())


@pytest.fixture(scope="session")
def requires_chromium() -> None:
    _skip_because(need_chromium())


@pytest.fixture(scope="session")
def requires_redis() -> None:
    _skip_because(need_redis())


@pytest.fixture(scope="session")
def requires_nginx() -> None:
    _skip_because(need_nginx())


@pytest.fixture(scope="session")
def requires_caddy() -> None:
    _skip_because(need_caddy())


@pytest.fixture(scope="session")
def requires_systemd() -> None:
    _skip_because(need_systemd())


@pytest.fixture(scope="session")
def requires_mariadb() -> None:
    _skip_because(need_mariadb())
