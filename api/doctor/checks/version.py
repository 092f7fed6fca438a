"""The exchange's version has no hole that is known, and is still mended."""

from collections.abc import Iterator

from api.doctor.findings import Finding, fault, fine, note, say, unknown
from api.doctor.holes import AS_OF, END_OF_LIFE, holes_of, version_of
from api.doctor.seen import ExchangeSeen

TITLE = say("Version")
ORDER = 30
FAULTS = ("known_holes", "end_of_life", "version_unknown", "holes_perhaps_mended")


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    version = version_of(seen.reader.version or "")
    if version is None:
        yield unknown("version_unknown", say("The version could not be asked for."), see='asterisk -rx "core show version"')
        return
    told = seen.reader.version
    open_holes = holes_of(version)
    names = ", ".join(hole.cve for hole in open_holes)
    if not open_holes:
        yield fine("no_known_hole", say("Asterisk %(version)s has no hole of our table of %(day)s.", version=told, day=AS_OF))
    elif version.is_somebodys:
        text = say("By its number Asterisk %(version)s has holes its distribution may have mended: %(holes)s. Table of %(day)s.",
                   version=told, holes=names, day=AS_OF)  # fmt: skip
        yield unknown("holes_perhaps_mended", text, see="apt changelog asterisk | grep CVE")
    else:
        text = say("Asterisk %(version)s has known holes: %(holes)s. Bring it up to date. Table of %(day)s.",
                   version=told, holes=names, day=AS_OF)  # fmt: skip
        yield fault("known_holes", text)
    ended = END_OF_LIFE.get(version.branch)
    if ended is not None and ended <= AS_OF:
        yield note("end_of_life", say("Asterisk %(branch)s is no longer mended since %(day)s.", branch=version.branch, day=ended))
