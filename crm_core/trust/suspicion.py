"""Which calls a first, cheap reading of the exchange's records settles; the others are looked at closer. Pure."""

from collections.abc import Iterable

from crm_core.calls.repeated_ids import plain
from crm_core.trust.comparing import SLACK
from crm_core.trust.told import OurCall, Told


class Settling:
    """Asked of one call of the exchange after another, whether ours is told alike.

    Calls that nobody answered are never settled so: why not is more than a first reading can tell.
    """

    def __init__(self, ours: Iterable[OurCall]) -> None:
        self._of_id: dict[str, list[Told]] = {}
        for call in ours:
            for linkedid in {plain(linkedid) for linkedid in call.told.linkedids}:
                self._of_id.setdefault(linkedid, []).append(call.told)

    def __call__(self, told: Told) -> bool:
        theirs = [one for linkedid in told.linkedids for one in self._of_id.get(linkedid, ())]
        return len(theirs) == 1 and len(theirs[0].linkedids) == 1 and _alike(theirs[0], told)


def _alike(ours: Told, theirs: Told) -> bool:
    return bool(ours.answered and theirs.answered) and abs((ours.talk or 0.0) - (theirs.talk or 0.0)) <= SLACK
