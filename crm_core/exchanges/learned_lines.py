"""What an exchange told of its own lines. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 2_000
"""Phones, and trunks, that are kept; an exchange that tells more is told apart by globs in its settings."""
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Learned:
    """Lines by technology and name, `PJSIP/anna`, sorted; see `pbx.lines` for what each may come from."""

    phones: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> "Learned":
        """As it was kept; what is not of its form is passed over."""
        return cls(_names(kept.get("phones")), _names(kept.get("trunks")))

    def as_json(self) -> dict[str, list[str]]:
        return {"phones": list(self.phones[:MOST]), "trunks": list(self.trunks[:MOST])}


def _names(told: object) -> tuple[str, ...]:
    names: Iterable[object] = told if isinstance(told, list) else ()
    return tuple(sorted({name for name in names if isinstance(name, str) and len(name) <= LONGEST})[:MOST])


NOTHING = Learned()
