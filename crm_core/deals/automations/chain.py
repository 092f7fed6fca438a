"""Which automations moved a deal to where it is now, one after another: so two of them cannot chase each other for ever."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chain:
    """Ids of the automations whose moves led here, oldest first. A move by a person begins a new one."""

    rules: tuple[int, ...] = ()

    @property
    def rule_id(self) -> int | None:
        """The automation that moves the deal just now; None: a person does, or a call."""
        return self.rules[-1] if self.rules else None

    def has(self, rule_id: int) -> bool:
        return rule_id in self.rules

    def then(self, rule_id: int) -> "Chain":
        return Chain((*self.rules, rule_id))


NO_CHAIN = Chain()
