"""What can be wrong with the connection to an exchange, and what to do: one line each, for the log and the Exchange page."""

NO_SUCH_HOST = "This host name is not known. Correct the address of the exchange."
NOBODY_ANSWERS = "Nobody answers at this address. Is the exchange running, its manager enabled and the port open to us?"
NO_MANAGER = "What answers at this address is no Asterisk manager. Correct the port (5038, with TLS 5039)."
UNTRUSTED = "The certificate of the exchange is not trusted. Add the authority that signed it to this machine's trusted ones."
OTHER_NAME = (
    "The certificate of the exchange is for another name. Connect by the name it was made for, or give it one for this name."
)
NO_CA_FILE = "The file of authorities for this exchange holds no certificate that can be read. Correct the file or its name."
NO_TLS = "The exchange does not speak TLS on this port. Correct the port, or use the address without TLS."
WRONG_SECRET = "The exchange refuses this user or secret. Compare both with its manager.conf, then correct them here."  # noqa: S105
NO_SECRET_FILE = "The file with the secret of this user cannot be read. Put the secret alone into it, readable for Firstring."  # noqa: S105
NO_CHALLENGE = "The exchange offers no MD5 login, and without TLS the secret is not sent in the clear. Use its TLS port."
MAY_NOT_ASK = "The manager user may not ask which calls are up. Add reporting to its write line in manager.conf."
FELL_SILENT = "The exchange fell silent."
NO_ROOM = "What the exchange says can be kept nowhere: the database does not take it and the disk is full. Free some space."
CLOSED = "The exchange closed the connection."
NOTES = (NO_SUCH_HOST, NOBODY_ANSWERS, NO_MANAGER, UNTRUSTED, OTHER_NAME, NO_CA_FILE, NO_TLS, WRONG_SECRET, NO_SECRET_FILE,
         NO_CHALLENGE, MAY_NOT_ASK, FELL_SILENT, NO_ROOM, CLOSED)  # fmt: skip
"""All that a report may note, for whoever translates them."""
