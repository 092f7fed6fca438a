"""What came from an exchange, as it came. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes of one connection as they came; `offset` counts from its first byte, `received_at` is epoch seconds.

    Records of the exchange come the same way; `whole` is False where they do not tell all of the gap they were read for.
    """

    connection: str
    offset: int
    received_at: float
    data: bytes
    whole: bool = True
