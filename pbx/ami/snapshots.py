"""What the exchange is asked besides listening: what is up now, and what its lines are. Answers go the way of all bytes.

Asked after each connect and every few minutes, never because of what the exchange says: so it cannot make us ask more often.
`PJSIPShowRegistrationsOutbound` would name trunks, too, but tells the provider's password with them (seen in Asterisk 16 and
22), and what we are told is kept in the journal.
"""

import time
from collections.abc import Awaitable, Callable

import structlog

from pbx.ami import troubles
from pbx.ami.protocol import Message

log = structlog.get_logger()

STARTED = "CoreStatus"
LINES = ("ExtensionStateList", "PJSIPShowEndpoints", "SIPpeers", "IAXpeerlist")
BRIDGES = "BridgeList"
CHANNELS, CHANNELS_IN_SHORT = "Status", "CoreShowChannels"
WAITING = ("QueueStatus", "ParkedCalls")


class Snapshots:
    """Of one connection. `logged` outlives it: a refusal is worth one line in the log, not one with each connection.

    `ask` gives None where no answer came. `lines_every`: seconds between two questions about lines: the answers are long and
    seldom new.
    """

    def __init__(self, ask: Callable[[str], Awaitable[Message | None]], host: str, logged: set[str], lines_every: float) -> None:
        self._ask = ask
        self._host = host
        self._logged = logged
        self._lines_every = lines_every
        self._refused: set[str] = set()
        self._lines_at: float | None = None

    async def take(self) -> str | None:
        """Ask all that we may; returns what to note if nothing tells which calls are up. Raises what `ask` raises."""
        await self._told(STARTED)
        if self._lines_at is None or time.monotonic() - self._lines_at >= self._lines_every:
            self._lines_at = time.monotonic()
            for action in LINES:  # before the channels, so that these are sorted rightly at once
                await self._told(action)
        await self._told(BRIDGES)
        channels_told = await self._told(CHANNELS) or await self._told(CHANNELS_IN_SHORT)
        for action in WAITING:
            await self._told(action)
        self._log_refusals(channels_told)
        return None if channels_told else troubles.MAY_NOT_ASK

    async def _told(self, action: str) -> bool:
        """What was refused once, or left without an answer, is not asked again on this connection."""
        if action in self._refused:
            return False
        answer = await self._ask(action)
        if answer is not None and answer.first("Response") == "Success":
            return True
        self._refused.add(action)
        return False

    def _log_refusals(self, channels_told: bool) -> None:
        """Without the list of channels the picture may be wrong; the rest only makes it better."""
        if news := sorted(self._refused - self._logged):
            self._logged.update(news)
            tell = log.info if channels_told else log.warning
            tell("questions_refused", host=self._host, actions=", ".join(news))
