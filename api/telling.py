"""What a stream says of events: `{id, event, noun ids}` and no more, worded once for all who are told the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm_core.access import Actor, Noun
from crm_core.events import EventKind

NOUNS = ("call_id", "contact_id", "deal_id", "task_id", "recording_id")
FACTS = ("exchange_id", "user_id")  # ids of nouns that have no column of their own

NOUN_OF_KIND = {
    "call": Noun.CALLS, "party_": Noun.CALLS, "recording_": Noun.CALLS, "transcript_": Noun.CALLS,
    "contact_": Noun.CONTACTS, "records_merged": Noun.CONTACTS, "company_": Noun.COMPANIES, "deal_": Noun.DEALS,
    "meeting_": Noun.DEALS,
    "automation_ran": Noun.DEALS, "request_taken": Noun.DEALS, "payment_taken": Noun.DEALS, "task_": Noun.TASKS,
    "dial_changed": Noun.CALLS,
}  # fmt: skip
"""The kinds of events by how their names begin."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event as a stream sends it.

    `receivers` None: everybody. `person`: whose phone or deed it is. `facts`: its name and ids. `noun`: whose scope holds.
    """

    id: int
    receivers: frozenset[int] | None
    facts: dict[str, Any]
    person: int | None = None
    noun: Noun = Noun.FIGURES

    def is_for(self, actor: Actor) -> bool:
        """He is told of those whose records of this kind he sees; what is of the house, where he sees everybody's figures."""
        if self.receivers is None:
            return True
        people = actor.people(self.noun)
        return people is None or not people.isdisjoint(self.receivers)

    def is_about(self, actor: Actor) -> bool:
        """It is about him, and he is not only one of those who may see it."""
        return self.person == actor.user_id or (self.receivers is not None and actor.user_id in self.receivers)


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody is told, as it is sent; it may be nothing. `last`: he may see other things from now on, his streams end."""

    text: bytes
    last: bool = False


class Telling:
    """Events that are told together, to one reader after another: whoever fetches then sees what all of them did.

    Most readers are told the same, so each message is put into bytes once, not once for each of them.
    """

    def __init__(self, events: Sequence[Told]) -> None:
        self._events = events
        self._messages: dict[tuple[int, bool, int], bytes] = {}

    def to(self, actor: Actor) -> Words:
        """What he may know of it. Whoever may see more or less from some event on resumes there, as what he is then."""
        heard: list[Told] = []
        for told in self._events:
            if told.facts["event"] == EventKind.ACCESS_CHANGED:
                return self._words(heard, actor, last=True)
            if told.is_for(actor):
                heard.append(told)
            if told.facts["event"] == EventKind.USER_CHANGED and told.facts.get("user_id") == actor.user_id:
                return self._words(heard, actor, last=True)
        return self._words(heard, actor)

    def again(self, actor: Actor) -> bytes:
        """The same for who resumes: it is over already, and he comes as what he has been since."""
        return self._words([told for told in self._events if told.is_for(actor)], actor).text

    def _words(self, heard: list[Told], actor: Actor, *, last: bool = False) -> Words:
        newest = max((told.id for told in heard), default=0)
        return Words(b"".join(self._message(told, told.is_about(actor), newest) for told in heard), last)

    def _message(self, told: Told, mine: bool, newest: int) -> bytes:
        """`upto`, where more was told with it: whoever fetches now sees all of that."""
        key = told.id, mine, newest
        if key not in self._messages:
            more = {"upto": newest} if newest > told.id else {}
            data = json.dumps({**told.facts, **more, "mine": True} if mine else {**told.facts, **more})
            self._messages[key] = f"id: {told.id}\ndata: {data}\n\n".encode()
        return self._messages[key]


def told_of(row: Any) -> Told:
    """Of a row of `events`, ids alone: what the event is about is fetched by who may see it."""
    columns = row._mapping
    ids = {noun: columns[noun] for noun in NOUNS if columns[noun] is not None}
    ids |= {fact: row.facts[fact] for fact in FACTS if isinstance(row.facts.get(fact), int)}
    receivers = None if row.receivers is None else frozenset(row.receivers)
    return Told(row.id, receivers, {"id": row.id, "event": row.kind, **ids}, row.user_id, noun_of(row.kind))


def noun_of(kind: str) -> Noun:
    """By whose scope it is decided who is told; figures stand for what is of the whole house."""
    return next((noun for begin, noun in NOUN_OF_KIND.items() if kind.startswith(begin)), Noun.FIGURES)
