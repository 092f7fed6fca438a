"""An exchange's own configuration files, read where they lie: sections, templates, `(+)`, `#include`. Secrets are not kept."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECRETS = ("secret", "password", "md5secret", "remotesecret", "md5_cred", "dbpass", "password_digest", "tlsprivatekey")
MOST_FILES = 200
MOST_BYTES = 2 * 1024 * 1024
DEEPEST = 10

_SECTION = re.compile(r"\[([^\]]+)\]\s*(?:\(([^)]*)\))?")
_INCLUDE = re.compile(r'#(try)?include\s+["<]?([^">]+?)[">]?\s*$')
_COMMENT = re.compile(r"(?<!\\);.*$")


@dataclass(slots=True)
class Section:
    """What holds in it; of a setting that is there twice, the last. `every`: all of them, in order."""

    name: str
    is_template: bool = False
    every: list[tuple[str, str]] = field(default_factory=list)

    def get(self, setting: str) -> str | None:
        return next((value for name, value in reversed(self.every) if name == setting), None)

    def is_on(self, setting: str, *, usual: bool) -> bool:
        """As Asterisk reads a truth."""
        value = self.get(setting)
        return usual if value is None else value.lower() in ("yes", "true", "y", "t", "1", "on")


@dataclass(frozen=True, slots=True)
class Conf:
    sections: dict[str, Section]

    def section(self, name: str) -> Section:
        """An empty one where there is none."""
        return self.sections.get(name) or Section(name)

    @property
    def real(self) -> list[Section]:
        return [one for one in self.sections.values() if not one.is_template]


class ConfigFolder:
    """`/etc/asterisk` of the exchange, or a copy of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, file: str) -> Conf | None:
        """None if it cannot be read: then nothing is known of it."""
        if not _is_readable(self.folder / file):
            return None
        sections: dict[str, Section] = {}
        current = Section("")
        for line in _lines(self.folder / file, self.folder, 0, [0]):
            if opened := _SECTION.match(line):
                current = _opened(sections, opened[1].strip(), opened[2] or "")
            elif "=" in line:
                _keep(current, line)
        return Conf(sections)


def _opened(sections: dict[str, Section], name: str, marks: str) -> Section:
    told = [mark.strip() for mark in marks.split(",") if mark.strip()]
    section = sections.get(name) or Section(name, "!" in told)
    sections[name] = section
    for parent in told:
        if parent in sections and parent != name:
            section.every += sections[parent].every
    return section


def _keep(section: Section, line: str) -> None:
    name, _, value = line.partition("=")
    name = name.strip().lower()
    section.every.append((name, "" if name in SECRETS else value.removeprefix(">").strip()))


def _lines(file: Path, folder: Path, depth: int, read: list[int]) -> Iterator[str]:
    """Without comments; what is included stands where it is included."""
    read[0] += 1
    if depth > DEEPEST or read[0] > MOST_FILES or not _is_readable(file):
        return
    with file.open(encoding="utf-8", errors="replace") as text:
        lines = text.read(MOST_BYTES).splitlines()
    for raw in lines:
        line = _COMMENT.sub("", raw).strip()
        if included := _INCLUDE.match(line):
            for each in _named(included[2], folder):
                yield from _lines(each, folder, depth + 1, read)
        elif line:
            yield line


def _named(pattern: str, folder: Path) -> list[Path]:
    """Names are of the configuration folder; one from its root is looked for under our copy of it, too."""
    if pattern.startswith("/"):
        pattern = re.sub(r"^/etc/asterisk/", "", pattern)
        if pattern.startswith("/"):
            return [Path(pattern)]
    return sorted(folder.glob(pattern))


def _is_readable(file: Path) -> bool:
    try:
        with file.open("rb"):
            return True
    except OSError:
        return False
