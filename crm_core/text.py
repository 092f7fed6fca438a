"""Text from outside, made fit to be stored."""


def clean(text: str, longest: int) -> str:
    """At most `longest` characters, without what a database refuses: NUL and halves of broken characters."""
    if text.isascii() and "\0" not in text:
        return text[:longest]
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "")[:longest]


def msgid(text: str) -> str:
    """A text of the pages, marked for their catalogue: English here, worded in the reader's language where it is shown."""
    return text
