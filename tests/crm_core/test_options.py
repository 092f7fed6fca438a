"""What can be set: each kind of option takes what a form or a program sends, and names what it refuses."""

from typing import Any

import pytest

from crm_core.errors import Invalid
from crm_core.options import Option, OptionKind, fitted


def option(kind: OptionKind, **more: Any) -> Option:
    return Option("it", kind, "It", **more)


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        (OptionKind.NUMBER, "2,5", 2.5),
        (OptionKind.NUMBER, "3", 3),
        (OptionKind.MINUTES, "30", 30),
        (OptionKind.MONEY, 5_000_000, 5_000_000),
        (OptionKind.TEXT, "  Call  ", "Call"),
        (OptionKind.YES_NO, "on", True),
        (OptionKind.YES_NO, False, False),
        (OptionKind.STAGE, "7", 7),
        (OptionKind.FIELDS, ["amount", "custom.3"], ["amount", "custom.3"]),
        (OptionKind.FIELDS, "amount", ["amount"]),
        (OptionKind.TEXT, "a\0b", "ab"),
    ],
)
def test_each_kind_is_kept_in_its_own_type(kind: OptionKind, raw: Any, kept: Any) -> None:
    assert fitted([option(kind)], {"it": raw}) == {"it": kept}


@pytest.mark.parametrize(
    ("kind", "raw", "why"),
    [
        (OptionKind.NUMBER, "many", "kind"),
        (OptionKind.NUMBER, "nan", "kind"),
        (OptionKind.NUMBER, True, "kind"),
        (OptionKind.MINUTES, "-1", "least"),
        (OptionKind.MINUTES, "1.5", "kind"),
        (OptionKind.MONEY, 10**16, "most"),
        (OptionKind.TEXT, "x" * 301, "most"),
        (OptionKind.TEXT, ["x"], "kind"),
        (OptionKind.STAGE, "0", "kind"),
        (OptionKind.STAGE, 10**12, "kind"),
        (OptionKind.YES_NO, "maybe", "kind"),
        (OptionKind.CHOICE, "c", "choice"),
        (OptionKind.CHOICES, ["a", "c"], "choice"),
        (OptionKind.FIELDS, {"a": 1}, "kind"),
    ],
)
def test_what_cannot_be_is_refused_by_name(kind: OptionKind, raw: Any, why: str) -> None:
    with pytest.raises(Invalid) as error:
        fitted([option(kind, choices=(("a", "A"), ("b", "B")))], {"it": raw})

    assert error.value.facts == {"option": "it", "why": why}


def test_what_is_not_given_has_its_default_and_what_is_required_must_be_given() -> None:
    assert fitted([option(OptionKind.MINUTES, default=15), Option("b", OptionKind.TEXT, "B")], {}) == {"it": 15, "b": None}
    assert fitted([option(OptionKind.MINUTES, default=15)], {"it": ""}) == {"it": 15}

    with pytest.raises(Invalid) as error:
        fitted([option(OptionKind.STAGE, required=True)], {"it": ""})
    assert error.value.facts == {"option": "it", "why": "required"}


def test_bounds_hold_and_an_unknown_name_is_refused() -> None:
    with pytest.raises(Invalid) as error:
        fitted([option(OptionKind.NUMBER, least=1, most=5)], {"it": 6})
    assert error.value.facts["why"] == "most"

    with pytest.raises(Invalid) as error:
        fitted([option(OptionKind.NUMBER)], {"that": 6})
    assert error.value.facts == {"option": "that", "why": "unknown"}
