"""Calls and audio: what was announced, what lies in the exchange's folder, what is kept. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from crm_core.calls.repeated_ids import plain
from crm_core.text import clean
from crm_core.trust.comparing import Group, Period
from crm_core.trust.differences import Difference, Kind, said
from crm_core.trust.told import LONGEST_NAME, AudioFile, OurCall

TAKEN_BY = 600.0
"""Seconds after a call's end by which its recording's own job has looked for its files."""
SHORTEST = 1.0
"""Seconds of talk below which a file may hold nothing."""


def compare_audio(
    period: Period,
    ours: Sequence[OurCall],
    disk: Sequence[AudioFile] | None,
    missing: Iterable[Group],
    aliases: Mapping[str, str],
) -> list[Difference]:
    """`disk` None: the folder could not be read. `aliases`: uniqueids of other channels of a call → its linkedid.

    `missing`: calls that only the exchange knows: their files are theirs.
    """
    files = _Files(disk or (), ours, missing, aliases)
    found = [
        Difference(kind, call.told.began, call.id, plain(min(call.told.linkedids)), {"ours": said(call.told)})
        for call in ours
        if period.holds(call.told.began) and (kind := _of_call(call, files, period, looked=disk is not None))
    ]
    return found + [
        Difference(Kind.AUDIO_ALONE, file.at, None, None, {"audio": clean(file.name, LONGEST_NAME)})
        for file in files.alone
        if period.holds(file.at) and file.at < period.settled - TAKEN_BY
    ]


class _Files:
    """The folder's files by the call they belong to."""

    def __init__(
        self, disk: Iterable[AudioFile], ours: Sequence[OurCall], missing: Iterable[Group], aliases: Mapping[str, str]
    ) -> None:
        self.of: dict[int, list[AudioFile]] = defaultdict(list)
        self.alone: list[AudioFile] = []
        self._aliases = aliases
        self._by_stem = {stem_of(name): call.id for call in ours for name in (*call.told.audio, *call.stored)}
        self._by_id = {plain(linkedid): call.id for call in ours for linkedid in call.told.linkedids}
        groups = list(missing)
        self._theirs = {linkedid for group in groups for linkedid in group.linkedids}
        self._their_stems = {stem_of(name) for group in groups for told in group.told for name in told.audio}
        for file in disk:
            self._place(file)

    def _place(self, file: AudioFile) -> None:
        ids = [*file.ids, *(self._aliases[one] for one in file.ids if one in self._aliases)]
        owner = next((self._by_stem[stem] for stem in file.stems if stem in self._by_stem), None)
        owner = owner if owner is not None else next((self._by_id[one] for one in ids if one in self._by_id), None)
        if owner is not None:
            self.of[owner].append(file)
        elif not (self._theirs.intersection(ids) or self._their_stems.intersection(file.stems)):
            self.alone.append(file)


def _of_call(call: OurCall, files: _Files, period: Period, *, looked: bool) -> Kind | None:
    told = call.told
    if call.lost:
        return Kind.AUDIO_LOST
    talked = told.answered and (told.talk or 0.0) >= SHORTEST
    if call.stored or not looked or not talked or told.ended is None or told.ended >= period.settled - TAKEN_BY:
        return None
    if files.of[call.id]:
        return Kind.AUDIO_WAITING
    return Kind.AUDIO_MISSING if told.audio else None


def stem_of(name: str) -> str:
    """A name as it was announced, without folder and ending: recordings are converted later (`.wav` → `.mp3`)."""
    return PurePosixPath(name).stem
