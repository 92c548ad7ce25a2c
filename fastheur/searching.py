"""Proposes rows of parameters to try next: a pure function of the space, of what was tried, and of a seed.

The first generation is the defaults and a Latin hypercube (McKay, Beckman & Conover 1979). Afterwards Optuna's
multivariate TPE (Bergstra et al. 2011) proposes; its study is built anew from the history at every call, so that a search
that was stopped goes on exactly as it would have done. Floats are rounded to about a thousandth of their range, since the
best row is written into a source that people read.
"""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur.errors import ConfigError, nearest, whole
from fastheur.policy import Number, Param

SAMPLERS = ("tpe", "random")

Row = dict[str, Number]
History = Sequence[tuple[Mapping[str, Number], float | None]]
"""What was tried, in order: values (names that are not searched are ignored) and the score, None where there is none.

The return of an episode that was cut as stalled is a lower bound, and serves as its score.
"""

_STARTUP = 4
"""Scored rows that TPE needs; with fewer the space is spread out over, whatever the sampler."""
_PATIENCE = 16
"""Draws per wanted row before repeated ones are taken as a sign that the space is nearly used up."""


@dataclass(frozen=True)
class Axis:
    """A parameter that is searched: from ``low`` to ``high``, both inclusive, or over ``choices``.

    ``default`` is the declared one, or what of the axis is nearest to it. ``whole``: integers only.
    """

    name: str
    default: Number
    low: Number = 0
    high: Number = 0
    choices: tuple[Number, ...] = ()
    whole: bool = False

    def at(self, place: float) -> Number:
        """Return the value at ``place``, from 0 to just below 1."""
        if self.choices:
            return self.choices[int(place * len(self.choices))]
        if self.whole:
            return int(self.low) + int(place * (int(self.high) - int(self.low) + 1))
        return self.tidy(self.low + place * (self.high - self.low))

    def tidy(self, value: Number) -> Number:
        """Return ``value`` rounded to the axis's decimals, and within its bounds."""
        if self.choices or self.whole:
            return value
        return float(min(self.high, max(self.low, round(value, self._decimals))))

    def values(self) -> Iterator[Number]:
        """All values that :meth:`at` can return."""
        if self.choices:
            return iter(self.choices)
        if self.whole:
            return iter(range(int(self.low), int(self.high) + 1))
        per_unit = 10.0**self._decimals
        return (self.tidy(self.low + step / per_unit) for step in range(round((self.high - self.low) * per_unit) + 1))

    def holds(self, value: Number) -> bool:
        """True where ``value`` is among the choices, or within the bounds."""
        return value in self.choices if self.choices else self.low <= value <= self.high

    @property
    def _decimals(self) -> int:
        span = self.high - self.low
        return 0 if self.whole or span <= 0 else 3 - math.floor(math.log10(span))


@dataclass(frozen=True)
class Space:
    """What is searched. ``remarks`` say, a sentence each, what was made of parameters without bounds."""

    axes: tuple[Axis, ...]
    remarks: tuple[str, ...] = ()

    def row(self, places: npt.NDArray[np.float64]) -> Row:
        """Return the row at ``places``: (axes,), each from 0 to just below 1."""
        return {axis.name: axis.at(float(place)) for axis, place in zip(self.axes, places, strict=True)}

    def key(self, values: Mapping[str, Number]) -> tuple[float, ...]:
        """What tells two rows apart; a name that is missing has its default."""
        return tuple(float(values.get(axis.name, axis.default)) for axis in self.axes)

    def holds(self, values: Mapping[str, Number]) -> bool:
        """True where ``values`` has a value of every axis."""
        return all(axis.name in values and axis.holds(values[axis.name]) for axis in self.axes)


def make_space(params: Mapping[str, Param], wanted: Mapping[str, Any] | None = None) -> Space:
    """Return the space to search.

    Args:
        params: what a policy declares. wanted: the names to search, each with ``[low, high]`` or
            ``{"choices": [...]}`` within its declaration; the others keep their defaults. Without: all, as declared.

    Raises:
        ConfigError: there is nothing to search, an unknown name, or values outside the declaration.
    """
    if not params:
        raise ConfigError("The policy declares no PARAMS, so there is nothing to search; declare some with Param.")
    if not wanted:
        remarks = [remark for name, param in params.items() if (remark := _unbounded(name, param))]
        return Space(tuple(_declared(name, param) for name, param in params.items()), tuple(remarks))
    for name in wanted:
        if name not in params:
            raise ConfigError(
                f"space names {name!r}, and the policy declares {', '.join(params)}.{nearest(str(name), params)}"
            )
    return Space(tuple(_wanted(name, params[name], range_) for name, range_ in wanted.items()))


def propose(space: Space, history: History, count: int, seed: int, sampler: str = "tpe") -> list[Row]:
    """Return the next rows to try: ``count``, or fewer where the space has no more.

    None of them is in the history or comes twice. The same arguments give the same rows, in every process.

    Args:
        space: see :func:`make_space`. history: all that was tried so far. seed: of the whole search.
        sampler: one of :data:`SAMPLERS`.

    Raises:
        ConfigError: an unknown sampler, a count or seed out of range, or a score that is not finite.
    """
    whole("count", count)
    whole("seed", seed, 0)
    if sampler not in SAMPLERS:
        raise ConfigError(f"sampler is {sampler!r}, expected one of {', '.join(SAMPLERS)}.")
    for values, score in history:
        if score is not None and not math.isfinite(score):
            raise ConfigError(f"The score of {dict(values)} is {score}, expected a finite number, or None.")
    random = np.random.default_rng((seed, len(history)))
    first: Iterator[Row] = iter(())
    if sum(score is not None and space.holds(values) for values, score in history) < _STARTUP:
        first = _spread(space, history, count, random)
    elif sampler == "tpe":
        first = _tpe(space, history, int(random.integers(2**31)), _PATIENCE * count)
    uniform = (space.row(random.random(len(space.axes))) for _ in range(_PATIENCE * count))
    return list(islice(_unseen(space, history, chain(first, uniform, _everything(space))), count))


