"""Two people edit one card at once: what each of them changed is kept, and nobody overwrites what he has not seen. Pure."""

from collections.abc import Mapping
from typing import Any

from crm_core.errors import Conflict


def to_write(now: Any, new: Mapping[str, Any], seen: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What of `new` is to be written over the row (or mapping) `now`: only what differs.

    `seen`: what stood in the fields when the editor opened them. A field he left as it was stays as it is by now; raises
    Conflict with the fact `changed` {field: its value now} where he and somebody else changed the same field.
    """
    values = now if isinstance(now, Mapping) else now._mapping
    meant = {name: value for name, value in new.items() if seen is None or name not in seen or seen[name] != value}
    differing = {name: value for name, value in meant.items() if values.get(name) != value}
    overtaken = {name: values.get(name) for name in differing if seen and name in seen and seen[name] != values.get(name)}
    if overtaken:
        raise Conflict("Somebody changed this meanwhile", changed=overtaken, wanted={name: new[name] for name in overtaken})
    return differing
