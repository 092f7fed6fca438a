"""The menu beside every page: what a role finds there, with its small figures."""

from dataclasses import dataclass

from api.web.translations import Texts
from crm_core.access import Actor, Right
from crm_core.users.desk_queries import Badges
from crm_core.users.tables import Role


@dataclass(frozen=True, slots=True)
class Item:
    """`count_says`: what a screen reader adds to the figure; `hot`: somebody waits."""

    section: str
    href: str
    icon: str
    name: str
    count: int = 0
    count_says: str = ""
    hot: bool = False
    short: str | None = None


def menu(actor: Actor, counted: Badges, texts: Texts) -> list[Item]:
    """In the order of use; the first four are the phone's tab bar."""
    gettext = texts.gettext
    work = [
        Item("deals", "/deals", "layout-kanban", gettext("Deals"), counted.open_deals, gettext("open")),
        Item("calls", "/calls", "phone", gettext("Calls")),
        Item("missed", "/missed", "phone-x", gettext("Missed"), counted.missed, gettext("not called back"), hot=True),
        Item("contacts", "/contacts", "users", gettext("Contacts")),
        Item("tasks", "/tasks", "checkbox", gettext("Tasks"), counted.due_tasks, gettext("due today")),
    ]
    return [*_first(actor, texts), *work, *_settings(actor, texts)]


def _first(actor: Actor, texts: Texts) -> list[Item]:
    gettext = texts.gettext
    live = Item("live", "/live", "activity-heartbeat", gettext("On the line"))
    today = Item("today", "/today", "sun", gettext("Today"))
    if actor.role is Role.MANAGER:
        return [today]
    return [live, today] if actor.role is Role.HEAD else [live]


def _settings(actor: Actor, texts: Texts) -> list[Item]:
    gettext, pgettext = texts.gettext, texts.pgettext
    people = Item("people", "/people", "user-plus", gettext("People"))
    exchange = Item("exchange", "/exchange", "plug-connected", gettext("Exchange"))
    webhooks = Item("webhooks", "/webhooks", "webhook", gettext("Webhooks"))
    trust = Item("trust", "/trust", "eye-check", pgettext("menu", "Trust"))
    shown = [
        (Right.SEE_PEOPLE, people),
        (Right.SEE_EXCHANGES, exchange),
        (Right.SEE_EXCHANGES, trust),
        (Right.SETTINGS, webhooks),
    ]
    return [item for right, item in shown if actor.may(right)]


def first_page(actor: Actor) -> str:
    return "/today" if actor.role is Role.MANAGER else "/live"
