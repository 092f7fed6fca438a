"""What is to be done gets done."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, note, say, unknown
from api.doctor.seen import HouseSeen

TITLE = say("Queue of jobs")
ORDER = 30
FAULTS = ("jobs_stuck", "jobs_parked")
LONGEST = 900.0  # seconds a job may be due


def look(seen: HouseSeen) -> Iterator[Finding]:
    if seen.database_trouble is not None or seen.revision != seen.newest_revision:
        yield unknown("jobs_unknown", say("The queue of jobs cannot be read before the database is well."))
        return
    if seen.oldest_due_seconds > LONGEST:
        text = say("%(count)s jobs wait, the oldest for %(minutes)s minutes: does the product run, with its worker?",
                   count=seen.jobs_due, minutes=int(seen.oldest_due_seconds // 60))  # fmt: skip
        yield fault("jobs_stuck", text, see="firstring serve")
    else:
        yield fine("jobs", say("No job waits for long."))
    if seen.jobs_parked:
        kinds = ", ".join(f"{kind}: {count}" for kind, count in sorted(seen.jobs_parked.items()))
        text = say("Given up until something changes: %(kinds)s. The last said: %(why)s", kinds=kinds, why=seen.parked_why or "-")
        yield note("jobs_parked", text)
