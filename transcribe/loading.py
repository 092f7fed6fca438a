"""The engine that this machine can have: the real one where library and weights are, else its twin that says what is missing."""

import resource
from pathlib import Path

import structlog

from crm_core.errors import FirstringError
from crm_core.settings import Settings
from transcribe import models
from transcribe.engine import SpeechEngine
from transcribe.jobs import MISSING
from transcribe.null import NullEngine

log = structlog.get_logger()

# Measured with `base`: 1.9 GB of private memory at the peak of a batch of eight. Larger weights need more beside themselves.
MEMORY_LIMIT = 3 << 30
MEMORY_FOR_WEIGHTS = 4


class Speech:
    """The engine, loaded at the first recording and kept; the twin is never kept, for the weights may come any time."""

    def __init__(self, settings: Settings, *, limited: bool = False) -> None:
        self._name, self._models_dir, self._limited = settings.whisper_model, settings.models_dir, limited
        self._engine: SpeechEngine | None = None

    @property
    def is_loaded(self) -> bool:
        return self._engine is not None

    def engine(self) -> SpeechEngine:
        """Blocks while the model is loaded."""
        if self._engine is not None:
            return self._engine
        engine = load_engine(self._name, self._models_dir, limited=self._limited)
        if not isinstance(engine, NullEngine):
            self._engine = engine
        return engine

    def is_there(self) -> bool:
        """Whether the weights are on disk now."""
        try:
            return models.find(self._name, self._models_dir) is not None
        except FirstringError:
            return False


def load_engine(name: str, models_dir: Path, *, limited: bool = False) -> SpeechEngine:
    """Loads the model, which takes a second and 220 MB for `base`; never raises: without it the twin stands there.

    `limited`: this process is a worker, and may have only so much memory from now on.
    """
    try:
        folder = models.find(name, models_dir)
    except FirstringError as error:
        return NullEngine(f"{MISSING}: {error.say}")
    if folder is None:
        return NullEngine(f"{MISSING} {name}: run `firstring models fetch {name}`")
    if limited:
        limit_memory(folder)
    try:
        from transcribe.whisper import WhisperEngine  # noqa: PLC0415 - heavy, and absent without the extra `asr`

        engine = WhisperEngine(folder, name)
    except ImportError:
        return NullEngine(f"{MISSING}: faster-whisper is not installed; install firstring with its extra `asr`")
    except FirstringError as error:
        return NullEngine(f"{MISSING}: {error.say}")
    log.info("speech_model_loaded", model=name)
    return engine


def limit_memory(folder: Path) -> None:
    """No recording may take the machine's memory: beyond the limit the job fails, and only the job."""
    limit = MEMORY_LIMIT + MEMORY_FOR_WEIGHTS * (folder / models.WEIGHTS).stat().st_size
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    # RLIMIT_AS would count the file-mapped weights and the libraries' reserved address space too.
    resource.setrlimit(resource.RLIMIT_DATA, (limit, most))
