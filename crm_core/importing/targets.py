"""What a column of a table may become: the fields of contacts, companies and deals, and how tables usually head them. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.fields.definitions import Field
from crm_core.fields.history import Noun
from crm_core.text import msgid


@dataclass(frozen=True, slots=True)
class Target:
    """`several`: columns may share it (three parts of a name, two telephones). `headings` as tables have them, folded.

    A field that a company added has its own words as `label`; the others' are worded by the catalogue.
    """

    name: str
    label: str
    headings: tuple[str, ...]
    several: bool = False
    field: Field | None = None


_EXTERNAL = Target(
    "external_id", msgid("Number in the other program"), ("id", "external id", "внешний id", "ид", "идентификатор", "код", "guid")
)
_NOTE = Target(
    "note", msgid("Note"), ("note", "notes", "comment", "comments", "примечание", "примечания", "комментарий", "заметка"), True
)
_OWNER = Target(
    "owner", msgid("Responsible"), ("owner", "responsible", "manager", "ответственный", "менеджер", "ответственный сотрудник")
)
_NAME = ("name", "full name", "contact", "first name", "last name", "middle name", "имя", "фио", "ф и о", "фамилия", "отчество",
         "контакт", "контактное лицо", "имя контакта", "полное имя")  # fmt: skip
_NUMBER = ("phone", "mobile", "tel", "telephone", "number", "numbers", "phone number", "work phone", "mobile phone", "телефон",
           "мобильный", "моб", "номер", "номера", "номер телефона", "рабочий телефон", "мобильный телефон", "тел", "сотовый",
           "телефон контакта")  # fmt: skip
_MAIL = ("email", "e mail", "mail", "почта", "эл почта", "электронная почта", "e mail адрес", "адрес электронной почты")
_FIRM = ("company", "organization", "organisation", "firm", "компания", "организация", "фирма", "название компании", "клиент")
_INN = ("inn", "инн", "tax id", "инн компании")

TARGETS: Mapping[Noun, tuple[Target, ...]] = {
    Noun.CONTACT: (
        Target("name", msgid("Name"), _NAME, several=True),
        Target("number", msgid("Number"), _NUMBER, several=True),
        Target("email", msgid("E-mail"), _MAIL),
        Target("position", msgid("Position"), ("position", "job title", "должность")),
        Target("company", msgid("Company"), _FIRM),
        Target("inn", msgid("INN of the company"), _INN),
        _OWNER,
        _NOTE,
        _EXTERNAL,
    ),
    Noun.COMPANY: (
        Target("name", msgid("Company"), (*_FIRM, "name", "название", "наименование")),
        Target("inn", msgid("INN"), _INN),
        Target("phone", msgid("Telephone"), _NUMBER),
        Target("email", msgid("E-mail"), _MAIL),
        Target("site", msgid("Site"), ("site", "website", "web", "url", "сайт", "веб сайт")),
        Target("address", msgid("Address"), ("address", "адрес", "юридический адрес", "фактический адрес")),
        _OWNER,
        _NOTE,
        _EXTERNAL,
    ),
    Noun.DEAL: (
        Target("title", msgid("Title"), ("title", "deal", "name", "subject", "сделка", "название", "название сделки", "тема")),
        Target("amount", msgid("Amount"), ("amount", "budget", "price", "sum", "сумма", "бюджет", "стоимость", "цена")),
        Target("contact.name", msgid("Name of the contact"), _NAME, several=True),
        Target("contact.number", msgid("Number of the contact"), _NUMBER, several=True),
        Target("contact.email", msgid("E-mail of the contact"), _MAIL),
        Target("company", msgid("Company"), _FIRM),
        Target("pipeline", msgid("Pipeline"), ("pipeline", "воронка")),
        Target("stage", msgid("Stage"), ("stage", "status", "этап", "этап сделки", "стадия", "статус")),
        Target("work_type", msgid("Work type"), ("work type", "вид работ", "тип работ", "услуга")),
        Target("source", msgid("Source"), ("source", "источник", "канал")),
        _OWNER,
        _EXTERNAL,
    ),
}

_WORD = re.compile(r"[^\W_]+")


def targets(noun: Noun, fields: Sequence[Field]) -> tuple[Target, ...]:
    """All that a column may become, the company's own fields last."""
    own = (Target(field.key, field.name, (folded(field.name),), field=field) for field in fields)
    return (*TARGETS[noun], *own)


def guessed(noun: Noun, fields: Sequence[Field], heading: Sequence[str]) -> dict[int, str]:
    """{column, from 0: target}, by the words of the heading; what is not recognised is left to the person who imports.

    A field that the company added itself wins over our own words for the same heading.
    """
    known = targets(noun, fields)
    by_heading: dict[str, Target] = {}
    for target in known:
        for words in target.headings:
            if target.field is not None or words not in by_heading:
                by_heading[words] = target
    mapping: dict[int, str] = {}
    for column, words in enumerate(heading):
        found = by_heading.get(folded(words)) or by_heading.get(re.sub(r" ?\d+$", "", folded(words)))
        if found is not None and (found.several or found.name not in mapping.values()):
            mapping[column] = found.name
    return mapping


def folded(words: str) -> str:
    """Without case, signs and ё, so that «E-mail:» is `e mail`."""
    return " ".join(_WORD.findall(words.casefold().replace("ё", "е")))
