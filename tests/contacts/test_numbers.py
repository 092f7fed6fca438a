"""How numbers are read: one customer however he is spelt, never a short extension."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.contacts.numbers import NumberKind, read_number


@pytest.mark.parametrize(
    "raw", ["+79161112233", "89161112233", "79161112233", "9161112233", "8 (916) 111-22-33", " +7 916 111 22 33 "]
)
def test_spellings_of_one_number_are_one_customer(raw: str) -> None:
    number = read_number(raw, "RU")

    assert number.kind is NumberKind.INTERNATIONAL
    assert number.e164 == number.shown == "79161112233"
    assert number.raw == raw.strip()


@pytest.mark.parametrize("raw", ["10", "101", "4021", "12345", "123456"])
def test_short_numbers_are_extensions_and_match_no_customer(raw: str) -> None:
    number = read_number(raw, "RU")

    assert number.kind is NumberKind.EXTENSION
    assert (number.e164, number.extension, number.shown) == (None, raw, raw)


@pytest.mark.parametrize(
    "raw",
    [None, "", "anonymous", "Anonymous", "anonymous@anonymous.invalid", "Anonymous <anonymous>", "<unknown>", "unknown",
     "Restricted", "private", "Private number", "No number", "-", "Скрыт", "Номер скрыт", "\0"],
)  # fmt: skip
def test_withheld_numbers_are_nobody(raw: str | None) -> None:
    number = read_number(raw, "RU")

    assert number.kind is NumberKind.WITHHELD
    assert (number.e164, number.extension, number.shown) == (None, None, None)


@pytest.mark.parametrize("raw", ["ivan.petrov", "989265556677", "1234567", "*97", "+", "7", "s", "<script>", "٠١٢٣"])
def test_what_cannot_be_understood_is_shown_as_received(raw: str) -> None:
    number = read_number(raw, "RU")

    assert number.kind is NumberKind.UNINTELLIGIBLE
    assert (number.e164, number.shown) == (None, raw)


def test_numbers_abroad_are_understood_with_their_prefix() -> None:
    assert read_number("+493012345678", "RU").e164 == "493012345678"
    assert read_number("810493012345678", "RU").e164 == "493012345678"
    assert read_number("030 12345678", "DE").e164 == "493012345678"


def test_an_unknown_region_understands_international_spelling_only() -> None:
    assert read_number("+79161112233", "ZZ").e164 == "79161112233"
    assert read_number("89161112233", "ZZ").e164 is None


@pytest.mark.parametrize("parameters", [";cpc-rus=1", ";phone-context=+7;isub=2", ";npdi;rn=+74950000000", ";x=" + "y" * 100])
def test_parameters_of_an_address_are_not_part_of_its_number(parameters: str) -> None:
    assert read_number(f"+79161112233{parameters}", "RU").e164 == "79161112233"
    assert read_number(f"101{parameters}", "RU").extension == "101"
    assert read_number(f"anonymous{parameters}", "RU").kind is NumberKind.WITHHELD
    assert read_number(f"ivan{parameters}"[:80], "RU").shown == f"ivan{parameters}"[:80]


@pytest.mark.parametrize("raw", ["89161112233;89035550000", "89161112233; 89035550000", "89161112233; work=1"])
def test_of_two_numbers_in_one_none_is_dropped(raw: str) -> None:
    assert read_number(raw, "RU").kind is NumberKind.UNINTELLIGIBLE


@given(st.text(max_size=100))
def test_any_text_can_be_read(raw: str) -> None:
    number = read_number(raw, "RU")

    assert number.raw.isprintable()
    assert number.shown is None or len(number.shown) <= 80
    assert number.e164 is None or number.e164.isdecimal()
