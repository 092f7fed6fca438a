"""The facts of each channel, as they were told, in no matter what order: whoever derives sorts them by time."""

from math import inf

from pbx.lines import LineKind, LineRule, extension_of, split_name

Span = tuple[float, float]


_SPECIAL = frozenset(["", "s", "h", "i", "t"])


class Channel:
    """All that is known of one channel. Times are those of the events; None is "not told"."""

    __slots__ = (
        "applications",
        "birth",
        "born_at",
        "born_live",
        "bridges",
        "caller_name",
        "caller_number",
        "came_in",
        "cause",
        "dial_ends",
        "dial_string",
        "dialled_at",
        "dialled_by",
        "dialled_channel_by",
        "dnid",
        "endpoint",
        "exten",
        "first_at",
        "gone_at",
        "holds",
        "hung_up_at",
        "kind_known",
        "last_at",
        "late_number",
        "linkedid",
        "music",
        "name",
        "originated_to",
        "other_half",
        "queues",
        "rang_at",
        "rang_number",
        "recording_places",
        "recordings",
        "technology",
        "uid",
        "up_at",
        "vanished",
        "voicemail_at",
        "waiting_bridges",
    )

    def __init__(self, uid: str, name: str, linkedid: str, at: float) -> None:
        self.uid = uid
        self.birth = birth_of(uid)
        self.linkedid = linkedid
        self.first_at = self.last_at = at
        self.born_at: float | None = None
        self.gone_at: float | None = None
        self.up_at: float | None = None
        self.rang_at: float | None = None
        self.hung_up_at: float | None = None
        self.voicemail_at: float | None = None
        self.vanished = False
        self.born_live = False
        self.came_in: bool | None = None
        self.cause = 0
        self.exten = self.dnid = self.caller_number = self.caller_name = self.rang_number = self.originated_to = ""
        self.late_number = ""  # the caller's, told after the birth
        self.dialled_at: float | None = None
        self.dialled_by: str | None = None
        self.dialled_channel_by = ""
        self.dial_string = ""
        self.dial_ends: set[tuple[float, str]] = set()
        self.bridges: dict[str, set[tuple[float, bool]]] = {}
        self.waiting_bridges: set[str] = set()
        self.holds: set[tuple[float, bool]] = set()
        self.music: set[tuple[float, bool]] = set()
        self.queues: set[tuple[float, bool, str]] = set()
        self.applications: set[tuple[float, str]] = set()
        self.recordings: dict[str, float] = {}
        self.recording_places: dict[str, int] = {}  # in its announcement: the mix is the first
        self.other_half: str | None = None
        self.rename(name)

    def rename(self, name: str) -> None:
        self.kind_known: tuple[int, LineKind] | None = None
        self.name = name
        self.technology, self.endpoint = split_name(name)

    def kind(self, lines: LineRule) -> LineKind:
        if self.kind_known is None or self.kind_known[0] != lines.learned:
            self.kind_known = (lines.learned, lines.kind_of_line(self.name, self.technology, self.endpoint))
        return self.kind_known[1]

    @property
    def extension(self) -> str:
        if self.technology == "Local":
            return self.endpoint.partition("@")[0]
        return extension_of(self.endpoint, self.caller_number)

    @property
    def dialled_in(self) -> str:
        """What whoever came in had dialled, as the exchange said it; empty if it did not."""
        if is_dialled(self.exten):
            return self.exten
        return self.dnid if is_dialled(self.dnid) else ""

    @property
    def started_at(self) -> float:
        return self.first_at if self.born_at is None else self.born_at

    @property
    def age(self) -> tuple[float, int, str]:
        """Orders channels by their birth, also those of one moment."""
        return (self.started_at, *self.birth)

    @property
    def originated(self) -> bool:
        """Dialled by nobody: the leg was made by an originate (or by the exchange calling a transferer back)."""
        return (self.dialled_at is not None or self.originated_to != "") and not self.dialled_by

    def bridges_now(self) -> set[str]:
        """Those that it is in, as far as is known."""
        return {bridge for _, until, bridge in self.stays() if until == inf}

    def stays(self) -> list[tuple[float, float, str]]:
        """When it was in which bridge: (from, to, bridge), `to` infinite while it is there, sorted."""
        ends = inf if self.gone_at is None else self.gone_at
        found = [(a, b, bridge) for bridge, told in self.bridges.items() for a, b in self._spans(told, ends)]
        return found if len(found) < 2 else _one_at_a_time(sorted(found))

    def _spans(self, told: set[tuple[float, bool]], ends: float) -> list[Span]:
        if spans := toggled(told, ends):
            return spans
        # Its entrance was not seen: it was there since we first heard of the channel.
        left = min(at for at, _ in told)
        return [(self.first_at, left)] if left > self.first_at else []

    def hold_spans(self) -> list[Span]:
        return toggled(self.holds, inf if self.gone_at is None else self.gone_at)

    def music_spans(self) -> list[Span]:
        return toggled(self.music, inf if self.gone_at is None else self.gone_at)


def _one_at_a_time(stays: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
    """A channel is in one bridge at a time: the next entrance ends a stay whose end was not told."""
    found = []
    moment = next_entrance = entrance = inf
    for start, end, bridge in reversed(stays):
        if start < moment:
            moment, next_entrance = start, entrance
        found.append((start, min(end, next_entrance), bridge))
        if end > start:  # who only passed through a bridge did not leave another for it
            entrance = start
    return found[::-1]


def birth_of(uid: str) -> tuple[int, str]:
    """Ids that Asterisk makes end in a number that counts channels: `1795304636.7`, `office-1795304636.12`."""
    number = uid.rpartition(".")[2]
    return (int(number) if number.isascii() and number.isdigit() and len(number) < 16 else -1, uid)


def toggled(told: set[tuple[float, bool]], ends: float) -> list[Span]:
    """Spans between "began" and "ended", whatever was told twice; an open one goes on to `ends`.

    Both at one instant: whoever was in stays in, who was not was in for that instant (his times may be the same only
    because the exchange told none and all was read at once).
    """
    if len(told) == 1:
        ((at, began),) = told
        return [(at, max(at, ends))] if began else []
    if len(told) == 2:
        (start, began), (end, goes_on) = sorted(told)
        if began and not goes_on and start < end:  # in once and out again, as in most calls
            return [(start, end)]
    spans: list[Span] = []
    since: float | None = None
    for at, began in sorted(told):
        if (at, not began) in told:
            if began and since is None:
                spans.append((at, at))
        elif since is None and began:
            since = at
        elif since is not None and not began:
            spans.append((since, at))
            since = None
    if since is not None:
        spans.append((since, max(since, ends)))
    return spans


def is_dialled(exten: str) -> bool:
    """Whether it can have been dialled: the dialplan's own extensions (start, hang-up, invalid, time-out) cannot."""
    return exten not in _SPECIAL
