"""What can be set, one line each: the page of settings, the menu and the way back from every page of them read it here."""

from dataclasses import dataclass

from api.web.translations import Texts
from crm_core.access import Actor, Right


@dataclass(frozen=True, slots=True)
class Section:
    """`section`: what its pages call themselves; `right`: without it, it is not shown; `line`: what is set there."""

    section: str
    href: str
    icon: str
    right: Right
    name: str
    line: str


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    sections: tuple[Section, ...]


def settings_groups(actor: Actor, texts: Texts) -> list[Group]:
    """What the actor may look at or set, in groups; a group without any is left out."""
    of_all = (*_sales(texts), *_data(texts), *_house(texts))
    seen = [Group(group.name, tuple(one for one in group.sections if actor.may(one.right))) for group in of_all]
    return [group for group in seen if group.sections]


def is_setting(section: str, texts: Texts) -> bool:
    """Whether a page that calls itself so belongs to the settings."""
    return section == "settings" or any(
        one.section == section for group in (*_sales(texts), *_data(texts), *_house(texts)) for one in group.sections
    )


def _sales(texts: Texts) -> tuple[Group, ...]:
    """How deals are led: pipelines and what runs on them."""
    gettext = texts.gettext
    pipelines = Section(
        "pipelines", "/pipelines", "filter", Right.SEE_FIGURES, gettext("Pipelines"),
        gettext("Stages, what each asks for, and what a manager is told on it"),
    )  # fmt: skip
    loss_reasons = Section(
        "loss_reasons", "/loss-reasons", "ban", Right.SEE_FIGURES, gettext("Loss reasons"),
        gettext("Why deals are lost, reasoned and unreasoned"),
    )  # fmt: skip
    automations = Section(
        "automations", "/automations", "bolt", Right.SETTINGS, gettext("Automations"),
        gettext("What runs by itself when deals move, calls end and time passes"),
    )  # fmt: skip
    lead_rules = Section(
        "lead_rules", "/lead-rules", "git-branch", Right.SETTINGS, gettext("Lead rules"),
        gettext("Where a first call or request begins, and whose it is; working hours"),
    )  # fmt: skip
    request_forms = Section(
        "request_forms", "/request-forms", "mail", Right.SETTINGS, gettext("Request forms"),
        gettext("Forms of your site whose requests become deals"),
    )  # fmt: skip
    sections = (pipelines, lead_rules, request_forms, automations, loss_reasons)
    return (Group(gettext("How deals are led"), sections),)


def _data(texts: Texts) -> tuple[Group, ...]:
    """What stands on the cards: fields, work types, products, imports."""
    gettext = texts.gettext
    duplicates = Section(
        "duplicates", "/duplicates", "copy-check", Right.MERGE, gettext("Duplicates"),
        gettext("Contacts and companies that may be one and the same"),
    )  # fmt: skip
    fields = Section(
        "fields", "/fields", "forms", Right.SETTINGS, gettext("Fields"),
        gettext("What you want to know of deals, contacts and companies"),
    )  # fmt: skip
    work_types = Section(
        "work_types", "/work-types", "briefcase", Right.SETTINGS, gettext("Work types"),
        gettext("What kinds of work are sold, and what they usually bring"),
    )  # fmt: skip
    products = Section(
        "products", "/products", "package", Right.SETTINGS, gettext("Products"), gettext("The price list, in groups"),
    )  # fmt: skip
    imports = Section(
        "imports", "/imports", "file-import", Right.IMPORT, gettext("Import"),
        gettext("Tables of other programs become contacts, companies and deals"),
    )  # fmt: skip
    return (Group(gettext("What stands on the cards"), (fields, work_types, products, imports, duplicates)),)


def _house(texts: Texts) -> tuple[Group, ...]:
    gettext, pgettext = texts.gettext, texts.pgettext
    people = Section(
        "people", "/people", "user-plus", Right.SEE_PEOPLE, gettext("People"),
        gettext("Who works here, in which role and at which phone"),
    )  # fmt: skip
    access = Section(
        "access", "/teams", "users-group", Right.SEE_PEOPLE, gettext("Teams and access"),
        gettext("Who works with whom, what each role sees and may do, and what one person would see"),
    )  # fmt: skip
    exchange = Section(
        "exchange", "/exchange", "plug-connected", Right.SEE_EXCHANGES, gettext("Exchange"),
        gettext("Where calls come from, and whether they are heard now"),
    )  # fmt: skip
    trust = Section(
        "trust", "/trust", "eye-check", Right.SEE_EXCHANGES, pgettext("menu", "Trust"),
        gettext("Whether our calls agree with the exchange's own records"),
    )  # fmt: skip
    webhooks = Section(
        "webhooks", "/webhooks", "webhook", Right.SETTINGS, gettext("Webhooks"), gettext("Other programs that are told of calls")
    )
    return (
        Group(gettext("People and access"), (people, access)),
        Group(gettext("Telephony"), (exchange, trust)),
        Group(gettext("Other programs"), (webhooks,)),
    )
