"""What people type into a search field. Pure."""

import re

from crm_core.text import clean

LONGEST = 200


def words_of(search: str | None) -> str:
    """The text to look for, in lower case and fit for every database; empty: nothing is looked for."""
    return clean(search or "", LONGEST).strip().lower()


def digits_of(words: str) -> str | None:
    """A number, or a part of one, as people type it (`8 (916) 111-22`), in the form it is kept in; None if it is no number."""
    digits = re.sub(r"[\s()+\-.]", "", words)
    if not digits.isdecimal():
        return None
    return digits.removeprefix("8") if len(digits) == 11 else digits
