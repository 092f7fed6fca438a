"""What an audit says, in the reader's language."""

from dataclasses import dataclass
from typing import Any

from babel.numbers import format_percent

from api.web.wording import NO_BREAK, Wording, clock
from crm_core.trust.differences import Kind
from crm_core.trust.queries import DifferenceLine, Trust
from crm_core.trust.told import Witness

ICONS = {
    Kind.MISSING: "phone-incoming", Kind.UNKNOWN: "ghost-2", Kind.DOUBLED: "copy", Kind.MERGED: "link", Kind.OPEN: "hourglass",
    Kind.OUTCOME: "phone-x", Kind.TALK: "clock", Kind.AUDIO_MISSING: "microphone-off", Kind.AUDIO_WAITING: "headphones",
    Kind.AUDIO_LOST: "alert-triangle", Kind.AUDIO_ALONE: "headphones",
}  # fmt: skip
MENDABLE = frozenset([Kind.MISSING, Kind.OUTCOME, Kind.TALK, Kind.AUDIO_WAITING])


@dataclass(frozen=True, slots=True)
class TrustWords:
    """Given to templates as `words`. A code nobody worded yet is shown as it is."""

    wording: Wording

    def share(self, trust: Any) -> str:
        """Of anything with `calls`, `agreeing` and `share`: cut, not rounded, so that 100 % means all."""
        if trust.share is None:
            return "—"
        whole = trust.agreeing == trust.calls
        cut = 1.0 if whole else int(trust.share * 1000) / 1000
        return format_percent(cut, "#,##0 %" if whole else "#,##0.0 %", locale=self.wording.locale).replace(" ", NO_BREAK)

    def period(self, trust: Trust) -> str:
        """How many of a period's days were compared; nothing if all were."""
        if trust.audited >= trust.days:
            return ""
        return self.wording.texts.gettext("%(audited)s of %(days)s days compared") % {
            "audited": trust.audited, "days": trust.days,
        }  # fmt: skip

    def kind(self, kind: str) -> str:
        gettext = self.wording.texts.gettext
        names = {
            Kind.MISSING: gettext("Only the exchange knows this call"),
            Kind.UNKNOWN: gettext("The exchange does not know this call"),
            Kind.DOUBLED: gettext("One call of the exchange is several here"),
            Kind.MERGED: gettext("One call here is several of the exchange's"),
            Kind.OPEN: gettext("The call is over, and here it still goes on"),
            Kind.OUTCOME: gettext("It ended otherwise"),
            Kind.TALK: gettext("The talk differs by more than a second"),
            Kind.AUDIO_MISSING: gettext("A recording was announced, and its file is nowhere"),
            Kind.AUDIO_WAITING: gettext("The recording lies on the exchange and was not taken"),
            Kind.AUDIO_LOST: gettext("The recording was kept, and its file is gone from our storage"),
            Kind.AUDIO_ALONE: gettext("Audio without a call"),
        }
        return names.get(Kind(kind), kind) if kind in set(Kind) else kind

    def icon(self, kind: str) -> str:
        return ICONS.get(Kind(kind), "alert-circle") if kind in set(Kind) else "alert-circle"

    @property
    def mendable_kinds(self) -> frozenset[str]:
        return frozenset(MENDABLE)

    def witness(self, name: str) -> str:
        gettext = self.wording.texts.gettext
        names = {
            Witness.OURS: gettext("Here"), Witness.CEL: gettext("Event log (CEL)"), Witness.CDR: gettext("Call records (CDR)"),
            Witness.QUEUE_LOG: gettext("Queue log"),
        }  # fmt: skip
        return names.get(Witness(name), name) if name in set(Witness) else name

    def says(self, one: DifferenceLine) -> list[tuple[str, str]]:
        """Each witness and what it says of the call, in words; ours first."""
        known = [(witness, one.facts[witness]) for witness in Witness if isinstance(one.facts.get(witness), dict)]
        return [(self.witness(witness), self._said(said)) for witness, said in known]

    def _said(self, said: dict[str, Any]) -> str:
        gettext = self.wording.texts.gettext
        parts = [self._outcome(said)]
        if said.get("talk"):
            parts.append(gettext("talk %(time)s") % {"time": clock(said["talk"])})
        parties = " → ".join(self.wording.phone(str(party)) for party in said.get("parties") or ())
        return ", ".join(part for part in (*parts, parties) if part)

    def _outcome(self, said: dict[str, Any]) -> str:
        gettext, pgettext = self.wording.texts.gettext, self.wording.texts.pgettext
        outcomes = {
            "answered": pgettext("call", "answered"), "missed": pgettext("call", "missed"),
            "abandoned": pgettext("call", "did not wait"), "busy": pgettext("call", "busy"),
            "failed": pgettext("call", "did not get through"), "no_answer": pgettext("call", "no answer"),
            "agent_no_answer": pgettext("call", "own phone not picked up"),
        }  # fmt: skip
        if said.get("ended") is None:
            return gettext("still goes on")
        if (outcome := said.get("outcome")) is not None:
            return outcomes.get(outcome, str(outcome))
        return pgettext("call", "answered") if said.get("answered") else gettext("not answered")
