"""What runs policies over whole batches, several candidates side by side: what all kinds of hosts have in common.

A *candidate* is one policy with one set of parameter values. A slot plays one candidate per episode; which one is said
at the episode's start, so a population shares one pool and one compiled loop.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np

from fastheur import _core
from fastheur.batch import Array, StepBatch
from fastheur.contract import Declaration
from fastheur.errors import ActionError, PolicyError
from fastheur.model_steps import summed
from fastheur.policy import Number
from fastheur.preprocess import Preprocessor
from fastheur.spec import ActionSpec, Spec


@dataclass(frozen=True)
class Candidate:
    """A policy and a value for each of its parameters."""

    policy: Declaration
    values: dict[str, Number]


class Host(Protocol):
    """What the rollout asks of whatever runs the policies."""

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        """Start an episode in each of ``slots`` with the given candidate and random stream."""

    def act(self, batch: StepBatch) -> None:
        """Fill ``batch.actions`` in the live rows."""

    def drew_randomness(self, slot: int) -> bool:
        """True if the policy used its random stream in the slot's current episode."""

    def model_steps_of(self, slot: int) -> int | None:
        """Return the model steps of the slot's current episode; None where the policy does not plan."""

    def model_steps(self) -> int | None:
        """Return the model steps that were taken in all, unfinished episodes included; None where no policy plans."""

    def state_of(self, slot: int) -> dict[str, Any]:
        """Return the policy's own STATE fields in a slot, as it left them at its last action; nothing where it has none."""


class ModelAccount(Protocol):
    """What model steps are charged to; see :class:`fastheur.meter.StepMeter`."""

    def check_model_steps(self) -> None:
        """Refuse to go on where none are left."""

    def charge_model_steps(self, steps: int) -> None:
        """Charge ``steps`` that were taken."""


def assemble(candidates: Sequence[Candidate], slots: int, single: Callable[[Sequence[Candidate]], Host]) -> Host:
    """Return the host for ``candidates``: one of ``single`` per distinct policy, each over its own slots.

    Args:
        candidates: in the order in which :meth:`Host.reset` counts them. slots: pool size.
        single: returns the host of candidates that share a policy.
    """
    groups: dict[str, list[int]] = {}
    for place, candidate in enumerate(candidates):
        groups.setdefault(candidate.policy.sha256, []).append(place)
    hosts = [single([candidates[place] for place in places]) for places in groups.values()]
    if len(hosts) == 1:
        return hosts[0]
    return _Population(hosts, list(groups.values()), len(candidates), slots)


def first_bad(action: ActionSpec, actions: Array) -> int:
    """Return the first row of ``actions``, int64 (R,) or float64 (R, size), that the task does not have; -1 without one."""
    if action.kind == "discrete":
        return int(_core.check_discrete(actions, action.n))
    flat = int(_core.check_continuous(actions, action.low, action.high))
    if flat < 0 and action.kind == "buttons":
        wrong = (actions != 0) & (actions != 1)
        flat = int(wrong.argmax()) if wrong.any() else -1
    return flat // action.size if flat >= 0 else -1


class Runner:
    """One policy's host: its parameter rows, the observations as its FRAME asks for them, and what it plans.

    Attributes:
        spec: the task as the policy sees it; the model is in it for a policy that plans only.
        account: what model steps are charged to, for all hosts of the process; None: to nobody.

    Raises:
        PolicyError: the policy does not play this observation mode, or its FRAME does not fit the frames.
    """

    account: ClassVar[ModelAccount | None] = None

    def __init__(self, candidates: Sequence[Candidate], spec: Spec, slots: int) -> None:
        self._policy = policy = candidates[0].policy
        if policy.modes and spec.mode not in policy.modes:
            raise PolicyError(
                f"{policy.name} plays obs={' or '.join(policy.modes)}, and this task is run with obs={spec.mode}."
            )
        self._values = [candidate.values for candidate in candidates]
        self._planned = 0
        spec = spec if policy.plans else replace(spec, model=None)
        self._preprocessor = Preprocessor(policy.frame, spec, slots, policy.name) if policy.frame else None
        self.spec = self._preprocessor.spec if self._preprocessor else spec

    def _seen(self, batch: StepBatch) -> Array:
        """Return what the policy sees of every row, read-only."""
        if self._preprocessor is None:
            return read_only(batch.obs)
        return read_only(self._preprocessor.apply(batch.obs, batch.slots, batch.first))

    def model_steps_of(self, slot: int) -> int | None:
        """See :class:`Host`; a host whose policies can plan says more."""
        del slot
        return None

    def model_steps(self) -> int | None:
        """See :class:`Host`."""
        return self._planned if self._policy.plans else None

    @contextmanager
    def _planning(self) -> Iterator[None]:
        """Around whatever may plan: what it took is charged, whatever comes of it."""
        before = self._planned
        try:
            yield
        finally:
            self._planned = self._planned_now()
            if self.account is not None and self._planned > before:
                self.account.charge_model_steps(self._planned - before)

    def _planned_now(self) -> int:
        """Return the model steps that were taken in all, as of now; a host whose policies can plan says more."""
        return 0

    def _refuse_unplanned(self) -> None:
        """Refuse a batch of a policy that plans where nothing is left to plan with."""
        if self._policy.plans and self.account is not None:
            self.account.check_model_steps()

    def _bad_action(self, batch: StepBatch, row: int, value: Any) -> ActionError:
        return ActionError(
            f"{self._policy.name} returned the action {value} in slot {batch.slots[row]} at step "
            f"{batch.info['elapsed'][row]}; expected {self.spec.action}."
        )


def read_only(array: Array) -> Array:
    """Return a view that a policy cannot write through into the harness."""
    view = array.view()
    view.setflags(write=False)
    return view


class _Population:
    """Several policies over one pool, each in a loop over its own slots."""

    def __init__(self, hosts: Sequence[Any], groups: Sequence[Sequence[int]], candidates: int, slots: int) -> None:
        self._hosts = hosts
        self._host_of = np.zeros(candidates, np.int64)
        self._place_in = np.zeros(candidates, np.int64)
        for number, places in enumerate(groups):
            self._host_of[list(places)] = number
            self._place_in[list(places)] = np.arange(len(places))
        self._owner = np.zeros(slots, np.int64)

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        owners = self._host_of[candidates]
        self._owner[slots] = owners
        for number in np.unique(owners):
            mine = owners == number
            mine_keys = [key for key, own in zip(keys, mine, strict=True) if own]
            self._hosts[number].reset(slots[mine], self._place_in[candidates[mine]], mine_keys)

    def act(self, batch: StepBatch) -> None:
        live = np.arange(len(batch.slots)) if batch.live is None else batch.live
        owners, everything = self._owner[batch.slots[live]], batch.live
        for number, host in enumerate(self._hosts):
            batch.live = live[owners == number]
            if len(batch.live):
                host.act(batch)
        batch.live = everything

    def drew_randomness(self, slot: int) -> bool:
        return self._hosts[self._owner[slot]].drew_randomness(slot)

    def model_steps_of(self, slot: int) -> int | None:
        return self._hosts[self._owner[slot]].model_steps_of(slot)

    def model_steps(self) -> int | None:
        return summed(host.model_steps() for host in self._hosts)

    def state_of(self, slot: int) -> dict[str, Any]:
        return self._hosts[self._owner[slot]].state_of(slot)
