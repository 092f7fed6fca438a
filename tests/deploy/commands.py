"""Every command that the container files and units start, as they are written there."""

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.product import ROOT

COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
HOME = "/opt/firstring"
OWN_IMAGE = "firstring"
PORT = "8080"


@dataclass(frozen=True, slots=True)
class Command:
    """`where` says which file has it; `words` are as they stand there, without the folder of the installation."""

    where: str
    words: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


def services() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]
    return told


def all_commands() -> list[Command]:
    return [*_of_compose(), *_of_dockerfile(), *_of_units()]


def health_check() -> list[str]:
    """The words of the image's HEALTHCHECK."""
    (found,) = re.findall(r"^HEALTHCHECK.*?CMD (\[.*?\])$", DOCKERFILE.read_text(), re.MULTILINE | re.DOTALL)
    words: list[str] = json.loads(found)
    return words


def build_steps() -> list[str]:
    """The RUN lines of the image's first stage, as one shell script each."""
    stage = re.sub(r"\\\n", " ", DOCKERFILE.read_text()).split("\nFROM ")[1]
    return re.findall(r"^RUN (.+)$", stage, re.MULTILINE)


def _of_compose() -> list[Command]:
    own = {name: service for name, service in services().items() if service.get("image") == OWN_IMAGE}
    return [Command(f"docker-compose.yml, {name}", tuple(service["command"])) for name, service in own.items()]


def _of_dockerfile() -> list[Command]:
    found = re.findall(r"^CMD (\[.*\])$", DOCKERFILE.read_text(), re.MULTILINE)
    return [Command("Dockerfile", tuple(json.loads(found[-1])))]


def _of_units() -> list[Command]:
    return [
        _of_unit(unit, line) for unit in UNITS for line in re.findall(r"^ExecStart(?:Pre)?=(.+)$", unit.read_text(), re.MULTILINE)
    ]


def _of_unit(unit: Path, line: str) -> Command:
    return Command(unit.name, tuple(word.removeprefix(f"{HOME}/.venv/bin/") for word in shlex.split(line)))
