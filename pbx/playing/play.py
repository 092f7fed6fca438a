"""Plays one story at the practice exchange's switchboard, by its plan or as it is steered."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from crm_core.calls.events import Direction
from pbx.playing.calls import RING_SECONDS, Ending, Move, Story, Truth, expected, outcome_of
from pbx.playing.devices import TRUNK, members
from pbx.playing.queues import QueueCall, mailbox_takes, message_left
from pbx.playing.recorder import Recorder
from pbx.playing.stream import Channel
from pbx.playing.switch import Operator, Switchboard

log = structlog.get_logger()

GROW_SECONDS = 1.0
"""How often a recording file grows."""

CAUSES = {Ending.CALLER_HANGS_UP: 127, Ending.NOBODY: 0, Ending.DECLINED: 21, Ending.BUSY: 17}
DIAL_STATUS = {Ending.CALLER_HANGS_UP: "CANCEL", Ending.NOBODY: "NOANSWER", Ending.DECLINED: "NOANSWER", Ending.BUSY: "BUSY"}


class StoryClock:
    """The story's own time. `speed` 1 is real time, 10 ten times as fast, None as fast as it can: time only passes in waits."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._began = time.time()
        self._started = time.monotonic()
        self._skipped = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        if self._speed is None:
            return self._began + self._skipped
        return self._began + (time.monotonic() - self._started) * self._speed

    async def next_move(self, steered: "asyncio.Queue[Move]", seconds: float | None) -> Move | None:
        """What the call is steered to within so many seconds; None if nothing came. `seconds` None: wait for it."""
        if seconds is None:
            return await self._wait(steered)
        if self._speed is None:
            return await self._skip(steered, seconds)
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(steered.get(), seconds / self._speed)
        return None

    async def _wait(self, steered: "asyncio.Queue[Move]") -> Move:
        began = time.monotonic()
        move = await steered.get()
        self._skipped += time.monotonic() - began
        return move

    async def _skip(self, steered: "asyncio.Queue[Move]", seconds: float) -> Move | None:
        await asyncio.sleep(0)
        if not steered.empty():
            return steered.get_nowait()
        self._skipped += seconds
        return None

    async def pause(self, over: asyncio.Event) -> None:
        """Until a recording may grow again, or the talk is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), GROW_SECONDS / (self._speed or 1.0))


class Playing:
    """A call in play: its truth as far as it went, and the means to steer it."""

    def __init__(self, story: Story, board: Switchboard, clock: StoryClock, recordings_root: Path) -> None:
        self.story = story
        self.truth: Truth = expected(story)
        self.ringing = asyncio.Event()
        self.talking = asyncio.Event()
        self.ended = asyncio.Event()
        self._clock = clock
        self._steered: asyncio.Queue[Move] = asyncio.Queue()
        self._operator = Operator(board, clock.now)
        self._root = recordings_root
        self._recorder: Recorder | None = None
        self._queue_call: QueueCall | None = None
        self._arrived_at = 0.0
        self._broke_off: Exception | None = None

    # ---- steering -----------------------------------------------------------------------------------------------

    async def answer(self, extension: str | None = None) -> None:
        """Have the phone (the first that rings) pick up; returns when they talk."""
        await self._steer(Move(Ending.ANSWERED, extension=extension), self.talking)

    async def hang_up(self, by: Ending = Ending.CALLER_HANGS_UP) -> None:
        """Have a party hang up, whether it rings or they talk; returns when the call is over."""
        await self._steer(Move(by), self.ended)

    async def decline(self) -> None:
        await self._steer(Move(Ending.DECLINED), self.ended)

    async def finished(self) -> Truth:
        """Wait for the end; the truth is whole then. Raises what the call broke off with, if it did."""
        await self.ended.wait()
        if self._broke_off is not None:
            raise self._broke_off
        return self.truth

    async def _steer(self, move: Move, until: asyncio.Event) -> None:
        await self.ringing.wait()
        self._steered.put_nowait(move)
        waits = [asyncio.create_task(event.wait()) for event in {until, self.ended}]
        _, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()

    # ---- playing ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """The whole call, from the first line to the last record. One that breaks off (a full disk) costs no other."""
        try:
            await self._play()
        except Exception as error:
            log.exception("practice_call_broke_off")
            self._broke_off = error
            self._operator.drops(self.truth.linkedid)
        self.ended.set()

    async def _play(self) -> None:
        caller = await self._arrive()
        phones = self._ring(caller)
        self.ringing.set()
        plan = self.story.ringing_ends
        move = await self._move(plan if plan.after is not None else Move(plan.ending))
        self.truth.wait_seconds = self._clock.now() - self._arrived_at
        if move.ending is Ending.ANSWERED:
            await self._talk(caller, phones, move)
        else:
            await self._no_answer(caller, phones, move.ending)

    async def _arrive(self) -> Channel:
        story, operator = self.story, self._operator
        self._arrived_at = self._clock.now()
        if story.direction is Direction.INBOUND:
            caller = operator.arrives(TRUNK, story.caller, story.caller_name or "", "from-trunk", story.dialled)
        else:
            name = operator.board.name_of(story.caller)
            caller = operator.arrives(f"PJSIP/{story.caller}", story.caller, name, "from-internal", story.dialled)
        self.truth.linkedid = caller.linkedid
        if story.direction is not Direction.OUTBOUND:
            await self._record(caller)
        return caller

    def _ring(self, caller: Channel) -> list[Channel]:
        story, operator = self.story, self._operator
        busy = story.ringing_ends.ending is Ending.BUSY
        if story.direction is Direction.OUTBOUND:
            return [operator.dials_out(caller, story.dialled, busy=busy)]
        if story.queue:
            rung = story.rung or tuple(member.extension for member in members(story.queue))
            self._queue_call = QueueCall(operator, caller, story.queue)
            self._queue_call.waits()
            phones = self._queue_call.calls(rung)
        else:
            rung = story.rung
            dialled = "&".join(f"PJSIP/{extension}" for extension in rung)
            operator.starts(caller, "Dial", f"{dialled},{RING_SECONDS:.0f},tTkK")
            phones = operator.dials(caller, rung, busy=busy)
        if not busy:
            self.truth.rang = list(rung)
        return phones

    async def _talk(self, caller: Channel, phones: list[Channel], move: Move) -> None:
        operator = self._operator
        phone = next((each for each in phones if each.number == move.extension), phones[0])
        others = [each for each in phones if each is not phone]
        if self._queue_call:
            self._queue_call.connects(phone, others)
        else:
            operator.answers(caller, phone, others)
        if self.story.direction is Direction.OUTBOUND:
            await self._record(phone)
        operator.joins(caller, phone)
        joined = self._clock.now()
        self.truth.answered_by = self.story.caller if self.story.direction is Direction.OUTBOUND else phone.number
        self.truth.outcome = outcome_of(self.story, Ending.ANSWERED, voicemail=False)
        self.talking.set()
        ending = await self._speak(joined)
        self.truth.talk_seconds = self._clock.now() - joined
        self._hang_up_both(caller, phone, by_caller=ending is not Ending.PHONE_HANGS_UP)
        await self._write(self.truth.talk_seconds)

    async def _speak(self, joined: float) -> Ending:
        over = asyncio.Event()
        growing = asyncio.create_task(self._grow(joined, over))
        try:
            return (await self._move(self.story.talk_ends)).ending
        finally:
            over.set()
            await growing

    def _hang_up_both(self, caller: Channel, phone: Channel, *, by_caller: bool) -> None:
        operator = self._operator
        operator.asks_to_hang_up(caller if by_caller else phone)
        if self._queue_call:
            self._queue_call.completes(phone, by_caller)
        operator.parts(caller, phone)
        operator.lets_go(caller)
        operator.goes(phone, 16, records=True)
        operator.ends(caller, 16)

    async def _no_answer(self, caller: Channel, phones: Sequence[Channel], ending: Ending) -> None:
        mailbox = self.story.voicemail_seconds
        takes = mailbox is not None and ending is not Ending.CALLER_HANGS_UP
        self._stop_ringing(caller, phones, ending)
        self.truth.outcome = outcome_of(self.story, ending, voicemail=takes)
        if takes:
            self.truth.voicemail = True
            mailbox_takes(self._operator, caller)
            self._operator.tell_devices(caller)
            await self._move(Move(Ending.CALLER_HANGS_UP, mailbox))
            self._operator.asks_to_hang_up(caller, None)
            message_left(self._operator, caller)
        self._operator.lets_go(caller)
        self._operator.ends(caller, CAUSES[ending])

    def _stop_ringing(self, caller: Channel, phones: Sequence[Channel], ending: Ending) -> None:
        operator = self._operator
        if ending is Ending.CALLER_HANGS_UP:
            operator.asks_to_hang_up(caller, None if self._queue_call else 127)
        if self._queue_call:
            self._queue_call.gives_up(phones, timed_out=ending is not Ending.CALLER_HANGS_UP)
            return
        for phone in phones:
            if ending in {Ending.DECLINED, Ending.BUSY}:
                operator.asks_to_hang_up(phone, CAUSES[ending])
            operator.ends_dial(caller, phone, DIAL_STATUS[ending])
        for phone in phones:
            operator.goes(phone, CAUSES[ending])

    async def _move(self, planned: Move) -> Move:
        steered = await self._clock.next_move(self._steered, planned.after)
        return steered or planned

    # ---- recording ----------------------------------------------------------------------------------------------

    async def _record(self, channel: Channel) -> None:
        if not self.story.recorded:
            return
        day = datetime.fromtimestamp(channel.born, UTC).strftime("%Y-%m-%d")
        self._recorder = Recorder(self._root, f"{day}/{channel.uniqueid}", self.story.spoken)
        self._operator.monitors(channel, self._recorder.data, self._recorder.announced)
        self.truth.recordings = [Path(name).name for name in self._recorder.names]
        await asyncio.to_thread(self._recorder.begin)

    async def _grow(self, joined: float, over: asyncio.Event) -> None:
        while not over.is_set():
            await self._clock.pause(over)
            await self._write(self._clock.now() - joined)

    async def _write(self, seconds: float) -> None:
        if self._recorder:
            await asyncio.to_thread(self._recorder.reach, seconds)
