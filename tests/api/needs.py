"""What a route needs of whom, and the answer that follows from it."""

from dataclasses import dataclass, field
from typing import Any

from crm_core.access import POLICY, Right
from crm_core.users.tables import Role


@dataclass(frozen=True, slots=True)
class Needs:
    """`right`: what the role must have, or one of `rights`, else 403 (`hidden`: 404). `scoped`: a manager gets only what is his
    own, else 404. `or_owner`: without the right, whose it is may too.

    `ok` is the answer to whoever may; `public`: strangers get it too. `body` is sent as JSON, `form` as a form; words in
    braces are ids of the object asked about.
    """

    ok: int = 200
    right: Right | None = None
    rights: tuple[Right, ...] = ()
    scoped: bool = False
    hidden: bool = False
    public: bool = False
    or_owner: bool = False
    body: dict[str, Any] | None = None
    form: dict[str, str] = field(default_factory=dict)

    def status_for(self, role: Role, *, own: bool) -> int:
        """The expected answer, from the policy alone."""
        may_as_owner = self.or_owner and role is Role.MANAGER  # of what is not his own he gets 404
        if self.right is not None and not may_as_owner and POLICY[role].rights.isdisjoint({self.right, *self.rights}):
            return 404 if self.hidden else 403
        return 404 if self.scoped and role is Role.MANAGER and not own else self.ok

    def status_for_seen(self, role: Role) -> int:
        """Of a colleague's that the scope of the role shows."""
        return 403 if self.or_owner else self.status_for(role, own=True)
