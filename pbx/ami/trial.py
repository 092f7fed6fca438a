"""A login tried out before it is kept: are we let in, what answers there, and which of our questions does it refuse?

Nothing is changed at the exchange and nothing of what it says is kept.
"""

import asyncio
import time
from dataclasses import dataclass

from pbx.ami import troubles
from pbx.ami.connection import AmiLogin, LinkLost, LoginRefused, Patience
from pbx.ami.errand import Errand
from pbx.ami.protocol import Message
from pbx.ami.rights import certain_classes, commands_in

PATIENCE = Patience(connect=4.0, answer=3.0)
AT_MOST = 9.0  # seconds: somebody waits at his screen
QUESTIONS = ("CoreStatus", "Status", "ExtensionStateList", "QueueStatus")
DANGEROUS = frozenset(["system", "command", "originate", "config", "agi", "all"])
"""Classes of `write` that a reader has no use for, and a thief of his secret has."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`trouble`: why we are not let in, one of `troubles.NOTES`. `may`: the classes of `write` he has for certain, None where
    the exchange does not say. `refused`: questions of ours that he may not ask."""

    seconds: float
    trouble: str | None = None
    version: str | None = None
    may: frozenset[str] | None = None
    refused: tuple[str, ...] = ()

    @property
    def too_much(self) -> tuple[str, ...]:
        """What a reader should not be allowed."""
        return tuple(sorted((self.may or frozenset()) & DANGEROUS))

    @property
    def tells_calls(self) -> bool:
        """Whether he may ask which calls are up; without it calls under way at a reconnect are not known."""
        return self.trouble is None and "Status" not in self.refused


async def tried(login: AmiLogin) -> Trial:
    """Never raises: what goes wrong is the answer."""
    began = time.monotonic()
    errand = Errand(login, "", patience=PATIENCE)
    try:
        async with asyncio.timeout(AT_MOST):
            version, may, refused = await errand.go(lambda: _asked(errand))
    except (LinkLost, LoginRefused) as error:
        return Trial(time.monotonic() - began, error.say)
    except TimeoutError:
        return Trial(time.monotonic() - began, troubles.FELL_SILENT)
    return Trial(time.monotonic() - began, None, version, may, refused)


async def _asked(errand: Errand) -> tuple[str | None, frozenset[str] | None, tuple[str, ...]]:
    settings = await errand.ask_perhaps("CoreSettings")
    version = settings.first("AsteriskVersion") if settings else None
    may = certain_classes(commands_in(await errand.ask_perhaps("ListCommands")))
    refused = [question for question in QUESTIONS if _is_refused(await errand.ask_perhaps(question))]
    return version, may, tuple(refused)


def _is_refused(answer: Message | None) -> bool:
    """A question that the exchange does not know is none that it refuses: without queues there is no QueueStatus."""
    return answer is not None and "permission" in (answer.first("Message") or "").lower()
