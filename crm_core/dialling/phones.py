"""From which phone a call by a click is made: one's own, or a colleague's by right. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.dialling.refusals import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Phone:
    """An extension that is somebody's now (`owner` by name). `can_dial`: its exchange is on and has a login for dialling."""

    exchange_id: int
    exchange: str
    extension: str
    user_id: int
    active: bool
    has_dialler: bool
    owner: str = ""

    @property
    def can_dial(self) -> bool:
        return self.active and self.has_dialler

    @property
    def hindrance(self) -> Refusal | None:
        """Why no call can be ordered on its exchange."""
        if not self.active:
            return Refusal(Reason.EXCHANGE_OFF)
        return None if self.has_dialler else Refusal(Reason.NOT_SET_UP)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, as it was sent. Without an `extension`: the only one he has."""

    to: str
    extension: str | None = None
    exchange_id: int | None = None


def phone_for(wanted: Wanted, phones: Sequence[Phone], me: int, *, for_others: bool) -> Phone | Refusal:
    """Chooses among `phones`, every extension that is somebody's now. A colleague's is told apart from nobody's by right only."""
    own = [phone for phone in phones if phone.user_id == me and _fits(phone, wanted)]
    if own:
        return _only(own)
    if not wanted.extension:
        return Refusal(Reason.CHOOSE_EXTENSION if for_others else Reason.NO_EXTENSION)
    if not for_others:
        return Refusal(Reason.NOT_YOUR_EXTENSION)
    others = [phone for phone in phones if _fits(phone, wanted)]
    return _only(others) if others else Refusal(Reason.NOBODYS_EXTENSION)


def _fits(phone: Phone, wanted: Wanted) -> bool:
    named = not wanted.extension or phone.extension == wanted.extension.strip()
    return named and wanted.exchange_id in (None, phone.exchange_id)


def _only(fitting: Sequence[Phone]) -> Phone | Refusal:
    """The one that can be used; where there are several somebody must choose."""
    able = [phone for phone in fitting if phone.can_dial]
    if len(able) > 1:
        return Refusal(Reason.CHOOSE_EXTENSION)
    chosen = able[0] if able else fitting[0]
    return chosen.hindrance or chosen
