"""What can go wrong with speech; each says in one line what to do."""

from crm_core.errors import FirstringError


class NoSpeechModel(FirstringError):
    """There is no speech model: run `firstring models fetch`."""


class ModelNotFetched(FirstringError):
    """The speech model could not be fetched: run `firstring models fetch` again when the network is there."""


class ModelDamaged(FirstringError):
    """The speech model's files are not the expected ones: run `firstring models fetch` again."""


class AudioUnreadable(FirstringError):
    """The recording holds no sound that can be decoded."""
