"""Text from outside, made fit to be stored, or read as a number."""

MOST_DIGITS = 15
"""Beyond any count or id. Python reads no number of thousands of digits: it raises an error of its own."""


def clean(text: str, longest: int) -> str:
    """At most `longest` characters, without what a database refuses: NUL and halves of broken characters."""
    if text.isascii() and "\0" not in text:
        return text[:longest]
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "")[:longest]


def one_line(text: str | None, longest: int) -> str:
    """Words with one space between them; empty where nothing was said."""
    return " ".join(clean(text or "", longest).split())


def whole_number(text: str) -> int | None:
    """`12` → 12; None for whatever is not digits alone."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None


def msgid(text: str) -> str:
    """A text of the pages, marked for their catalogue: English here, worded in the reader's language where it is shown."""
    return text
