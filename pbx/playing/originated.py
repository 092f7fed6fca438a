"""Calls by a click at the practice exchange: `Originate` rings the phone of whoever clicked, then dials his customer."""

from dataclasses import dataclass
from pathlib import Path

from pbx.playing.calls import Ending, Move, Story
from pbx.playing.devices import PEOPLE
from pbx.playing.play import Playing, StoryClock
from pbx.playing.stream import Channel, ChannelState, Headers, channel_headers, told
from pbx.playing.switch import Operator, Switchboard

PICKS_UP = Move(Ending.ANSWERED, 3.0)
"""What a phone at the practice office does when a click rings it."""

# As Asterisk 22 tells it: 3 for a phone that rang in vain, 0 for every other failure.
REASONS = {Ending.NOBODY: "3"}
CAUSES = {Ending.NOBODY: 19, Ending.DECLINED: 21, Ending.BUSY: 17, Ending.CALLER_HANGS_UP: 19}


@dataclass(frozen=True, slots=True)
class Click:
    """The action as it was sent. `device`: `PJSIP/101`; seconds until the phone stops ringing."""

    device: str
    exten: str
    context: str
    channel_id: str
    action_id: str
    ring_seconds: float

    @property
    def extension(self) -> str:
        return self.device.rpartition("/")[2]

    @property
    def number(self) -> str:
        return "".join(sign for sign in self.exten if sign.isdecimal())


class ClickedCall(Playing):
    """A call whose first line is the phone of whoever clicked; `own_phone` says what that phone does."""

    def __init__(
        self, click: Click, own_phone: Move, story: Story, board: Switchboard, clock: StoryClock, recordings_root: Path
    ) -> None:
        super().__init__(story, board, clock, recordings_root)
        self._clicking = ClickOperator(board, clock.now)
        self._operator = self._clicking
        self._click = click
        self._own_phone = own_phone
        self._agent: Channel | None = None

    async def _play(self) -> None:
        if self._click.extension not in PEOPLE:  # no such phone: the exchange makes no line at all
            self._clicking.responds(self._click, None, "0")
            return
        agent = self._agent = self._clicking.rings_own_phone(self._click, busy=self._own_phone.ending is Ending.BUSY)
        self.truth.linkedid = agent.linkedid
        self.ringing.set()
        move = await self._picked_up_within(self._click.ring_seconds)
        if move.ending is Ending.ANSWERED:
            self._clicking.picks_up(agent)
            self._clicking.responds(self._click, agent, "4")
            await super()._play()
        else:
            self._clicking.responds(self._click, agent, REASONS.get(move.ending, "0"))
            self._clicking.not_picked_up(agent, move.ending)

    async def _picked_up_within(self, seconds: float) -> Move:
        after = self._own_phone.after
        if after is None or after > seconds:
            return await self._move(Move(Ending.NOBODY, seconds))
        return await self._move(self._own_phone)

    async def _arrive(self) -> Channel:
        """The customer is dialled from here: what he waits counts from now."""
        if self._agent is None:
            raise RuntimeError("nobody picked up")
        self._arrived_at = self._clock.now()
        return self._agent


class ClickOperator(Operator):
    """Does what the exchange itself does with a line that nobody dialled."""

    def rings_own_phone(self, click: Click, *, busy: bool) -> Channel:
        agent = self.board.plug(
            click.device, ChannelState.DOWN, click.extension, self.board.name_of(click.extension), "from-internal", "s",
            self.now(), uniqueid=click.channel_id,
        )  # fmt: skip
        self._born(agent)
        agent.number = agent.caller_name = click.number
        self._new_number(agent)
        agent.connected_number = click.number
        self.say("NewConnectedLine", channel_headers(agent))
        self.say("DialBegin", [*channel_headers(agent, "Dest"), ("DialString", click.extension)])
        if not busy:
            self._rings(agent)
            self.say("DialState", [*channel_headers(agent, "Dest"), ("DialStatus", "RINGING")])
        self._tell_due()
        return agent

    def picks_up(self, agent: Channel) -> None:
        agent.running("AppDial2", "(Outgoing Line)")
        self.goes_up(agent)
        self.say("DialEnd", [*channel_headers(agent, "Dest"), ("DialStatus", "ANSWER")])
        agent.running("", "")
        self.tell_devices(agent)

    def responds(self, click: Click, agent: Channel | None, reason: str) -> None:
        """Sent to every session that may read calls, with the id of the action it is about."""
        agent_answered = reason == "4"
        if agent is not None and agent_answered:
            agent.at(click.context, click.exten, 1)
        headers: Headers = [
            ("ActionID", click.action_id), ("Response", "Success" if agent_answered else "Failure"),
            ("Channel", agent.name if agent is not None and agent_answered else click.device),
            ("Context", click.context), ("Exten", click.exten), ("Reason", reason), ("Uniqueid", click.channel_id),
            ("CallerIDNum", click.number), ("CallerIDName", click.number),
        ]  # fmt: skip
        self.board.say(told("OriginateResponse", self.now(), headers))

    def not_picked_up(self, agent: Channel, ending: Ending) -> None:
        if ending in (Ending.BUSY, Ending.DECLINED):
            status = "BUSY" if ending is Ending.BUSY else "NOANSWER"
            self.say("DialEnd", [*channel_headers(agent, "Dest"), ("DialStatus", status)])
        agent.running("AppDial2", "(Outgoing Line)")
        self.ends(agent, CAUSES.get(ending, 19))
