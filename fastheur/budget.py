"""What a run may take and what it has taken, in steps, time, tokens and money; whichever is spent first ends it."""

from dataclasses import asdict, dataclass
from typing import Any

from fastheur.errors import ConfigError, whole


@dataclass(frozen=True)
class Budget:
    """Limits of a run.

    Attributes:
        env_steps: of everything but sealed reads. model_steps: likewise, of policies that plan; None for no limit. No batch
            is begun once they are used up, so at most one goes beyond, and all that it took is charged.
        wall_s: seconds that a supervisor works on it, over all sessions.
        tokens, money: of language models, money in US dollars; None for no limit.
        must_use: the run goes on until the env steps are spent, whatever the agent says.
    """

    env_steps: int
    wall_s: float | None = None
    tokens: int | None = None
    money: float | None = None
    must_use: bool = False
    model_steps: int | None = None

    def __post_init__(self) -> None:
        whole("budget.env_steps", self.env_steps)
        if self.model_steps is not None:
            whole("budget.model_steps", self.model_steps)
        for name in ("wall_s", "tokens", "money"):
            value = getattr(self, name)
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if value is not None and not (number and value > 0):
                raise ConfigError(f"budget.{name} is {value!r}, expected a number above 0, or null for no limit.")
        if not isinstance(self.must_use, bool):
            raise ConfigError(f"budget.must_use is {self.must_use!r}, expected true or false.")


@dataclass(frozen=True)
class Spent:
    """What a run has taken so far.

    ``tokens`` and ``money`` are None while nobody has said anything about them, ``model_steps`` while nothing was planned.
    """

    env_steps: int = 0
    sealed_steps: int = 0
    wall_s: float = 0.0
    tokens: int | None = None
    money: float | None = None
    model_steps: int | None = None

    def exhausted(self, budget: Budget) -> str | None:
        """Say which budget is spent, or None."""
        if self.env_steps >= budget.env_steps:
            return f"the budget of {budget.env_steps:,} env steps is spent"
        if budget.model_steps is not None and (self.model_steps or 0) >= budget.model_steps:
            return f"the budget of {budget.model_steps:,} model steps is spent"
        if budget.wall_s is not None and self.wall_s >= budget.wall_s:
            return f"the budget of {budget.wall_s:,.0f} s of wall time is spent"
        if budget.tokens is not None and (self.tokens or 0) >= budget.tokens:
            return f"the budget of {budget.tokens:,} tokens is spent"
        if budget.money is not None and (self.money or 0.0) >= budget.money:
            return f"the budget of ${budget.money:,.2f} is spent"
        return None

    def left(self, budget: Budget) -> dict[str, Any]:
        """Return what is left of each budget that has a limit."""
        left: dict[str, Any] = {"env_steps": max(0, budget.env_steps - self.env_steps)}
        for name in ("model_steps", "wall_s", "tokens", "money"):
            limit = getattr(budget, name)
            if limit is not None:
                left[name] = max(0, limit - (getattr(self, name) or 0))
        return left

    def text(self, budget: Budget) -> str:
        """Return what was used of what, in words."""
        parts = [f"{self.env_steps:,} of {budget.env_steps:,} env steps"]
        if budget.model_steps is not None or self.model_steps is not None:
            parts.append(f"{self.model_steps or 0:,}{_of(budget.model_steps, ',')} model steps")
        if budget.wall_s is not None:
            parts.append(f"{self.wall_s:,.0f} of {budget.wall_s:,.0f} s")
        if budget.tokens is not None or self.tokens is not None:
            parts.append(f"{self.tokens or 0:,}{_of(budget.tokens, ',')} tokens")
        if budget.money is not None or self.money is not None:
            parts.append(f"${self.money or 0:,.2f}{_of(budget.money, ',.2f')}")
        return ", ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON values."""
        return asdict(self)


def _of(limit: float | None, layout: str) -> str:
    return "" if limit is None else f" of {limit:{layout}}"
