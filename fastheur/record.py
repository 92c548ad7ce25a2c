"""What is kept of one episode beside its score: how it ended, where it lost, when it stalled, what it did."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Number = int | float


@dataclass(frozen=True)
class Sight:
    """What the policy saw and remembered, as far as it is short.

    Attributes:
        state: the policy's STATE fields after its last action, entries of small arrays as ``name[0]``.
        variables: the task's public game variables at that observation.
        ram: the observation's 128 bytes in hexadecimal, where that is what the policy sees. obs: the first entries of a
            vector observation. Frames are not kept.
    """

    state: Mapping[str, Number] = field(default_factory=dict)
    variables: Mapping[str, Number] = field(default_factory=dict)
    ram: str = ""
    obs: tuple[Number, ...] = ()

    def facts(self) -> dict[str, float]:
        """Return all values by name, the policy's own first: ``state.x``, ``HEALTH``, ``RAM 99``, ``obs[2]``."""
        found = {f"state.{name}": float(value) for name, value in self.state.items()}
        found |= {name: float(value) for name, value in self.variables.items()}
        found |= {f"RAM {place}": float(value) for place, value in enumerate(bytes.fromhex(self.ram))}
        found |= {f"obs[{place}]": float(value) for place, value in enumerate(self.obs)}
        return found

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Sight":
        """Return the sight that plain JSON values were taken of."""
        return cls(**{**values, "obs": tuple(values["obs"])})


@dataclass(frozen=True)
class Moment:
    """A moment at which something was lost.

    Attributes:
        kind: ``life``: the life counter fell; ``loss``: a negative reward, where those are rare; ``over``: the episode
            was terminated in a task without either.
        step: env steps taken when it happened. score: return then. lives: left then.
        seen: at the last action before it.
    """

    kind: str
    step: int
    score: float
    lives: int
    seen: Sight = Sight()

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Moment":
        """Return the moment that plain JSON values were taken of."""
        return cls(**{**values, "seen": Sight.from_dict(values["seen"])})


@dataclass(frozen=True)
class EpisodeRecord:
    """One finished episode, in a few kilobytes.

    Attributes:
        candidate, index: of the job. ret: return. length: env steps.
        end: ``game over``, ``cap`` (cut off at the step limit) or ``cut`` (by a stop rule, so that nothing here is final).
        moments: where something was lost, in order; of many, the first and the last. lost: how many there were.
        rewards: (step, reward) of steps whose reward was not zero, evenly thinned. rewarded: how many there were.
        stretch: (step after which it began, env steps) of the longest stretch without reward.
        counts: how often each discrete action was taken. dimensions: (lowest, mean, highest) per continuous dimension.
        curve: (step, return) at about even steps. drop: (step of the peak, step of the low, how much) of the deepest fall
            of the return, or None.
        samples: what the policy saw and remembered at a few even steps, to compare the moments with.
    """

    candidate: int
    index: int
    ret: float
    length: int
    end: str
    moments: tuple[Moment, ...] = ()
    lost: int = 0
    rewards: tuple[tuple[int, float], ...] = ()
    rewarded: int = 0
    stretch: tuple[int, int] = (0, 0)
    counts: tuple[int, ...] = ()
    dimensions: tuple[tuple[float, float, float], ...] = ()
    curve: tuple[tuple[int, float], ...] = ()
    drop: tuple[int, int, float] | None = None
    samples: tuple[Sight, ...] = ()

    @property
    def stalled(self) -> bool:
        """True where the episode ended within its longest stretch without reward."""
        return self.stretch[1] > 0 and sum(self.stretch) == self.length

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "EpisodeRecord":
        """Return the record that :meth:`to_dict` was taken of."""
        plain: dict[str, Any] = {
            key: _tuples(value) for key, value in values.items() if key not in ("moments", "samples")
        }
        moments = tuple(Moment.from_dict(moment) for moment in values["moments"])
        return cls(**plain, moments=moments, samples=tuple(Sight.from_dict(sample) for sample in values["samples"]))


def flat(values: Mapping[str, Any], most: int = 40, entries: int = 8) -> dict[str, Number]:
    """Return STATE fields as single numbers; arrays of more than ``entries`` and all beyond ``most`` are left out."""
    found: dict[str, Number] = {}
    for name, value in values.items():
        if not isinstance(value, list):
            found[name] = short(value)
        elif len(numbers := list(_numbers(value))) <= entries:
            found |= {f"{name}[{','.join(map(str, place))}]": short(number) for place, number in numbers}
    return dict(list(found.items())[:most])


def _numbers(value: Any, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Number]]:
    """Yield the numbers of nested lists, each with its place."""
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield from _numbers(one, (*place, at))
    else:
        yield place, value


def short(value: Number) -> Number:
    """Return a number with six significant digits; what is not finite, which JSON lacks, as 0 or +-1e308."""
    if isinstance(value, int):
        return value
    if math.isnan(value):
        return 0.0
    return float(f"{value:.6g}") if math.isfinite(value) else math.copysign(1e308, value)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list | tuple) else value
