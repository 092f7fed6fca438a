"""What is said of calls in the reader's language: how they ended, who rang, what people do in them."""

from dataclasses import dataclass

from api.web.translations import Texts
from crm_core.calls.events import CallState, Direction, Outcome
from crm_core.calls.lines import CallLine
from crm_core.calls.live_parties import Doing, Waits


@dataclass(frozen=True, slots=True)
class CallNames:
    """Each method is a global of templates. A code nobody worded yet is shown as it is."""

    texts: Texts

    def outcome_name(self, line: CallLine) -> str:
        """How a call ended, in a word or two; what it is doing while it lasts."""
        if line.outcome is None:
            return self._now(line)
        return self._inbound(line) if line.direction is Direction.INBOUND else self._outbound(line)

    def _now(self, line: CallLine) -> str:
        pgettext = self.texts.pgettext
        states = {
            "arrived": pgettext("call", "waiting"), "ringing": pgettext("call", "ringing"),
            "talking": pgettext("call", "talking"), "held": pgettext("call", "on hold"),
        }  # fmt: skip
        return states.get(line.state, line.state)

    def _inbound(self, line: CallLine) -> str:
        pgettext = self.texts.pgettext
        if line.voicemail:
            return pgettext("call", "left to voicemail")
        outcomes = {Outcome.ANSWERED: pgettext("call", "answered"), **self._in_vain()}
        return outcomes.get(line.outcome, str(line.outcome)) if line.outcome else ""

    def _outbound(self, line: CallLine) -> str:
        pgettext = self.texts.pgettext
        outcomes = {
            Outcome.ANSWERED: pgettext("call", "reached"), Outcome.NO_ANSWER: pgettext("call", "no answer"),
            Outcome.BUSY: pgettext("call", "busy"), Outcome.FAILED: pgettext("call", "failed"),
            Outcome.AGENT_NO_ANSWER: pgettext("call", "own phone not picked up"),
        }  # fmt: skip
        return outcomes.get(line.outcome, str(line.outcome)) if line.outcome else ""

    def outcome_choices(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            (Outcome.ANSWERED, pgettext("filter", "Answered")), (Outcome.MISSED, pgettext("filter", "Missed")),
            (Outcome.ABANDONED, pgettext("filter", "Did not wait")), (Outcome.NO_ANSWER, pgettext("filter", "No answer")),
            (Outcome.BUSY, pgettext("filter", "Busy")), (Outcome.FAILED, pgettext("filter", "Failed")),
        ]  # fmt: skip

    def direction_choices(self) -> list[tuple[str, str]]:
        pgettext = self.texts.pgettext
        return [
            (Direction.INBOUND, pgettext("filter", "Inbound")), (Direction.OUTBOUND, pgettext("filter", "Outbound")),
            (Direction.INTERNAL, pgettext("filter", "Internal")),
        ]  # fmt: skip

    def direction_name(self, direction: str) -> str:
        pgettext = self.texts.pgettext
        names = {
            Direction.INBOUND: pgettext("call", "Inbound call"), Direction.OUTBOUND: pgettext("call", "Outbound call"),
            Direction.INTERNAL: pgettext("call", "Internal call"),
        }  # fmt: skip
        return names.get(Direction(direction), direction)

    def ring_name(self, outcome: str | None) -> str:
        """How one person's ringing ended."""
        pgettext = self.texts.pgettext
        if outcome is None:
            return pgettext("ring", "rings now")
        names = {
            "answered": pgettext("ring", "answered"), "answered_elsewhere": pgettext("ring", "answered by another"),
            "no_answer": pgettext("ring", "did not answer"), "busy": pgettext("ring", "busy"),
            "declined": pgettext("ring", "declined"), "unavailable": pgettext("ring", "phone unreachable"),
            "cancelled": pgettext("ring", "stopped before an answer"),
        }  # fmt: skip
        return names.get(outcome, outcome)

    def try_name(self, outcome: str) -> str:
        """How one of several tries in vain ended."""
        return self._in_vain().get(Outcome(outcome), outcome)

    def _in_vain(self) -> dict[Outcome, str]:
        pgettext = self.texts.pgettext
        return {
            Outcome.MISSED: pgettext("call", "missed"), Outcome.ABANDONED: pgettext("call", "did not wait"),
            Outcome.BUSY: pgettext("call", "all busy"), Outcome.FAILED: pgettext("call", "did not get through"),
        }  # fmt: skip

    def wait_name(self, where: str) -> str:
        """Where customers wait with whom nobody speaks."""
        pgettext = self.texts.pgettext
        names = {
            Waits.MENU: pgettext("wait", "In a menu"), Waits.VOICEMAIL: pgettext("wait", "Leaving a message"),
            Waits.PARKED: pgettext("wait", "Parked"), Waits.HELD: pgettext("wait", "On hold"),
            Waits.QUEUE: pgettext("wait", "In a queue"),
        }  # fmt: skip
        return names.get(Waits(where), where)

    def doing_name(self, doing: str, state: str) -> str:
        """What a person, or his phone, does in a call in this state."""
        pgettext = self.texts.pgettext
        if doing == Doing.TALKS and state == CallState.HELD:
            return pgettext("desk", "on hold")
        names = {
            Doing.TALKS: pgettext("desk", "talking"), Doing.CONSULTS: pgettext("desk", "consulting"),
            Doing.DIALS: pgettext("desk", "calling"), Doing.RINGS: pgettext("desk", "ringing"),
        }  # fmt: skip
        return names.get(Doing(doing), doing)

    def side_name(self, side: str, manager: str | None = None) -> str:
        pgettext = self.texts.pgettext
        if side == "manager":
            return manager.split()[0] if manager and manager.split() else pgettext("side", "Manager")
        return {"customer": pgettext("side", "Customer")}.get(side, pgettext("side", "Voice"))

    def transfer_name(self, kind: str) -> str:
        pgettext = self.texts.pgettext
        names = {
            "blind": pgettext("transfer", "Transferred"), "attended": pgettext("transfer", "Transferred after consulting"),
            "park": pgettext("transfer", "Parked"),
        }  # fmt: skip
        return names.get(kind, kind)
