"""The engine that hears nothing, and says why; the twin of the real one where there are no weights."""

from crm_core.transcripts.speech import Transcription
from transcribe.engine import Heard, Sides, say_nothing
from transcribe.errors import NoSpeechModel


class NullEngine:
    """Stands where the weights or the library are missing. `why` is one line saying what to do."""

    model = "none"

    def __init__(self, why: str | None = None) -> None:
        self.why = NoSpeechModel(why).say

    def transcribe(self, sides: Sides, language: str | None, heard: Heard = say_nothing) -> Transcription:
        raise NoSpeechModel(self.why)
