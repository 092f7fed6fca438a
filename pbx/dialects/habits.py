"""What is usual on exchanges of one make and cannot be read in what they say. Settings of the exchange count before it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habits:
    """`title`: as people call the make. `trunks`: globs on channels that are outside lines wherever this make is used.

    `recordings_root`: on the exchange's own disk; `recording_folders`: below it, as strftime writes the time of a call;
    none: wherever its admin likes.
    `dial_context`: what calls by a click are sent to, where it is not one of ours.
    """

    title: str
    recordings_root: str
    recording_folders: tuple[str, ...] = ()
    trunks: tuple[str, ...] = ()
    dial_context: str | None = None
