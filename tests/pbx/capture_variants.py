"""The captures in other clothes: without CEL and Cdr events, and with every name and number changed."""

import json
import random
import re
from dataclasses import dataclass
from pathlib import Path

CAPTURES = Path(__file__).resolve().parent.parent / "captures" / "asterisk"

_MESSAGE = re.compile(rb".*?\r\n\r?\n", re.DOTALL)
_RECORDS = (b"Event: CEL", b"Event: Cdr")
_EXTENSIONS = ("101", "102", "103", "104")
_TRUNKS = ("trunk", "beeline-msk", "second")
_TAKEN = {"200", "600", "610", "700", "701", "8000"}


@dataclass(frozen=True)
class Capture:
    """A scenario's files in order, its CEL file where sessions have gaps, and what truly happened."""

    files: list[Path]
    cel: Path | None
    truth: dict


def scenarios() -> list[str]:
    return sorted(path.name.removesuffix(".truth.json") for path in CAPTURES.glob("*.truth.json"))


def capture(scenario: str, folder: Path = CAPTURES) -> Capture:
    truth = json.loads((folder / f"{scenario}.truth.json").read_text())
    files = [folder / f"{scenario}.ami", *sorted(folder.glob(f"{scenario}.after*.ami"))]
    return Capture(files, folder / f"{scenario}.cel.csv" if truth["gaps_s"] else None, truth)


def stripped(scenario: str, folder: Path) -> Capture:
    """Without CEL and Cdr events."""
    return without(scenario, folder, _RECORDS)


def without(scenario: str, folder: Path, beginnings: tuple[bytes, ...]) -> Capture:
    """Without the messages that begin so; the times moved along."""
    for file in capture(scenario).files:
        _rewrite(file, folder, lambda message: b"" if message.startswith(beginnings) else message)
    for name in (f"{scenario}.truth.json", f"{scenario}.cel.csv"):
        (folder / name).write_bytes((CAPTURES / name).read_bytes())
    return capture(scenario, folder)


def renamed(scenario: str, folder: Path, names: "Names") -> Capture:
    for file in capture(scenario).files:
        _rewrite(file, folder, names.change)
    for name in (f"{scenario}.truth.json", f"{scenario}.cel.csv"):
        (folder / name).write_bytes(names.change((CAPTURES / name).read_bytes()))
    return capture(scenario, folder)


def rewritten(file: Path, folder: Path, change) -> Path:
    """The same session with each message changed, in `folder`; the times moved along."""
    _rewrite(file, folder, change)
    return folder / file.name


def with_a_gap(file: Path, folder: Path, since: float, until: float) -> list[Path]:
    """Two sessions: what came before `since` and what came after `until` (seconds of the capture), whole messages only."""
    raw, times = file.read_bytes(), [line.split() for line in Path(f"{file}.times").read_text().splitlines()]
    ends = [match.end() for match in _MESSAGE.finditer(raw)]
    lost = max((int(offset) for second, offset in times if float(second) <= since), default=0)
    made = max((int(offset) for second, offset in times if float(second) <= until), default=0)
    first = max((end for end in ends if end <= lost), default=0)
    second = min((end for end in ends if end >= max(made, first)), default=len(raw))
    pieces = {"before.ami": (0, first), "after.ami": (second, len(raw))}
    for name, (start, end) in pieces.items():
        (folder / name).write_bytes(raw[start:end])
        told = [(at, int(offset) - start) for at, offset in times if start < int(offset) <= end]
        (folder / f"{name}.times").write_text("".join(f"{at} {offset}\n" for at, offset in told))
    return [folder / name for name in pieces]


def _rewrite(file: Path, folder: Path, change) -> None:
    times = [line.split() for line in Path(f"{file}.times").read_text().splitlines()]
    ends = [(int(offset), second) for second, offset in times]
    written, lines, line = b"", [], 0
    raw = file.read_bytes()
    for message in _MESSAGE.finditer(raw):
        while line < len(ends) - 1 and ends[line][0] < message.end():
            line += 1
        written += change(message.group())
        lines.append(f"{ends[line][1]} {len(written)}\n")
    (folder / file.name).write_bytes(written)
    (folder / f"{file.name}.times").write_text("".join(lines))


class Names:
    """A seeded random renaming of extensions, trunks and outside numbers, the same in every file."""

    def __init__(self, seed: int, *, inside_the_rule: bool) -> None:
        dice = random.Random(seed)
        self._extensions = _distinct(dice, _EXTENSIONS, _number_name if inside_the_rule else _odd_name)
        self._trunks = _distinct(dice, _TRUNKS, _trunk_name if inside_the_rule else _number_name)
        self._numbers: dict[str, str] = {}
        self._dice = dice

    @property
    def trunks(self) -> list[str]:
        return [f"PJSIP/{name}-*" for name in self._trunks.values()]

    def change(self, raw: bytes) -> bytes:
        text = raw.decode("latin-1")
        text = re.sub(r"(?<![0-9])(\+?[78]?)(9[0-9]{2}|495)([0-9]{7})(?![0-9])", self._number, text)
        text = re.sub(r"(?<![0-9A-Za-z.:])(10[1-4])(?![0-9A-Za-z])", lambda m: self._extensions[m[1]], text)
        text = re.sub(r"(?<=[/@])(trunk|beeline-msk|second)(?![A-Za-z])", lambda m: self._trunks[m[1]], text)
        return text.encode("latin-1")

    def _number(self, match: re.Match[str]) -> str:
        area = match[2]
        if match[2] + match[3] not in self._numbers:
            self._numbers[match[2] + match[3]] = area + "".join(self._dice.choices("0123456789", k=7))
        return match[1] + self._numbers[match[2] + match[3]]


def _distinct(dice: random.Random, names: tuple[str, ...], make) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in names:
        new = make(dice)
        while new in _TAKEN or new in found.values():
            new = make(dice)
        found[name] = new
    return found


def _number_name(dice: random.Random) -> str:
    digits = "".join(dice.choices("123456789", k=dice.randint(2, 6)))
    return digits + dice.choice(["", "", "-" + "".join(dice.choices("abcdefXYZ", k=dice.randint(1, 5)))])


def _odd_name(dice: random.Random) -> str:
    letters = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=dice.randint(2, 7)))
    return dice.choice([letters, f"{letters}{dice.randint(1, 99)}", f"{letters}-{dice.randint(100, 999)}x"])


def _trunk_name(dice: random.Random) -> str:
    return "-".join("".join(dice.choices("abcdefghijklmnopqrstuvwxyz", k=4)) for _ in range(dice.randint(1, 3)))
