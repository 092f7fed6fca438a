"""Practice calls one after another while faults strike, and the truth of each."""

import random
import threading
import time
from dataclasses import dataclass

from pbx.playing.calls import Ending, Story, Truth, inbound, outbound
from pbx.playing.play import Playing
from tests.practice_office import PracticeOffice
from tests.product import eventually

DIRECT, SALES = "74951112245", "74951112233"


@dataclass(frozen=True, slots=True)
class Played:
    """A call as it was, by the number that only it has."""

    number: str
    truth: Truth


class Calls:
    """`count` calls spread over `seconds`, in a thread of its own; the dice say which."""

    def __init__(self, office: PracticeOffice, count: int, seconds: float, seed: int) -> None:
        self._office = office
        self._count = count
        self._pause = seconds / count
        self._dice = random.Random(seed)
        self._playing: list[tuple[str, Playing]] = []
        self._thread = threading.Thread(target=self._play, name="practice calls")

    def begin(self) -> None:
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def finished(self) -> list[Played]:
        """Once all are played."""
        self._thread.join()
        eventually(lambda: all(playing.ended.is_set() for _, playing in self._playing), within=60, what="the last call's end")
        return [Played(number, playing.truth) for number, playing in self._playing]

    def _play(self) -> None:
        for place in range(self._count):
            number = f"7903{5_000_000 + place}"
            self._playing.append((number, self._office.play(_story(self._dice, number, place))))
            time.sleep(self._dice.uniform(0.5, 1.5) * self._pause)  # the traffic's own rhythm, not a wait


def _story(dice: random.Random, number: str, place: int) -> Story:
    """Nobody's phone has two at once for long: neighbours ring different people."""
    who = f"10{1 + place % 4}"
    talk = dice.uniform(0.5, 4.0)
    return dice.choice([
        inbound(number, DIRECT).rings(who).answered_after(dice.uniform(0.3, 1.5)).talks(talk),
        inbound(number, DIRECT).rings(who).answered_after(dice.uniform(0.3, 1.5)).talks(talk, Ending.PHONE_HANGS_UP),
        inbound(number, DIRECT).rings(who).given_up_after(dice.uniform(0.5, 2.0)),
        inbound(number, SALES).queued().rings(who).answered_after(dice.uniform(0.3, 1.5), by=who).talks(talk),
        inbound(number, SALES).queued().rings(who).given_up_after(dice.uniform(0.5, 2.0)),
        outbound(who, number).answered_after(dice.uniform(0.3, 1.0)).talks(talk),
        outbound(who, number).busy(),
    ])  # fmt: skip
