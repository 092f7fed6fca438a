"""Which of an exchange's linkedids are one call: attended transfers, pickups and parked calls taken have two. Pure."""

from collections import defaultdict
from collections.abc import Iterable


class Belonging:
    """Linkedids that were joined are one group; any other is one of its own."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}

    def root(self, linkedid: str) -> str:
        """The one id that stands for the group."""
        while (parent := self._of.get(linkedid, linkedid)) != linkedid:
            linkedid = parent
        return linkedid

    def join(self, one: str, other: str) -> None:
        first, second = self.root(one), self.root(other)
        if first != second:
            self._of[second] = first

    def joins(self) -> list[tuple[str, str]]:
        """Each id that was joined, with the one it was joined to."""
        return list(self._of.items())

    def grouped(self, linkedids: Iterable[str]) -> list[frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for linkedid in linkedids:
            found[self.root(linkedid)].add(linkedid)
        return [frozenset(members) for members in found.values()]
