"""What stands in a capture in place of numbers, names and ids: the same mask for the same original, everywhere.

Masks are drawn one after another from a seeded sequence and hold nothing of the original but its kind: how long a number is and
whether it can be understood in the region (country and area stay), which technology a channel has, the script and case of a name.
"""

import random
import re
import string
from collections.abc import Callable, Iterable

from crm_core.contacts.numbers import NumberKind, read_number
from pbx.anonymising.vocabulary import SAFE, TECHNOLOGIES

UID = re.compile(r"(1[0-9]{9})\.([0-9]{1,9})")
_BRIDGE = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_ADDRESS = (
    r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])"
    r"|(?<![0-9A-Za-z:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}(?![0-9A-Za-z:])"
)
# A number spelled in groups: «8 (916) 111-22-33»; a longer run of digits is found as a word.
_SPELLED = r"(?<![0-9])\+?[0-9]{1,4}(?:[ ().\-\u00a0]{1,2}[0-9]{1,4}){2,6}(?![0-9])"
_WORD = r"(?:[^\W_]|%[0-9A-Fa-f]{2}|\ufffd|[\u0300-\u036f])+"
_KINDS = {"uid": f"(?<![0-9]){UID.pattern}(?![0-9])", "bridge": _BRIDGE, "address": _ADDRESS, "spelled": _SPELLED, "word": _WORD}
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
_CHANNEL = re.compile(r"((?:AsyncGoto/)?)([A-Za-z0-9]+)/(.*?)(?:-([0-9a-f]{8}))?((?:;[12])?(?:<[A-Z]+>)*)")
_SHORT = 4
"""Digits that may stay: an extension, a port, a count."""
_TRIES = 200
_MICRO = 1_000_000
_MOST_SERIALS = 10_000
_LONGEST_NAME = 300
"""Characters of what may be a channel; the exchange itself has room for 80."""
_LONGEST_RUN = 20
"""Digits by which a longer run is found again."""


class CannotMask(ValueError):
    """No mask could be found that the original does not hold already."""


class _Table(dict[str, str]):
    """Masks of one kind, by what they stand for; `given` are those that are used."""

    def __init__(self) -> None:
        super().__init__()
        self.given: set[str] = set()