def ranking(history: History) -> list[int]:
    """Return the places of the scored rows of a history, best first; of equal ones, the earlier."""
    scores = {place: score for place, (_, score) in enumerate(history) if score is not None}
    return sorted(scores, key=lambda place: -scores[place])


def halving(rows: int, episodes: int) -> list[tuple[int, int]]:
    """Return the rounds of successive halving (Jamieson & Talwalkar 2016) for a generation of a stochastic task.

    A round is (rows that take part, episodes that each of them has played at its end). The best half goes on, and plays
    twice as many, up to ``episodes``. With fewer episodes than that takes, the first rounds drop more than half.
    """
    last = max(1, (whole("rows", rows) - 1).bit_length()) - 1
    rounds: dict[int, int] = {}
    for number in range(last + 1):
        rounds.setdefault(max(1, whole("episodes", episodes) >> (last - number)), math.ceil(rows / 2**number))
    return [(left, end) for end, left in rounds.items()]


def _declared(name: str, param: Param) -> Axis:
    if param.choices:
        return Axis(name, _number(param, param.default), choices=tuple(_number(param, one) for one in param.choices))
    return _range(name, param, *_bounds(param))


def _bounds(param: Param) -> tuple[Number, Number]:
    """The declared bounds; a missing one is as far from the default as that is from zero, and at least 1."""
    reach = max(1, abs(param.default))
    low = param.low if param.low is not None and math.isfinite(param.low) else param.default - reach
    high = param.high if param.high is not None and math.isfinite(param.high) else param.default + reach
    return low, high


def _unbounded(name: str, param: Param) -> str | None:
    low, high = _bounds(param)
    if param.choices or (low, high) == (param.low, param.high):
        return None
    return f"{name} declares no bounds on both sides, and is searched from {low:g} to {high:g}."


def _range(name: str, param: Param, low: Number, high: Number) -> Axis:
    default = _number(param, min(high, max(low, param.default)))
    if param.dtype.kind == "i":
        return Axis(name, default, math.ceil(low), math.floor(high), whole=True)
    return Axis(name, default, float(low), float(high))


def _number(param: Param, value: Number) -> Number:
    """``value`` as kernels get it: an int or a float, as declared."""
    return int(value) if param.dtype.kind == "i" else float(value)


def _wanted(name: str, param: Param, wanted: Any) -> Axis:
    chosen = isinstance(wanted, Mapping)
    values = wanted.get("choices") if isinstance(wanted, Mapping) and len(wanted) == 1 else wanted
    if not isinstance(values, Sequence) or isinstance(values, str) or not values or (not chosen and len(values) != 2):
        raise ConfigError(f"space.{name} is {wanted!r}, expected [low, high] or {{choices: [...]}}.")
    for value in values:
        problem = param.problem(value)
        if problem:
            raise ConfigError(f"space.{name} {problem}, as the policy declares it.")
    if chosen:
        choices = tuple(dict.fromkeys(_number(param, value) for value in values))
        return Axis(name, min(choices, key=lambda value: abs(value - param.default)), choices=choices)
    low, high = values
    if param.choices:
        raise ConfigError(f"space.{name} is {wanted!r}, and the policy declares choices; expected {{choices: [...]}}.")
    if low > high:
        raise ConfigError(f"space.{name} is {wanted!r}, expected the lower bound first.")
    return _range(name, param, low, high)


def _everything(space: Space) -> Iterator[Row]:
    """All rows there are; nothing is listed before the first is asked for."""
    for values in product(*(axis.values() for axis in space.axes)):
        yield {axis.name: value for axis, value in zip(space.axes, values, strict=True)}


def _unseen(space: Space, history: History, rows: Iterator[Row]) -> Iterator[Row]:
    seen = {space.key(values) for values, _ in history}
    for row in rows:
        if space.key(row) not in seen:
            seen.add(space.key(row))
            yield row


def _spread(space: Space, history: History, count: int, random: np.random.Generator) -> Iterator[Row]:
    """The defaults, unless they were tried, and a Latin hypercube: on every axis one row in each of as many parts."""
    first = list(_unseen(space, history, iter([{axis.name: axis.default for axis in space.axes}])))
    yield from first
    rest = count - len(first)
    if rest:
        parts = np.stack([random.permutation(rest) for _ in space.axes], axis=1)
        yield from (space.row(places) for places in (parts + random.random(parts.shape)) / rest)


def _tpe(space: Space, history: History, seed: int, draws: int) -> Iterator[Row]:
    """Rows that Optuna asks for; those it is still waiting for count as bad ones, so that a batch spreads out."""
    import optuna  # half a second, which only a search pays

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    kinds: dict[str, optuna.distributions.BaseDistribution] = {}
    for axis in space.axes:
        if axis.choices:
            kinds[axis.name] = optuna.distributions.CategoricalDistribution(axis.choices)
        elif axis.whole:
            kinds[axis.name] = optuna.distributions.IntDistribution(int(axis.low), int(axis.high))
        else:
            kinds[axis.name] = optuna.distributions.FloatDistribution(axis.low, axis.high)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=0)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for values, score in history:
        if score is not None and space.holds(values):
            row = {name: values[name] for name in kinds}
            study.add_trial(optuna.trial.create_trial(params=row, distributions=kinds, value=score))
    for _ in range(draws):
        asked = study.ask(kinds).params
        yield {axis.name: axis.tidy(asked[axis.name]) for axis in space.axes}
