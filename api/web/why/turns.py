"""Reading a call anew costs seconds where the journal is long, and a connection for as long: few do it at once.

Nobody waits for his turn: whoever waits holds a connection, too, and so could keep everybody from every page.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from crm_core.errors import FirstringError

MOST, MOST_OF_ONE = 4, 2

_reading: Counter[int] = Counter()


class TooManyReadings(FirstringError):
    """Calls are being read from the journal just now; open this one again in a moment."""


@contextmanager
def turn(user_id: int) -> Iterator[None]:
    """Raises TooManyReadings."""
    if _reading[user_id] >= MOST_OF_ONE or _reading.total() >= MOST:
        raise TooManyReadings
    _reading[user_id] += 1
    try:
        yield
    finally:
        _reading[user_id] -= 1
        if not _reading[user_id]:
            del _reading[user_id]
