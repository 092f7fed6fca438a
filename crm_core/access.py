"""Who may see and do what: one policy table and one scoped condition, used by every route.

A role has a scope for each kind of record (his own, his team's, everybody's; with what is nobody's yet) and rights; the
usual ones are `POLICY`, and what an administrator set otherwise comes with the actor. Beside his scope everybody sees the
card of a call that rings or rang on his phone. What is not yours is answered exactly like what does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, false, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_core.calls.tables import calls
from crm_core.errors import Forbidden, NotFound
from crm_core.recordings.tables import recordings
from crm_core.scoped_rows import OF_PEOPLE, call_of
from crm_core.users.tables import Role, users


class Right(StrEnum):
    """What a role may do, beyond what it may see."""

    WORK = "work"  # change the contacts, deals and tasks one sees
    LISTEN = "listen"  # hear recordings, read transcripts and their tags
    REVIEW = "review"  # mark a call reviewed, remark on it
    SEE_FIGURES = "see_figures"  # the live desk; whose figures, says the scope
    SEE_PEOPLE = "see_people"
    SEE_EXCHANGES = "see_exchanges"
    SETTINGS = "settings"  # people, exchanges, pipelines
    OVERRIDE = "override"  # set a gate aside, with a reason
    REASSIGN = "reassign"  # what belongs to others, in bulk
    MERGE = "merge"
    IMPORT = "import"
    EXPORT = "export"
    PLAN = "plan"  # set plans
    SEE_PERSONAL = "see_personal"  # fields marked as personal


class Noun(StrEnum):
    """The kinds of records that have a scope of their own."""

    CALLS = "calls"  # with their recordings and transcripts
    CONTACTS = "contacts"
    COMPANIES = "companies"
    DEALS = "deals"  # with their meetings
    TASKS = "tasks"
    FIGURES = "figures"  # what each person did, and how persons compare


class Scope(StrEnum):
    OWN = "own"
    TEAM = "team"  # of the people of one's team, and of the teams one leads
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Policy:
    scopes: Mapping[Noun, Scope]
    rights: frozenset[Right]


def _everywhere(scope: Scope) -> Mapping[Noun, Scope]:
    return dict.fromkeys(Noun, scope)


POLICY: dict[Role, Policy] = {
    Role.MANAGER: Policy(_everywhere(Scope.OWN), frozenset({Right.WORK, Right.LISTEN})),
    Role.HEAD: Policy(
        _everywhere(Scope.EVERYBODY),
        frozenset(
            {Right.WORK, Right.LISTEN, Right.REVIEW, Right.SEE_FIGURES, Right.SEE_PEOPLE, Right.SEE_EXCHANGES, Right.OVERRIDE,
             Right.REASSIGN, Right.MERGE, Right.IMPORT, Right.EXPORT, Right.PLAN, Right.SEE_PERSONAL}
        ),
    ),
    Role.QA: Policy(
        _everywhere(Scope.EVERYBODY), frozenset({Right.LISTEN, Right.REVIEW, Right.SEE_FIGURES, Right.SEE_PEOPLE})
    ),
    Role.ADMIN: Policy(
        _everywhere(Scope.EVERYBODY),
        frozenset({Right.SEE_FIGURES, Right.SEE_PEOPLE, Right.SEE_EXCHANGES, Right.SETTINGS, Right.REASSIGN}),
    ),
}  # fmt: skip

ALWAYS_OF_ADMINS = frozenset({Right.SETTINGS, Right.SEE_PEOPLE, Right.SEE_EXCHANGES})


def may_be_set(role: Role, right: Right) -> bool:
    """Settings are the administrators' alone and always theirs, so nobody can lock everybody out or raise himself.

    An administrator hears nothing by his role: that stays a personal grant (`users.may_listen`).
    """
    if role is Role.ADMIN:
        return right not in ALWAYS_OF_ADMINS and right is not Right.LISTEN
    return right is not Right.SETTINGS


@dataclass(frozen=True, slots=True)
class Access:
    """What the database says of a person: where his role differs from `POLICY`, and the people of his teams.

    `team` may lack himself. `own_figures`: his team looks at nobody's figures but one's own (R7).
    """

    scopes: frozenset[tuple[str, str]] = frozenset()
    rights: frozenset[tuple[str, bool]] = frozenset()
    team: frozenset[int] = frozenset()
    own_figures: bool = False


AS_USUAL = Access()


@lru_cache(1000)
def policy_of(role: Role, access: Access) -> Policy:
    """The usual policy with what was set otherwise; a row that says what may not be set, or nothing known, counts for nothing."""
    usual = POLICY[role]
    scopes = {Noun(noun): Scope(scope) for noun, scope in access.scopes if noun in set(Noun) and scope in set(Scope)}
    known = {Right(right): granted for right, granted in access.rights if right in set(Right)}
    lawful = {right: granted for right, granted in known.items() if may_be_set(role, right)}
    rights = {right for right in Right if lawful.get(right, right in usual.rights)}
    return Policy({**usual.scopes, **scopes}, frozenset(rights))


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as the database had it when he asked. `may_listen` is the grant an administrator needs to hear anything."""

    user_id: int
    role: Role
    name: str
    language: str | None = None
    may_listen: bool = False
    access: Access = AS_USUAL

    @property
    def policy(self) -> Policy:
        return POLICY[self.role] if self.access is AS_USUAL else policy_of(self.role, self.access)

    def may(self, right: Right) -> bool:
        return right in self.policy.rights or (right is Right.LISTEN and self.may_listen)

    def scope(self, noun: Noun | Table) -> Scope:
        """Whose records of this kind he sees; recordings go with their call, meetings with their deal."""
        asked = noun if isinstance(noun, Noun) else NOUN_OF[noun.name]
        if asked is Noun.FIGURES and self.access.own_figures:
            return Scope.OWN
        return self.policy.scopes[asked]

    def people(self, noun: Noun | Table) -> frozenset[int] | None:
        """Ids of those whose records of this kind he sees, himself among them; None: everybody's."""
        scope = self.scope(noun)
        if scope is Scope.EVERYBODY:
            return None
        return self.access.team | {self.user_id} if scope is Scope.TEAM else frozenset({self.user_id})


