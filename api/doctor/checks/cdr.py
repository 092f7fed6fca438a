"""The exchange writes call records, at once, and with the linkedid by which they are put together."""

from collections.abc import Iterator

from api.doctor.config_folder import ConfigFolder
from api.doctor.findings import Finding, fault, fine, note, paste, say, unknown
from api.doctor.seen import ExchangeSeen

TITLE = say("Call records (CDR)")
ORDER = 100
FAULTS = ("cdr_off", "cdr_batch", "no_new_columns", "cdr_without_linkedid", "no_unanswered")
SEE = 'asterisk -rx "cdr show status"'
ENABLED = paste("cdr.conf", "[general]", "enable = yes", "unanswered = yes", "batch = no")
MAPPING = paste(
    "cdr_custom.conf", "[mappings]", "; the line of our deploy/asterisk/cdr_custom.conf: it has ${CSV_QUOTE(${CDR(linkedid)})}"
)


def look(seen: ExchangeSeen) -> Iterator[Finding]:
    told = seen.reader.settings.get("CoreCDRenabled")
    if told == "No":
        yield fault("cdr_off", say("The exchange keeps no call records: calls can be checked against nothing."), ENABLED, see=SEE)
    elif told == "Yes":
        yield fine("cdr_on", say("The exchange keeps call records."))
    else:
        yield unknown("cdr_unknown", say("Whether call records are kept could not be asked."), see=SEE)
    if seen.config is None:
        yield unknown(
            "cdr_ways_unknown", say("Whether records are held back (batch) and bear the linkedid, only its files tell."), see=SEE
        )
        return
    yield from _general(seen.config, told)
    yield from _columns(seen.config)


def _general(config: ConfigFolder, told: str | None) -> Iterator[Finding]:
    conf = config.read("cdr.conf")
    if conf is None:
        yield unknown("cdr_conf_unread", say("%(file)s cannot be read.", file="cdr.conf"), see=SEE)
        return
    general = conf.section("general")
    if told is None and not general.is_on("enable", usual=True):
        yield fault("cdr_off", say("The exchange keeps no call records: calls can be checked against nothing."), ENABLED, see=SEE)
    if general.is_on("batch", usual=False):
        text = say("Call records are held back (batch): they come late, and a crash loses them.")
        yield fault("cdr_batch", text, paste("cdr.conf", "[general](+)", "batch = no"), see=SEE)
    else:
        yield fine("cdr_at_once", say("Call records are written at once."))
    if not general.is_on("unanswered", usual=False):
        text = say("Calls nobody took leave no record.")
        yield note("no_unanswered", text, paste("cdr.conf", "[general](+)", "unanswered = yes"), see=SEE)


def _columns(config: ConfigFolder) -> Iterator[Finding]:
    odbc = config.read("cdr_odbc.conf")
    if odbc is not None and odbc.section("global").get("dsn"):
        if odbc.section("global").is_on("newcdrcolumns", usual=False):
            yield fine("new_columns", say("Records in the database bear the linkedid (newcdrcolumns)."))
        else:
            lines = paste("cdr_odbc.conf", "[global](+)", "newcdrcolumns = yes")
            yield fault("no_new_columns", say("Records in the database lack the linkedid (newcdrcolumns)."), lines)
    custom = config.read("cdr_custom.conf")
    mappings = [value for _, value in custom.section("mappings").every] if custom else []
    without = [value for value in mappings if "CDR(linkedid)" not in value]
    if without:
        yield fault("cdr_without_linkedid", say("Records written as CSV lack the linkedid."), MAPPING)
    elif mappings:
        yield fine("cdr_linkedid", say("Records written as CSV bear the linkedid."))
