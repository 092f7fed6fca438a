"""The exchange's clock agrees with ours."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Clock")
ORDER = 120
FAULTS = ("clock_skewed",)
MOST = 2.0  # seconds


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    clock = seen.reader.clock
    if clock is None:
        yield unknown("clock_unknown", say("The exchange's time could not be asked."), see="timedatectl")
        return
    ahead = f"{clock.ahead:+.1f}"
    if abs(clock.ahead) - clock.give_or_take <= MOST:
        yield fine(
            "clock", say("The exchange's clock and ours agree within %(seconds)s s.", seconds=f"{max(abs(clock.ahead), 0.1):.1f}")
        )
        return
    text = say(
        "The exchange's clock is %(seconds)s s off ours: calls would stand at wrong times. Set both by NTP.", seconds=ahead
    )
    yield fault("clock_skewed", text, see="timedatectl set-ntp true")