NOUN_OF = {noun.value: noun for noun in Noun} | {"recordings": Noun.CALLS, "meetings": Noun.DEALS}


def require(actor: Actor, right: Right) -> None:
    """Raises Forbidden if the actor lacks the right."""
    if not actor.may(right):
        raise Forbidden(right=right.value)


def may_give_to(actor: Actor) -> frozenset[int] | None:
    """Whom he may give a deal he sees; None: anybody. Who gives away nothing may still take what is nobody's."""
    return None if actor.may(Right.REASSIGN) else actor.people(Noun.DEALS)


def require_may_give(actor: Actor, owner_id: int | None) -> None:
    """Who sees everybody's deals gives them to anybody, others to those whose deals they see. Raises Forbidden."""
    takers = may_give_to(actor)
    if takers is not None and owner_id not in takers:
        raise Forbidden


def may_see_personal(actor: Actor, owner_id: int | None) -> bool:
    """Fields marked as personal are for those with the right, and for whoever the record belongs to."""
    return actor.may(Right.SEE_PERSONAL) or owner_id == actor.user_id


@lru_cache(2000)
def visible(actor: Actor, noun: Table) -> ColumnElement[bool]:
    """The one scoped condition: which rows of `noun` (in the FROM of the query it is put into) the actor may see.

    Kept, as every page asks for it: putting it together costs more than what the database does with it.
    """
    if noun is recordings:
        return exists().where(calls.c.id == recordings.c.call_id, hearable(actor)).correlate(recordings)
    if noun is users:
        return seen_people(actor)
    people = actor.people(noun)
    return true() if people is None else OF_PEOPLE[noun](noun, people)


def opens(actor: Actor, noun: Table, named: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the row of `noun` that a column names is the actor's to open: where a row he sees points to another record."""
    people = actor.people(noun)
    if people is None:
        return true()
    row = noun.alias()
    return exists().where(row.c.id == named, OF_PEOPLE[noun](row, people)).correlate_except(row)


def seen_people(actor: Actor) -> ColumnElement[bool]:
    """Which rows of `users`: who may see people sees all of them, others those whose figures they see."""
    people = None if actor.may(Right.SEE_PEOPLE) else actor.people(Noun.FIGURES)
    return true() if people is None else users.c.id.in_(sorted(people))


def hearable(actor: Actor) -> ColumnElement[bool]:
    """Which rows of `calls` the actor may hear and read: a call that only rang on his phone shows its card, not its words."""
    if not actor.may(Right.LISTEN):
        return false()
    people = actor.people(Noun.CALLS)
    return true() if people is None else call_of(calls, people)


async def require_visible(connection: AsyncConnection, actor: Actor, noun: Table, noun_id: int) -> None:
    """Raises NotFound alike for a row that is not there and one that is not the actor's to see."""
    if await connection.scalar(select(noun.c.id).where(noun.c.id == noun_id, visible(actor, noun))) is None:
        raise NotFound(noun=noun.name, id=noun_id)
