"""The speech model is there."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, say, unknown
from api.doctor.seen import HouseSeen

TITLE = say("Speech model")
ORDER = 40
FAULTS = ("no_model",)


def look(seen: HouseSeen) -> Iterator[Finding]:
    if seen.has_model is None:
        yield unknown("model_unknown", say("Whether the speech model is there could not be seen."), see="firstring models list")
    elif seen.has_model:
        yield fine("model", say("The speech model %(model)s is there.", model=seen.model))
    else:
        text = say("The speech model %(model)s is missing: calls get no transcript.", model=seen.model)
        yield fault("no_model", text, see="firstring models fetch")
