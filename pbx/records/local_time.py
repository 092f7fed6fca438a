"""What moment a local time of the exchange was: by its time zone if that is set, else by its ids, which begin with one. Pure."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_ID = re.compile(r"(?:[^\s]{1,100}-)?([0-9]{9,11})\.[0-9]{1,9}")
_EPOCH = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_QUARTER = 900.0  # all zones are whole quarters of an hour
_AT_ONCE = 5.0  # seconds from a channel's birth to the beginning of its first record
_WIDEST = 14 * 3600.0
_VOTES = 3


def id_time(uid: str) -> float | None:
    """`1795304636.0` or `pbx-1795304636.0` → epoch seconds of the channel's birth; ids that somebody chose tell none."""
    found = _ID.fullmatch(uid)
    return float(found[1]) if found else None


class LocalTimes:
    """Reads times as an exchange writes them: local, with an offset, or as epoch seconds."""

    def __init__(self, zone: str | None) -> None:
        self._zone = ZoneInfo(zone) if zone else None
        self._offset: float | None = None
        self._votes: Counter[float] = Counter()

    def moment(self, written: str, uid: str = "") -> float:
        """Epoch seconds; raises ValueError if it is no time. `uid`: of the channel that it tells of."""
        if _EPOCH.fullmatch(written):
            return float(written)
        read = datetime.fromisoformat(written)
        if read.tzinfo is not None:
            return read.timestamp()
        return self._of_zone(read, id_time(uid)) if self._zone else self._of_ids(read, id_time(uid))

    def local(self, moment: float) -> datetime:
        """The other way round, as nearly as it is known."""
        at = datetime.fromtimestamp(moment, UTC)
        if self._zone:
            return at.astimezone(self._zone).replace(tzinfo=None)
        if self._offset is None:
            return at.astimezone().replace(tzinfo=None)
        return at.replace(tzinfo=None) + timedelta(seconds=self._offset)

    def _of_zone(self, read: datetime, born: float | None) -> float:
        """Of the two moments that an hour which comes twice may be, the first that is not before its channel was born."""
        early, late = (read.replace(tzinfo=self._zone, fold=fold).timestamp() for fold in (0, 1))
        return late if born is not None and early < born - _AT_ONCE and late > early else early

    def _of_ids(self, read: datetime, born: float | None) -> float:
        """Where no id was seen yet, the zone of this machine is taken."""
        as_if = read.replace(tzinfo=UTC).timestamp()
        if born is not None:
            self._learn(as_if - born)
        return read.astimezone().timestamp() if self._offset is None else as_if - self._offset

    def _learn(self, ahead: float) -> None:
        """A record may be of long after its channel's birth: one that differs must be confirmed by others."""
        offset = round(ahead / _QUARTER) * _QUARTER
        if abs(ahead - offset) > _AT_ONCE or abs(offset) > _WIDEST:
            return
        if offset == self._offset:
            self._votes.clear()
            return
        self._votes[offset] += 1
        if self._offset is None or self._votes[offset] >= _VOTES:
            self._offset = offset
            self._votes.clear()
