"""The menu beside every page: what a role finds there, with its small figures."""

from dataclasses import dataclass

from api.web.settings_sections import settings_groups
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
        Item("deals", "/board", "layout-kanban", gettext("Deals"), counted.open_deals, gettext("open")),
        Item("calls", "/calls", "phone", gettext("Calls")),
        Item("missed", "/missed", "phone-x", gettext("Missed"), counted.missed, gettext("not called back"), hot=True),
        Item("requests", "/requests", "mail", gettext("Requests")),
        Item("contacts", "/contacts", "users", gettext("Contacts")),
        Item("tasks", "/tasks", "checkbox", gettext("Tasks"), counted.due_tasks, gettext("due today")),
    ]
    late = [Item("late", "/late", "hourglass", gettext("Overdue"))] if actor.may(Right.SEE_FIGURES) else []
    return [*_first(actor, texts), *work, *_reports(texts), *late, *_settings(actor, texts)]


def _reports(texts: Texts) -> list[Item]:
    """For everybody: whose figures one sees, says the scope (R7, R8)."""
    gettext = texts.gettext
    return [Item("plan", "/plan", "chart-bar", gettext("Plan and fact")), Item("leaks", "/leaks", "filter", gettext("Leaks"))]


def _first(actor: Actor, texts: Texts) -> list[Item]:
    gettext = texts.gettext
    live = Item("live", "/live", "activity-heartbeat", gettext("On the line"))
    today = Item("today", "/today", "sun", gettext("Today"))
    if actor.role is Role.MANAGER:
        return [today]
    return [live, today] if actor.role is Role.HEAD else [live]


def _settings(actor: Actor, texts: Texts) -> list[Item]:
    """One line for all that can be set, where there is anything to look at."""
    shown = settings_groups(actor, texts)
    return [Item("settings", "/settings", "settings", texts.gettext("Settings"))] if shown else []


def first_page(actor: Actor) -> str:
    return "/today" if actor.role is Role.MANAGER else "/live"
