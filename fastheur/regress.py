"""Golden cases: fixed episodes and the floors that later champions must reach; which run, what they found, what was forgotten.

A floor leaves room for what sticky actions do to a good policy. Any edit that changes one action makes the rest of a
stochastic episode a new draw, so an equally good version does not repeat an outcome, it draws another one from the same
distribution. The floor is a return below which such a draw falls in at most :data:`FALSE_LOSS` of the cases: of ``n``
returns of the champion itself the ``k``-th lowest, for by exchangeability a further draw is below it with a probability
of at most ``k / (n + 1)``. With fewer returns than that takes (99), the floor lies below the lowest by as much as a
Laplace tail of the same standard deviation needs to fall from ``1 / (n + 1)`` to :data:`FALSE_LOSS`.
"""

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np

from fastheur.errors import ConfigError, nearest

FALSE_LOSS = 0.01
"""Probability that a version just as good as the champion falls under a floor by bad luck."""


@dataclass(frozen=True)
class GoldenCase:
    """A fixed episode and the return to keep.

    Attributes:
        protocol: label of the protocol. split, index: the episode. max_steps: cap of the case, None for the protocol's.
        floor: least return. outcome: return of the version that it was taken from. by: taken from a champion (auto) or
            added by the agent. version: number of that version.
    """

    name: str
    protocol: str
    index: int
    floor: float
    outcome: float
    version: int
    by: Literal["auto", "agent"] = "auto"
    split: Literal["train"] = "train"
    max_steps: int | None = None


def floor_for(outcome: float, returns: Sequence[float]) -> float:
    """Return the floor of a case, never above ``outcome``.

    Args:
        outcome: return of the champion in the episode. returns: of the same champion in episodes under the same protocol and
            cap, its validation episodes say; equal ones (a deterministic protocol) leave no slack.

    Raises:
        ValueError: there are no returns.
    """
    if not len(returns):
        raise ValueError("A floor needs at least one return of the champion under the same protocol; found none.")
    ordered = np.sort(np.asarray(returns, np.float64))
    place = int(FALSE_LOSS * (len(ordered) + 1))
    if place:
        return float(min(outcome, ordered[place - 1]))
    scale = ordered.std(ddof=1) / math.sqrt(2) if len(ordered) > 1 else 0.0
    return float(min(outcome, ordered[0] + scale * math.log(FALSE_LOSS * (len(ordered) + 1))))


@dataclass(frozen=True)
class Selection:
    """Which cases run: ``chosen``, most important first, ``env_steps`` they are expected to take, and what is left out."""

    chosen: tuple[GoldenCase, ...]
    left_out: tuple[GoldenCase, ...]
    env_steps: int
    reason: str


def within(
    cases: Sequence[GoldenCase], steps: Mapping[str, int], allowance: int, lost_before: Collection[str] = ()
) -> Selection:
    """Choose the cases that fit into ``allowance`` env steps.

    First come cases that some version has lost before (names in ``lost_before``), then the agent's own, then the newest;
    one that does not fit is passed over for a cheaper one.

    Args:
        steps: expected env steps of each case, by name.
    """
    ordered = sorted(
        cases, key=lambda case: (case.name not in lost_before, case.by != "agent", -case.version, case.name)
    )
    chosen, left_out, total = list[GoldenCase](), list[GoldenCase](), 0
    for case in ordered:
        fits = total + steps[case.name] <= allowance
        (chosen if fits else left_out).append(case)
        total += steps[case.name] if fits else 0
    reason = f"{len(chosen)} of {len(cases)} golden cases run: about {total:,} of {allowance:,} env steps allowed."
    if left_out:
        missing = ", ".join(f"{case.name} ({steps[case.name]:,})" for case in left_out)
        reason += f" Left out, as they do not fit any more: {missing}."
    return Selection(tuple(chosen), tuple(left_out), total, reason)


