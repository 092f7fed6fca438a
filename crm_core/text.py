"""Text from outside, made fit to be stored."""


def clean(text: str, longest: int) -> str:
    """At most `longest` characters, without what a database refuses: NUL and halves of broken characters."""
    if text.isascii() and "\0" not in text:
        return text[:longest]
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "")[:longest]
