"""What can go wrong between an announced recording and a stored one."""

from crm_core.errors import FirstringError


class RecordingsFolderUnusable(FirstringError):
    """The recordings folder of the exchange is missing, is not a folder or may not be read."""


class RecordingNotFound(FirstringError):
    """The exchange announced a recording that is not on disk."""


class RecordingUnreadable(FirstringError):
    """A recording is on disk, but it cannot be opened or is not sound."""


class RecordingChanged(FirstringError):
    """A recording changed while it was being taken."""
