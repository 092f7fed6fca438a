"""What must hold of the project as a whole."""

import importlib.metadata
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"pbx", "recordings", "transcribe", "crm_core", "api"}


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_no_installed_distribution_owns_one_of_our_top_level_names() -> None:
    owners = importlib.metadata.packages_distributions()
    foreign = {name: set(owners.get(name, ())) - {"firstring"} for name in PACKAGES}

    assert not any(foreign.values()), foreign


def test_package_init_files_stay_empty() -> None:
    talkative = [
        file for file in tracked("*/__init__.py") if file.parts[len(ROOT.parts)] in PACKAGES and file.read_text().strip()
    ]

    assert talkative == []


@pytest.mark.parametrize("name", ["run.txt", "servers.txt", "dev.txt", "uv.txt", "weights.txt"])
def test_every_locked_dependency_is_pinned_by_hash_and_names_no_registry(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    pinned = re.findall(r"^[a-z0-9][\w.-]*==", text, re.MULTILINE | re.IGNORECASE)

    assert pinned
    assert len(re.findall(r"^\S.*==.*\\\n\s+--hash=sha256:", text, re.MULTILINE)) == len(pinned)
    assert "://" not in text


def test_the_front_end_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (ROOT / "api/web/assets/package-lock.json").read_text()


def test_nothing_unfinished_is_left_in_the_code() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError")
    left = [file for file in tracked("*.py", "*.js", "*.html") if file != Path(__file__) and marks.search(file.read_text())]

    assert left == []


def test_every_file_of_code_stays_readable_in_one_sitting() -> None:
    written = [file for file in tracked("*.py") if "versions" not in file.parts]  # migrations are drawn up by Alembic
    long = {str(file.relative_to(ROOT)): n for file in written if (n := len(file.read_text().splitlines())) > 400}

    assert long == {}
