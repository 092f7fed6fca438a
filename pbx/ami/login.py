"""Answers that only a connection gets that was let in: from then on we hear of calls."""


def is_let_in(raw: bytes) -> bool:
    """Of one message."""
    return raw.startswith(b"Response: Success") and b"\r\nMessage: Authentication accepted" in raw


def is_pong(raw: bytes) -> bool:
    """Of one message; it carries the exchange's time."""
    return raw.startswith(b"Response: Success") and b"\r\nPing: Pong" in raw


def lets_in(batch: bytes) -> bool:
    """Whether one of the messages of a batch does; the first may follow the greeting."""
    start = batch.find(b"\r\nMessage: Authentication accepted\r\n")
    return start >= 0 and b"Response: Success" in batch[batch.rfind(b"\r\n\r\n", 0, start) + 1 : start]
