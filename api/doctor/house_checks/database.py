"""The database answers and has the tables of this version."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, note, say
from api.doctor.seen import HouseSeen

TITLE = say("Database")
ORDER = 20
FAULTS = ("database_out_of_reach", "not_migrated", "nobody")


def look(seen: HouseSeen) -> Iterator[Finding]:
    if seen.database_trouble is not None:
        text = say("The database does not answer (%(why)s).", why=seen.database_trouble)
        yield fault("database_out_of_reach", text, see="firstring db upgrade")
        return
    if seen.revision != seen.newest_revision:
        text = say("The database has the tables of %(revision)s, this version wants %(newest)s.",
                   revision=seen.revision or "-", newest=seen.newest_revision)  # fmt: skip
        yield fault("not_migrated", text, see="firstring db upgrade")
        return
    yield fine("database", say("The database answers and has the tables of this version."))
    if not seen.users:
        yield note("nobody", say("There is no user yet."), see="firstring user add EMAIL --role admin")
