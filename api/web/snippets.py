"""What the admin of an exchange pastes: the very files of deploy/asterisk/, which the tests run a real Asterisk with."""

from dataclasses import dataclass
from pathlib import Path

from api.web.translations import Texts

DEPLOY = Path(__file__).parents[2] / "deploy" / "asterisk"


@dataclass(frozen=True, slots=True)
class Snippet:
    """`path`: where it goes on the exchange."""

    title: str
    about: str
    path: str
    text: str


def snippets(texts: Texts) -> list[Snippet]:
    """Read each time: the admin may have changed them. Those that are missing are left out."""
    gettext = texts.gettext
    wanted = [
        ("manager.d/firstring.conf", gettext("AMI users"), gettext("One reads calls and changes nothing, one may only dial.")),
        ("firstring_recording.conf", gettext("Recording"), gettext("Both sides of a talk, named by nothing a caller sent.")),
        ("cel.conf", gettext("Event log: what is written"), gettext("Fills the gaps when the connection was down.")),
        ("cel_custom.conf", gettext("Event log: how a line is written"),
         gettext("Into the file that is named here as its event log.")),
    ]  # fmt: skip
    found = [(DEPLOY / name, title, about) for name, title, about in wanted]
    return [
        Snippet(title, about, f"/etc/asterisk/{file.relative_to(DEPLOY)}", file.read_text("utf-8"))
        for file, title, about in found if file.is_file()
    ]  # fmt: skip
