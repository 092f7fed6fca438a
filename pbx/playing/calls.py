"""What a practice call is to be: a story told in one line, and the truth that a good listener must tell of it. Pure."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from crm_core.calls.events import Direction, Outcome
from pbx.playing.speech import Script

RING_SECONDS = 20.0
"""How long the practice dialplan lets phones ring."""


class Ending(StrEnum):
    """What ends the ringing or the talk: planned by the story, or done by whoever steers the call."""

    ANSWERED = "answered"
    CALLER_HANGS_UP = "caller_hangs_up"
    PHONE_HANGS_UP = "phone_hangs_up"
    NOBODY = "nobody"  # the time to ring ran out
    DECLINED = "declined"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Move:
    """An `Ending` that comes `after` so many seconds; None: only when somebody steers the call there."""

    ending: Ending
    after: float | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """One call as it is to happen: begun by `inbound`, `outbound` or `internal`, then told on; each verb returns a new story."""

    direction: Direction
    caller: str
    caller_name: str | None
    dialled: str
    rung: tuple[str, ...] = ()
    queue: str | None = None
    ringing_ends: Move = Move(Ending.ANSWERED)  # by default it rings until steered
    talk_ends: Move = Move(Ending.CALLER_HANGS_UP)
    spoken: Script | None = None
    recorded: bool = True
    voicemail_seconds: float | None = None

    def rings(self, *extensions: str) -> "Story":
        """All these phones ring at once; in a queue: the members that are called."""
        return replace(self, rung=extensions)

    def queued(self, queue: str = "sales") -> "Story":
        """The caller waits in a queue (already up, so the exchange's own records call it answered)."""
        return replace(self, queue=queue)

    def answered_after(self, seconds: float | None, by: str | None = None) -> "Story":
        """Somebody picks up: `by`, or the first phone that rings; the party called, if the call goes out.

        Without `seconds` only when he is steered to.
        """
        return replace(self, ringing_ends=Move(Ending.ANSWERED, seconds, by))

    def given_up_after(self, seconds: float) -> "Story":
        """The caller hangs up while it rings."""
        return replace(self, ringing_ends=Move(Ending.CALLER_HANGS_UP, seconds))

    def nobody_answers(self, seconds: float = RING_SECONDS) -> "Story":
        return replace(self, ringing_ends=Move(Ending.NOBODY, seconds))

    def declined_after(self, seconds: float) -> "Story":
        return replace(self, ringing_ends=Move(Ending.DECLINED, seconds))

    def busy(self, after: float = 0.5) -> "Story":
        """What is called answers 486 and does not ring."""
        return replace(self, ringing_ends=Move(Ending.BUSY, after))

    def talks(self, what: Script | float, hung_up_by: Ending = Ending.CALLER_HANGS_UP) -> "Story":
        """A conversation that is heard in the recording, or so many seconds of silence."""
        spoken = what if isinstance(what, Script) else None
        seconds = what.seconds if isinstance(what, Script) else what
        return replace(self, spoken=spoken, talk_ends=Move(hung_up_by, seconds))

    def to_voicemail(self, seconds: float) -> "Story":
        """If nobody answers, the mailbox takes the call and the caller speaks that long."""
        return replace(self, voicemail_seconds=seconds)

    def unrecorded(self) -> "Story":
        return replace(self, recorded=False)


def inbound(caller: str, did: str, name: str | None = None) -> Story:
    """A call from outside to one of our numbers; numbers as the trunk sends them."""
    return Story(Direction.INBOUND, caller, name, did)


def outbound(extension: str, number: str) -> Story:
    """A person dials a number outside."""
    return Story(Direction.OUTBOUND, extension, None, number, rung=(number,))


def internal(extension: str, to: str) -> Story:
    """A person dials a colleague."""
    return Story(Direction.INTERNAL, extension, None, to, rung=(to,))


@dataclass(slots=True)
class Truth:
    """What is to be told of a call in the end. Seconds are of the story's clock, numbers as they were given."""

    direction: Direction
    caller: str
    caller_name: str | None
    did: str | None
    callee: str | None
    queue: str | None
    linkedid: str | None = None
    outcome: Outcome | None = None
    rang: list[str] = field(default_factory=list)
    answered_by: str | None = None
    wait_seconds: float = 0.0
    talk_seconds: float = 0.0
    voicemail: bool = False
    recordings: list[str] = field(default_factory=list)  # base names, the mix first


def expected(story: Story) -> Truth:
    """The truth of a call that has not happened yet: only who and where."""
    inside = story.direction is not Direction.INBOUND
    return Truth(
        direction=story.direction,
        caller=story.caller,
        caller_name=story.caller_name,
        did=None if inside else story.dialled,
        callee=story.dialled if inside else None,
        queue=story.queue,
    )


def outcome_of(story: Story, ending: Ending, voicemail: bool) -> Outcome:
    """How a call is to be called whose ringing ended so (the order of outward outcomes, for these plain stories)."""
    if ending is Ending.ANSWERED:
        return Outcome.ANSWERED
    if story.direction is not Direction.INBOUND:
        return Outcome.BUSY if ending is Ending.BUSY else Outcome.NO_ANSWER
    if voicemail:
        return Outcome.MISSED
    if story.queue and ending is Ending.CALLER_HANGS_UP:
        return Outcome.ABANDONED
    return Outcome.BUSY if ending is Ending.BUSY else Outcome.MISSED
