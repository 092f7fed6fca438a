"""What the doctor saw, before he judges. None where it could not be seen. Nothing secret is in it."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from api.doctor.config_folder import ConfigFolder
from pbx.ami.inspection import Inspected


@dataclass(frozen=True, slots=True)
class Address:
    """Of the exchange, as it is set here; `dialler` None where there is no click-to-call."""

    name: str
    host: str
    port: int
    tls: bool
    reader: str
    dialler: str | None
    context: str  # where calls by a click are sent
    active: bool = True
    state: str = "new"  # as the listener tells
    state_note: str | None = None

    @property
    def is_here(self) -> bool:
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


@dataclass(frozen=True, slots=True)
class Heard:
    """What the listener kept of late. `stamped`, `names_recordings`: of the newest event that could tell.

    `rings_in_use`: queues whose members are rung while they talk; `processed`: how many calls the exchange said it had
    had, soon after `since`.
    """

    events: int = 0
    since: datetime | None = None
    last_at: datetime | None = None
    classes: frozenset[str] = frozenset()
    stamped: bool | None = None
    names_recordings: bool | None = None
    rings_in_use: dict[str, bool] = field(default_factory=dict)
    processed: int | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """Records of the exchange, as far as they were read: the last of them. `place`: a file or table; `trouble`: why not."""

    place: str
    trouble: str | None = None
    is_awaited: bool = False  # not there, and its folder is: it may come with the first call
    types: frozenset[str] = frozenset()
    last_at: float | None = None  # epoch seconds
    lines: int = 0
    broken: int = 0


@dataclass(frozen=True, slots=True)
class Folder:
    """Where recordings are. `newest_at`: of the files looked at; `trouble`: why it cannot be read."""

    path: Path
    trouble: str | None = None
    free_bytes: int = 0
    total_bytes: int = 0
    unreadable: str | None = None  # a file in it that we may not read


@dataclass(frozen=True, slots=True)
class ExchangeSeen:
    address: Address
    reader: Inspected
    dialler: Inspected | None = None
    heard: Heard | None = None
    config: ConfigFolder | None = None
    cel: Records | None = None
    records: dict[str, str | None] | None = None  # what else is named here (cdr, queue_log): why it cannot be read, or None
    last_call_at: datetime | None = None  # the end of the last call that was heard to its end
    recordings: Folder | None = None


@dataclass(frozen=True, slots=True)
class HouseSeen:
    """The installation itself. `revision`: of the database; `trouble`: why it cannot be read."""

    data_dir: Path
    mode: int | None = None  # of the data folder
    key_mode: int | None = None
    writable: str | None = None  # why it is not
    free_bytes: int | None = None
    database_trouble: str | None = None
    revision: str | None = None
    newest_revision: str = ""
    jobs_due: int = 0
    oldest_due_seconds: float = 0.0
    jobs_parked: dict[str, int] = field(default_factory=dict)
    parked_why: str | None = None
    model: str = ""
    has_model: bool | None = None
    exchanges: int | None = None
    sealed_elsewhere: tuple[str, ...] = ()
    users: int | None = None
