"""One tree of errors. The docstring of a class is its message in logs, attributes are the facts; pages word it translated."""


class FirstringError(Exception):
    """Something the product itself has to say."""

    def __init__(self, say: str | None = None, **facts: object) -> None:
        self.say = say or (type(self).__doc__ or "").strip()
        self.facts = facts
        super().__init__(self.say)


class SettingsError(FirstringError):
    """A setting is missing or wrong."""


class NotFound(FirstringError):
    """There is no such record, or it is not yours to see."""


class Forbidden(FirstringError):
    """Your role does not allow this."""


class Conflict(FirstringError):
    """Somebody was first, or a rule of the funnel forbids it."""


class Invalid(FirstringError):
    """What was sent cannot be understood."""


class FilesUnavailable(FirstringError):
    """The store of recordings does not answer."""
