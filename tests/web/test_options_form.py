"""What can be set is drawn as a form, and the form is read back as it was meant."""

import re
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.datastructures import FormData

from api.web.options_typed import fitted_options, option_wrong, typed_options
from api.web.render import look
from api.web.translations import texts_in
from crm_core.errors import Invalid
from crm_core.options import Option, OptionKind

CHOICES = (("phone", "By phone"), ("mail", "By mail"))
PICK = {"stage": ((4, "Встреча"), (5, "Отправка <КП>")), "fields": (("amount", "Сумма"), ("custom.7", "Цель"))}
OPTIONS = (
    Option("seconds", OptionKind.SECONDS, "Seconds", default=30, least=1),
    Option("within", OptionKind.MINUTES, "Within", default=60),
    Option("amount", OptionKind.MONEY, "Price of all"),
    Option("said", OptionKind.TEXT, "Said", required=True),
    Option("strict", OptionKind.YES_NO, "Strict", default=True),
    Option("by", OptionKind.CHOICE, "By", default="phone", choices=CHOICES),
    Option("stage", OptionKind.STAGE, "Stage"),
    Option("wanted", OptionKind.FIELDS, "Wanted"),
)
KEPT: dict[str, Any] = {"seconds": 45, "within": 2880,
                        "amount": 24_000_050, "said": '<b>"да"</b>', "strict": False, "by": "mail", "stage": 5,
                        "wanted": ["custom.7"]}  # fmt: skip


def drawn(values: dict[str, Any], prefix: str = "g0-") -> str:
    environment = look("ru", ZoneInfo("Europe/Moscow")).environment
    template = environment.from_string(
        '{% import "_options.html" as o with context %}{{ o.fields(options, values, pick, prefix) }}'
    )
    return template.render(options=OPTIONS, values=values, pick=PICK, prefix=prefix)


def sent(html: str) -> FormData:
    """What a browser would send of it."""
    pairs: list[tuple[str, str]] = []
    for tag in re.findall(r"<(?:input|select.*?</select)[^>]*>", html, re.DOTALL):
        name = re.search(r'name="([^"]+)"', tag)
        if name is None or ('type="checkbox"' in tag and " checked" not in tag):
            continue
        chosen = re.findall(r'<option value="([^"]*)" selected>', tag) if tag.startswith("<select") else None
        value = re.search(r'value="([^"]*)"', tag)
        pairs.append((name[1], unescape((chosen or [""])[0] if chosen is not None else value[1] if value else "")))
    return FormData(pairs)


def test_form_that_is_sent_as_it_was_drawn_changes_nothing() -> None:
    html = drawn(KEPT)

    assert fitted_options(OPTIONS, typed_options(OPTIONS, sent(html), "g0-")) == KEPT
    assert "<b>" not in html
    assert "Отправка &lt;КП&gt;" in html


def test_what_names_a_row_that_is_gone_is_shown_as_such_and_kept() -> None:
    html = drawn({**KEPT, "stage": 99, "wanted": ["custom.8"]})

    assert html.count("Больше нет: ") == 2
    assert typed_options(OPTIONS, sent(html), "g0-")["stage"] == "99"


def test_box_that_is_not_ticked_is_a_no_and_not_the_default() -> None:
    assert fitted_options(OPTIONS, {**KEPT, "amount": "240 000,50", "strict": "0"}) == KEPT


@pytest.mark.parametrize(
    ("typed", "says"),
    [({"said": ""}, "«Said» нужно заполнить."), ({"seconds": "0"}, "«Seconds»: слишком мало."),
     ({"amount": "много"}, "«Price of all» не удаётся прочесть."), ({"by": "pigeon"}, "«By»: такого выбора нет.")],
)  # fmt: skip
def test_refusal_names_the_field_in_the_readers_language(typed: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid) as refused:
        fitted_options(OPTIONS, {**KEPT, "amount": None, **typed})

    assert option_wrong(texts_in("ru"), OPTIONS, refused.value) == says
