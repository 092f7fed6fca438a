"""Until when the exchange was heard: records tell what came after its last word, not before."""

import pytest

from pbx.derivation import Derivation
from pbx.received import Received
from tests.captured import an_exchange

BEGAN = 1_795_304_636.0
LET_IN = b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
SILENT = b"Event: FullyBooted\r\nTimestamp: %.2f\r\nStatus: Fully Booted\r\n\r\n"
TOLD = b"Event: Newchannel\r\nTimestamp: %.2f\r\nUniqueid: 1.1\r\nChannel: SIP/t-1\r\nLinkedid: 1.1\r\nChannelState: 4\r\n\r\n"


@pytest.mark.parametrize("last", [SILENT, TOLD], ids=["silent", "told"])
def test_the_last_word_counts_whether_it_tells_of_a_call_or_not(last: bytes) -> None:
    derivation = Derivation(an_exchange())

    derivation.take(Received("1", 0, BEGAN, LET_IN))
    derivation.take(Received("1", 1, BEGAN + 5.1, SILENT % (BEGAN + 5.0)))
    derivation.take(Received("1", 2, BEGAN + 9.3, last % (BEGAN + 9.0)))
    derivation.take(Received("1", 3, BEGAN + 60.0, b""))  # the line was there, and nothing was said

    assert derivation.heard_until == BEGAN + 9.0
