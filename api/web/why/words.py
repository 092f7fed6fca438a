"""An explanation in words: for each figure its name, its value, the sentence that says why, and the stretches it sums up."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from api.web.call_names import CallNames
from api.web.translations import Texts
from api.web.why.labels import Labels, harmless
from api.web.why.sayings import saying
from api.web.why.terms import direction_names, fact_words, figure_names, joining_names, outcome_names, source_names
from pbx.explaining.explanation import Explanation
from pbx.explaining.lane_facts import Fact, FactKind
from pbx.explaining.reasons import Lasted, Moment, On, Reason, Stretch, Told

SECONDS = ("wait_seconds", "talk_seconds", "hold_seconds", "answered_by.talk_seconds", "answered_by.consultation_seconds")
TOLD_TO_ALL = frozenset([FactKind.BORN, FactKind.DIAL_ENDED, FactKind.QUEUE_JOINED, FactKind.QUEUE_LEFT, FactKind.TRANSFERRED,
                         FactKind.GONE])  # fmt: skip
"""Facts whose particulars name no part of the exchange."""


@dataclass(frozen=True, slots=True)
class Why:
    """`rows` are the stretches, each a line. All is plain text in which nothing acts."""

    figure: str
    item: int | None
    title: str
    value: str
    say: str
    rows: tuple[str, ...]
    stretches: tuple[tuple[float, float], ...]

    @property
    def key(self) -> str:
        """Of use as an id on a page."""
        return self.figure.replace(".", "-") + ("" if self.item is None else f"-{self.item}")


@dataclass(frozen=True, slots=True)
class Words:
    """Words an explanation in one language, for whoever `labels` are made for."""

    language: str
    texts: Texts
    labels: Labels

    def all(self, told: Explanation) -> tuple[Why, ...]:
        return tuple(self.why(reason) for reason in told.reasons)

    def why(self, reason: Reason) -> Why:
        say = saying(self.language, reason.figure, reason.rule) % _Facts(
            {name: self._fact(name, fact) for name, fact in reason.facts.items()}
        )
        rows = tuple(self.stretch(one) for one in reason.stretches) if reason.figure in SECONDS[1:] else self._passed(reason)
        stretches = tuple((one.start, one.end) for one in reason.stretches)
        return Why(reason.figure, reason.item, self.title(reason), self.value(reason), say, rows, stretches)

    def _passed(self, reason: Reason) -> tuple[str, ...]:
        """The outcomes that come earlier in the order and did not hold."""
        passed = reason.facts.get("passed")
        if not isinstance(passed, tuple) or not passed:
            return ()
        names = ", ".join(outcome_names(self.texts).get(str(one), str(one)) for one in passed)
        return (self.texts.gettext("Looked at before, and not so: %(outcomes)s.") % {"outcomes": names},)

    def stretch(self, one: Stretch) -> str:
        whys = self._hold_names()
        why = ", ".join(whys.get(word, word) for word in one.why.split("+")) if one.why else ""
        joined = self.labels.lanes(one.uids)
        of = f"{why} ({joined})" if why and joined else why or joined
        return f"{self.labels.when(one.start)}–{self.labels.when(one.end)}, {self.labels.lasted(one.seconds)}: {of}"

    def title(self, reason: Reason) -> str:
        name = figure_names(self.texts).get(reason.figure, reason.figure)
        who = reason.facts.get("who")
        return f"{name}: {self.labels.person(who)}" if isinstance(who, str) and reason.item is not None else name

    def value(self, reason: Reason) -> str:
        if reason.figure in SECONDS:
            return self.labels.lasted(reason.value or 0.0)
        if reason.figure in {"started_at", "ended_at"}:
            return self.labels.when(_at(reason)) if reason.value else "—"
        return harmless(self._plain(reason), 200)

    def _plain(self, reason: Reason) -> str:
        value = reason.value
        if isinstance(value, bool):
            return self.texts.gettext("yes") if value else self.texts.gettext("no")
        if reason.item is not None:
            return self._item(reason)
        if reason.figure == "outcome" and value is not None:
            names = outcome_names(self.texts)
            return names.get(reason.rule) or names.get(value, str(value))
        coded = {"direction": direction_names, "source": source_names}.get(reason.figure)
        if coded is not None:
            return coded(self.texts).get(value, str(value))
        return ", ".join(map(str, value)) or "—" if isinstance(value, list) else str(value or "—")

    def _item(self, reason: Reason) -> str:
        value, names = reason.value, CallNames(self.texts)
        if reason.figure == "recordings" and not self.labels.raw and reason.item is not None:
            return str(reason.item + 1)  # file names are for those who look after the exchange
        if reason.figure == "rang" and isinstance(value, dict):
            return names.ring_name(value["outcome"])
        if reason.figure == "answered_by" and isinstance(value, dict):
            return self.labels.person(value["extension"])
        if reason.figure == "transfers" and isinstance(value, dict):
            return f"{names.transfer_name(value['kind'])}: {value['from'] or '—'} → {value['to'] or '—'}"
        return str(value)

    def _fact(self, name: str, fact: Told) -> str:
        """A fact as it stands in a sentence; the two that may be missing bring their own brackets."""
        if name == "cause":
            return f" ({self._cause(fact)})" if fact else ""
        if name == "words" and isinstance(fact, tuple):
            told = {"words": ", ".join(harmless(str(word)) for word in fact)}
            return " (" + self.texts.gettext("the exchange said %(words)s") % told + ")" if fact else ""
        if name == "people" and isinstance(fact, tuple):
            return ", ".join(self.labels.person(str(one)) for one in fact)
        if name == "joinings" and isinstance(fact, tuple):
            return "; ".join(self._joining(one) for one in fact if isinstance(one, tuple))
        if name in {"who", "giver", "taker"}:
            return self.labels.person(fact) if isinstance(fact, str) else "—"
        return self._one(fact)

    def _cause(self, cause: Told) -> str:
        return self.texts.gettext("cause %(cause)s") % {"cause": harmless(str(cause))}

    def _one(self, fact: Told) -> str:
        if isinstance(fact, Moment):
            return self.labels.when(fact.at)
        if isinstance(fact, Lasted):
            return self.labels.lasted(fact.seconds)
        if isinstance(fact, On):
            return self.labels.lane(fact.uid)
        if isinstance(fact, tuple):
            return ", ".join(self._one(one) for one in fact) or "—"
        return "—" if fact is None else harmless(str(fact))

    def _joining(self, joining: tuple[Told, ...]) -> str:
        event, at, on, *_linkedids = joining
        # Any other event only showed that a channel carries another id than before.
        name = joining_names(self.texts).get(str(event), self.texts.pgettext("joining", "the channel took the other id"))
        return f"{self._one(at)} {name} ({self._one(on)})"

    def _hold_names(self) -> Mapping[str, str]:
        _ = self.texts.gettext
        return {"held": _("put on hold"), "parked": _("parked"), "music": _("music played")}

    def fact(self, fact: Fact) -> str:
        """A line of the ladder: what happened on a channel."""
        others = self.labels.lanes(fact.others)
        dialled_by = fact.kind is FactKind.DIALLED and others
        word = self.texts.pgettext("fact", "is dialled by") if dialled_by else fact_words(self.texts)[fact.kind]
        told = PurePosixPath(fact.what).name if fact.kind is FactKind.RECORDED else fact.what
        what = harmless(told) if told not in {"s", ""} else ""
        if fact.kind not in TOLD_TO_ALL and not self.labels.raw:
            what = ""
        if fact.kind is FactKind.GONE and what:
            what = self._cause(what)
        if fact.kind is FactKind.TRANSFERRED and others:
            what = ""  # the channels say it better
        more = ", ".join(part for part in (others, what) if part)
        return f"{word}: {more}" if more else word


class _Facts(dict[str, str]):
    """A saying that names a fact which is not there shows a dash, not an error."""

    def __missing__(self, name: str) -> str:
        return "—"


def _at(reason: Reason) -> float | None:
    at = reason.facts.get("at")
    return at.at if isinstance(at, Moment) else None