class Mask:
    """`seed` chooses the masks; `taken` are words and runs of digits of the original, which none of them may be."""

    def __init__(self, seed: int, region: str, taken: frozenset[str]) -> None:
        self._dice = random.Random(seed)  # noqa: S311 — the masks are not derived from what they hide
        self._region = region
        self._taken = taken
        self._numbers = _Table()
        self._words = _Table()
        self._names = _Table()
        self._suffixes = _Table()
        self._bridges = _Table()
        self._addresses = _Table()
        self._serials = _Table()
        self._since: int | None = None
        self._fraction = self._dice.randrange(_MICRO)
        self._base = 1_500_000_000 + self._dice.randrange(50_000_000)

    @property
    def hidden(self) -> frozenset[str]:
        """Words that were replaced."""
        return frozenset([*self._words, *(word for name in self._names for word in words_of(name))])

    def epoch(self, at: float) -> str:
        """Moments keep their distances, and begin somewhere else; with six places."""
        whole = round(at * _MICRO) + (self._shift(int(at)) * _MICRO) + self._fraction
        return f"{whole // _MICRO}.{whole % _MICRO:06}"

    def second(self, since: float) -> str:
        """Seconds since a capture's first message."""
        whole = round(since * _MICRO) + _MICRO + self._fraction // 7
        return f"{whole // _MICRO}.{whole % _MICRO:06}"

    def _shift(self, second: int) -> int:
        if self._since is None:
            self._since = second
        return self._base - self._since

    def uid(self, raw: str) -> str:
        """A channel's id stays one of the same form; the order of ids, too."""
        found = UID.search(raw)
        if found is None:
            return self.text(raw)
        before, after = raw[: found.start()], raw[found.end() :]
        return f"{self.text(before)}{self._uid(found)}{self.text(after)}"

    def _uid(self, found: re.Match[str]) -> str:
        serial = found[2] if len(found[2]) <= _SHORT else self._serial(found[2])
        return f"{int(found[1]) + self._shift(int(found[1]))}.{serial}"

    def _serial(self, serial: str) -> str:
        table = self._serials
        if serial not in table:
            if len(table) >= _MOST_SERIALS:
                raise CannotMask(f"more than {_MOST_SERIALS} channels")
            wanted = int(serial) % _MOST_SERIALS
            while str(wanted) in table.given:
                wanted = (wanted + 1) % _MOST_SERIALS
            table[serial] = str(wanted)
            table.given.add(table[serial])
        return table[serial]

    def bridge(self, raw: str) -> str:
        if not raw or raw == "<unknown>":
            return raw
        return self._known(self._bridges, raw, lambda: f"bridge-{self._letters(4)}")

    def channel(self, raw: str) -> str:
        """`PJSIP/beeline-0000007e` → `PJSIP/kwpz-bdafccea`: the technology stays, both halves of a Local channel match."""
        found = _CHANNEL.fullmatch(raw) if len(raw) <= _LONGEST_NAME else None
        if found is None or raw == "<unknown>":
            return self.text(raw)
        again, technology, endpoint, suffix, rest = found.groups()
        technology = technology if technology in TECHNOLOGIES else self._word(technology)
        running = "" if suffix is None else "-" + self._known(self._suffixes, suffix, lambda: self._letters(8, "abcdef"))
        return f"{again}{technology}/{self.text(endpoint)}{running}{rest}"

    def number(self, raw: str) -> str:
        """As it was written: what is understood stays understood, what is withheld says no more than that."""
        kind = read_number(raw, self._region).kind
        if kind is NumberKind.WITHHELD:
            return "anonymous" if raw.strip().lower().startswith("anonymous") else raw
        return self.text(raw) if any(one.isalpha() for one in raw) else self._spelled(raw)

    def _spelled(self, raw: str) -> str:
        """Digits are put in place of digits, what stands between them stays."""
        digits = "".join(one for one in raw if one.isdecimal())
        if len(digits) <= _SHORT:
            return raw
        masked = iter(self._digits(digits, raw))
        return "".join(next(masked) if one.isdecimal() else one for one in raw)

    def _digits(self, digits: str, raw: str) -> str:
        """One person's number has one mask in whatever form it is dialled."""
        number = read_number(raw, self._region)
        if number.kind is not NumberKind.INTERNATIONAL or number.digits is None:
            number = read_number(digits, self._region)
        whole = number.e164 or digits
        masked = self._known(self._numbers, whole, lambda: self._like(whole, number.kind))
        tail = len(whole) - _kept(whole, number.kind)
        return digits[:-tail] + masked[-tail:] if len(digits) >= tail else masked[-len(digits) :]

    def _like(self, digits: str, kind: NumberKind) -> str:
        kept = _kept(digits, kind)
        plus = "+" if kind is NumberKind.INTERNATIONAL else ""
        for _ in range(_TRIES):
            masked = digits[:kept] + "".join(self._dice.choices(string.digits, k=len(digits) - kept))
            if read_number(plus + masked, self._region).kind is kind:
                return masked
        return masked

    def name(self, raw: str) -> str:
        """A caller's name keeps the shape: each letter becomes another of its script and case, each digit another digit."""
        if read_number(raw, self._region).kind is NumberKind.WITHHELD:
            return "Anonymous" if raw.strip().lower().startswith("anonymous") else raw
        if not any(one.isalpha() or one == "\ufffd" for one in raw):
            return self.number(raw)
        return self._known(self._names, raw, lambda: "".join(map(self._letter, raw)))

    def _letter(self, one: str) -> str:
        if one.isdecimal():
            return self._dice.choice(string.digits)
        if not one.isalpha():
            return one
        cyrillic = "\u0400" <= one <= "\u04ff"
        letter = self._dice.choice("абвгдежзиклмнопрстуфхцчшэюя" if cyrillic else string.ascii_lowercase)
        if not (cyrillic or one.isascii()):
            letter = self._dice.choice("àâäçéèêëîïôöùûü")
        return letter.upper() if one.isupper() else letter

    def text(self, raw: str) -> str:
        """Anything else: every word that is not of the trade, every long number, id and address in it."""
        return _TOKEN.sub(self._token, raw)

    def _token(self, found: re.Match[str]) -> str:
        kind, whole = next(kind for kind in _KINDS if found[kind] is not None), found[0]
        if kind == "uid" and (uid := UID.fullmatch(whole)):
            return self._uid(uid)
        if kind == "address":
            return self._known(self._addresses, whole, lambda: f"192.0.2.{len(self._addresses) + 1}")
        return {"bridge": self.bridge, "spelled": self._spelled, "word": self._word}[kind](whole)

    def _word(self, word: str) -> str:
        if word.isdecimal() and word.isascii():
            return self._spelled(word)
        if len(word) == 1 or (len(word) == 2 and word.isascii()) or word.lower() in SAFE:
            return word  # of two letters are options, as in `MixMonitor(mix.wav,br(rx.wav))`
        return self._known(self._words, word, lambda: self._letters(4))

    def _letters(self, length: int, alphabet: str = "bdfgjkmpqvwxz") -> str:
        return "".join(self._dice.choices(alphabet, k=length))

    def _known(self, table: _Table, original: str, make: Callable[[], str]) -> str:
        if original not in table:
            masked = (make() for _ in range(_TRIES))
            found = next((one for one in masked if one not in table.given and one not in self._taken and one != original), None)
            if found is None:
                raise CannotMask(f"no mask is left for a text of {len(original)} characters")
            table[original] = found
            table.given.add(found)
        return table[original]


def _kept(digits: str, kind: NumberKind) -> int:
    """How many leading digits stay: country and area of a number that is understood, else none."""
    return max(0, min(_SHORT, len(digits) - _SHORT)) if kind is NumberKind.INTERNATIONAL else 0


def words_of(text: str) -> list[str]:
    """Words of letters and digits, as they are masked."""
    return [found[0] for found in re.finditer(_WORD, text)]


def runs_of(text: str) -> set[str]:
    """The long runs of digits, which nobody may find again."""
    return set(re.findall(r"[0-9]{5,}", text))


def found_again(runs: Iterable[str], text: str) -> set[str]:
    """Which of the runs of digits the text holds, within longer ones, too. A very long one is found by its first digits.

    In time that grows with the text alone: a call of an hour has tens of thousands of runs.
    """
    heads = {run[:_LONGEST_RUN]: run for run in runs}
    lengths = {len(head) for head in heads}
    pieces = (
        run[place : place + length] for run in runs_of(text) for length in lengths for place in range(len(run) - length + 1)
    )
    return {heads[piece] for piece in pieces if piece in heads}
