"""Why a gap is not filled, or not wholly, and what to do: one line each, for the log and the Exchange page."""

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

NOTES = (NO_FILE, NOT_THERE, NOT_ALLOWED, NO_ANSWER, NOT_OURS, CUT, TOO_OLD, TOO_LATE, TOO_MANY, TROUBLE)
