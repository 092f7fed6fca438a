"""Why records are not read, or not wholly, and what to do: one line each, for the log and the Exchange page."""

from crm_core.errors import FirstringError


class OutOfReach(FirstringError):
    """The exchange's records cannot be read now."""


NO_FILE = "No file of its records is set: what happened meanwhile cannot be told."
NOT_THERE = "There is no such file of records. Is the folder mounted, and is CEL switched on?"
NOT_ALLOWED = "The file of records may not be read. Put our user into the group that owns it."
NO_ANSWER = "The file of records does not answer. Is its server up?"
NOT_OURS = "The file holds no records in our form. Use our cel_custom.conf."
CUT = "A rotated file of records is damaged."
TOO_OLD = "Longer ago than records are read back for."
TOO_LATE = "The records begin only after the gap did; what they tell was used."
TOO_MANY = "More records than are read for one gap; the first were used."
TROUBLE = "The file of records could not be read."
NO_SERVER = "The database of records does not answer. Is it up, and may this machine connect to it?"
NO_LOGIN = "The database of records does not let us in. Look at the user and the password."
NO_TABLE = "There is no such table of records in that database, or it has not the columns of one."
NO_RIGHT = "The table of records may not be read. Grant SELECT on it to our user."
NO_DRIVER = "What reads such a database is not installed: install requirements/servers.txt in Firstring's folder."
NO_SOURCE = "Where the exchange keeps such records is not set."
CALLS_ONLY = "There is no CEL: what CDR tell of calls was used, and their legs are not known."

NOTES = (
    NO_FILE, NOT_THERE, NOT_ALLOWED, NO_ANSWER, NOT_OURS, CUT, TOO_OLD, TOO_LATE, TOO_MANY, TROUBLE, NO_SERVER, NO_LOGIN,
    NO_TABLE, NO_RIGHT, NO_DRIVER, NO_SOURCE, CALLS_ONLY,
)  # fmt: skip