@dataclass(frozen=True)
class Judgement:
    """What the golden cases say about a version: names of the cases kept, lost, and lost as allowed."""

    kept: tuple[str, ...]
    lost: tuple[str, ...]
    allowed: tuple[str, ...]
    reason: str

    @property
    def passed(self) -> bool:
        """True where no case was lost but those allowed by name."""
        return not self.lost


def check_names(cases: Sequence[GoldenCase], allow: Collection[str]) -> None:
    """Check that ``allow`` names cases that exist.

    Raises:
        ConfigError: it does not; the nearest names are offered.
    """
    names = [case.name for case in cases]
    for name in allow:
        if name not in names:
            known = ", ".join(names) or "no cases"
            raise ConfigError(f"allow_loss names {name!r}, expected some of: {known}.{nearest(name, names)}")


def judge(cases: Sequence[GoldenCase], outcomes: Mapping[str, float], allow: Collection[str] = ()) -> Judgement:
    """Compare outcomes with floors.

    Args:
        cases: all cases of the run. outcomes: return of the candidate in each case played, by name. allow: names of
            cases that may be lost.

    Raises:
        ConfigError: ``allow`` names a case that does not exist.
    """
    check_names(cases, allow)
    names = [case.name for case in cases]
    under = {case.name: case for case in cases if case.name in outcomes and outcomes[case.name] < case.floor}
    kept = tuple(name for name in names if name in outcomes and name not in under)
    lost = tuple(name for name in under if name not in allow)
    allowed = tuple(name for name in under if name in allow)
    parts = [f"{len(kept)} of {len(outcomes)} kept"]
    for words, some in (("lost", lost), ("lost as allowed", allowed)):
        if some:
            shown = (f"{name} ({outcomes[name]:.6g} under its floor {under[name].floor:.6g})" for name in some)
            parts.append(f"{words}: {', '.join(shown)}")
    return Judgement(kept, lost, allowed, f"{'; '.join(parts)}.")


def to_json(cases: Sequence[GoldenCase]) -> str:
    """Return the text of golden.json."""
    return json.dumps({"cases": [asdict(case) for case in cases]}, indent=1, allow_nan=False) + "\n"


def from_json(text: str, name: str = "golden.json") -> tuple[GoldenCase, ...]:
    """Read the text of golden.json.

    Raises:
        ConfigError: it does not describe golden cases; says which entry, what was found and what is expected.
    """
    try:
        entries = json.loads(text)["cases"]
        cases = tuple(_case(entry, f"{name}, case {number}") for number, entry in enumerate(entries, 1))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f'{name} is not a list of golden cases like {{"cases": [...]}}: {error!r}') from error
    names = [case.name for case in cases]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise ConfigError(f"{name} has the name {twice[0]!r} twice; every golden case needs its own.")
    return cases


_KINDS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "protocol": (str,),
    "index": (int,),
    "floor": (int, float),
    "outcome": (int, float),
    "version": (int,),
    "max_steps": (int, type(None)),
}


def _case(entry: Any, where: str) -> GoldenCase:
    known = [field.name for field in fields(GoldenCase)]
    if not isinstance(entry, dict) or set(entry) != set(known):
        raise ConfigError(f"{where} has {list(entry)}, expected {', '.join(known)}.")
    for key, kinds in _KINDS.items():
        if isinstance(entry[key], bool) or not isinstance(entry[key], kinds):
            expected = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
            raise ConfigError(f"{where}: {key} is {entry[key]!r}, expected {expected}.")
    for key, allowed in (("split", ("train",)), ("by", ("auto", "agent"))):
        if entry[key] not in allowed:
            raise ConfigError(f"{where}: {key} is {entry[key]!r}, expected {' or '.join(allowed)}.")
    if entry["floor"] > entry["outcome"]:
        raise ConfigError(f"{where}: the floor {entry['floor']} is above the outcome {entry['outcome']}.")
    return GoldenCase(**{**entry, "floor": float(entry["floor"]), "outcome": float(entry["outcome"])})
