"""A flavour whose reader has a fault: it stumbles over the end of a talk."""

from pbx.channel_events import ChannelEvent
from pbx.dialects.asterisk import AsteriskDialect


class StumblingDialect(AsteriskDialect):
    name = "stumbling"

    def read_raw(self, raw: bytes, at: float) -> tuple[ChannelEvent, ...]:
        if raw.startswith(b"Event: BridgeLeave"):
            raise ValueError("what a reader never expected")
        return super().read_raw(raw, at)


DIALECT = StumblingDialect()
