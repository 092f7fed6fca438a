"""What each source says of one call, in one small shape: what an audit compares. Pure.

Times are epoch seconds by the exchange's clock (ours by the clock that the listener took them from: the same one where
`timestampevents` is on). Calls are known by their linkedids, so clocks that differ a little do no harm.
"""

from enum import StrEnum

from msgspec import Struct

LONGEST_NAME = 300  # characters of anything that an exchange said, in what is kept of a difference


class Witness(StrEnum):
    """Who says it. CEL knows every call; CDR lacks some; queue_log knows those of queues."""

    OURS = "ours"
    CEL = "cel"
    CDR = "cdr"
    QUEUE_LOG = "queue_log"


class Told(Struct, frozen=True, gc=False):
    """One source's word on one call. None: it cannot tell.

    `whole_seconds`: its times are cut to whole seconds. `sure`: it can be held against ours; CDR tells of a direct call
    alone how it ended, and only what was derived from CEL tells every outcome.
    """

    witness: Witness
    linkedids: frozenset[str]
    began: float
    ended: float | None = None
    answered: bool | None = None
    answered_at: float | None = None
    talk: float | None = None
    outcome: str | None = None
    parties: tuple[str, ...] = ()
    audio: tuple[str, ...] = ()
    whole_seconds: bool = False
    sure: bool = True


class OurCall(Struct, frozen=True, gc=False):
    """A call as it stands in our rows. `plainly`: one person, no queue, transfer, voicemail, forwarding or click."""

    id: int
    told: Told
    partial: bool = False
    plainly: bool = True
    may_lack_cdr: bool = False
    stored: tuple[str, ...] = ()  # names of the recordings that are kept
    lost: int = 0  # recordings whose file is gone from our own storage


class AudioFile(Struct, frozen=True, gc=False):
    """A file with sound in the exchange's recordings folder; `at`: when it was last written.

    `stems`: names it may have been announced by, without ending; `ids`: the uniqueids and linkedids its name may hold.
    """

    name: str
    at: float
    stems: tuple[str, ...]
    ids: tuple[str, ...] = ()
