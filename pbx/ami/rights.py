"""What a manager user may ask for: `ListCommands` names only that, with the classes of which one is enough."""

import re
from collections.abc import Mapping

from pbx.ami.protocol import Message

Commands = Mapping[str, frozenset[str]]
"""The classes of each command, of which one is enough; none where anybody may ask."""

_CLASSES = re.compile(r"\(Priv: ([^)]*)\)\s*$")
_NOBODYS = frozenset(["all", "<none>"])


def commands_in(answer: Message | None) -> Commands | None:
    """Of the answer to `ListCommands`; None where the exchange does not say."""
    if answer is None or answer.first("Response") != "Success":
        return None
    told = ((name, _CLASSES.search(about)) for name, about in answer.headers())
    return {name: frozenset(found[1].split(",")) - _NOBODYS for name, found in told if found}


def certain_classes(commands: Commands | None) -> frozenset[str] | None:
    """Classes he certainly has: of some command that he may ask for there is no other reason."""
    if commands is None:
        return None
    return frozenset(kind for classes in commands.values() if len(classes) == 1 for kind in classes)
