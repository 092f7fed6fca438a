"""The worker: speech in a process of its own, started again when it ends and gone when we are, however we end."""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Mapping

import structlog

from api.context import AppContext
from crm_core.errors import FirstringError

log = structlog.get_logger()

MODULE = "transcribe.worker"
STOP_TIME = 5.0  # seconds a worker has to end by itself
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class WorkerEnded(FirstringError):
    """The worker process ended though nobody asked it to."""


async def run_worker(context: AppContext, settings: Mapping[str, str]) -> None:
    """Run one worker until it ends; raises WorkerEnded unless it was recycled (exit code 0). Cancelling stops it."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", MODULE, stdin=asyncio.subprocess.PIPE, env={**os.environ, **settings},
        preexec_fn=_die_with_parent, start_new_session=False,
    )  # fmt: skip
    log.info("worker_started", pid=worker.pid)
    try:
        code = await worker.wait()
    finally:
        await _stop(worker)
    if code and not context.stopping.is_set():
        raise WorkerEnded(f"the worker ended by itself (exit code {code})")


async def _stop(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is not None:
        return
    worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), STOP_TIME)
    except TimeoutError:
        worker.kill()
        await worker.wait()


def _die_with_parent() -> None:
    """Asked of the kernel: a kill -9 of the hub runs no code of ours that could end the worker."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
