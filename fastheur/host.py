"""Where policies run: in this process, over whole batches, several candidates side by side.

A *candidate* is one policy with one set of parameter values. A slot plays one candidate per episode; which one is said
at the episode's start, so a population shares one pool and one compiled loop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fastheur import _core
from fastheur.batch import StepBatch
from fastheur.contract import Declaration
from fastheur.errors import ActionError, PolicyError
from fastheur.kernel import compile_kernel, plain_loop
from fastheur.loading import Policy, line_in, problem_at
from fastheur.policy import Number, SlotRandom, state_dtype
from fastheur.preprocess import Preprocessor
from fastheur.spec import Spec

Array = npt.NDArray[Any]


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

    def state_of(self, slot: int) -> dict[str, Any]:
        """Return the policy's own STATE fields in a slot, as it left them at its last action; nothing where it has none."""


def make_host(candidates: Sequence[Candidate], spec: Spec, slots: int, debug: bool = False) -> Host:
    """Return the host for ``candidates``; one loop per distinct policy, compiled now.

    Args:
        candidates: in the order in which :meth:`Host.reset` counts them. spec: the task. slots: pool size.
        debug: run kernels as plain Python.
    """
    groups: dict[str, list[int]] = {}
    for place, candidate in enumerate(candidates):
        groups.setdefault(candidate.policy.sha256, []).append(place)
    hosts = [_single(candidates, places, spec, slots, debug) for places in groups.values()]
    if len(hosts) == 1:
        return hosts[0]
    return _Population(hosts, list(groups.values()), len(candidates), slots)


def _single(candidates: Sequence[Candidate], places: list[int], spec: Spec, slots: int, debug: bool) -> Host:
    policy = candidates[places[0]].policy
    if not isinstance(policy, Policy):
        raise PolicyError(f"{policy.name} was read in another process, so it cannot run in this one.")
    if policy.modes and spec.mode not in policy.modes:
        raise PolicyError(
            f"{policy.name} plays obs={' or '.join(policy.modes)}, and this task is run with obs={spec.mode}."
        )
    rows = policy.rows([candidates[place].values for place in places])
    return (_Kernel if policy.style == "kernel" else _Batch)(policy, rows, spec, slots, debug)


class _Runner:
    """Common to both styles: parameter rows per slot, preprocessing, and the first step that went wrong."""

    def __init__(self, policy: Policy, rows: Array, spec: Spec, slots: int) -> None:
        self._policy = policy
        self._rows = rows
        self._preprocessor = Preprocessor(policy.frame, spec, slots, policy.name) if policy.frame else None
        self.spec = self._preprocessor.spec if self._preprocessor else spec
        self._params = np.zeros(slots, rows.dtype)
        self._all_rows = np.arange(slots)

    def _seen(self, batch: StepBatch) -> Array:
        if self._preprocessor is None:
            return batch.obs
        return self._preprocessor.apply(batch.obs, batch.slots, batch.first)

    def _live(self, batch: StepBatch) -> Array:
        return self._all_rows[: len(batch.slots)] if batch.live is None else batch.live

    def _bad_action(self, batch: StepBatch, row: int, value: Any) -> ActionError:
        return ActionError(
            f"{self._policy.name} returned the action {value} in slot {batch.slots[row]} at step "
            f"{batch.info['elapsed'][row]}; expected {self.spec.action}."
        )


class _Kernel(_Runner):
    def __init__(self, policy: Policy, rows: Array, spec: Spec, slots: int, debug: bool) -> None:
        super().__init__(policy, rows, spec, slots)
        self._state = np.zeros(slots, state_dtype(policy.state))
        action = self.spec.action
        self._low: Any = 0 if action.kind == "discrete" else action.low
        self._high: Any = action.n if action.kind == "discrete" else action.high
        self._buttons = action.kind == "buttons"
        self._cursor = np.zeros(1, np.int64)
        obs = np.zeros((1, *self.spec.obs_shape), self.spec.obs_dtype)
        sample = self._arguments(
            obs,
            np.zeros(1, spec.info_dtype),
            np.zeros(1, np.int32),
            self._all_rows,
            np.zeros((1, *action.shape), action.dtype),
        )
        self._loop = plain_loop(policy, self.spec) if debug else compile_kernel(policy, self.spec, sample)

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        self._params[slots] = self._rows[candidates]
        self._state[slots] = np.zeros((), self._state.dtype)
        self._state["_key"][slots] = np.array(keys, np.uint64)

    def act(self, batch: StepBatch) -> None:
        obs, live = self._seen(batch), self._live(batch)
        try:
            bad = self._loop(*self._arguments(obs, batch.info, batch.slots, live, batch.actions))
        except PolicyError:
            raise
        except Exception as error:
            raise self._failure(batch, obs, error) from error
        if bad < 0 and self._buttons:
            wrong = ((batch.actions != 0) & (batch.actions != 1)).any(axis=1)
            bad = int(wrong.argmax()) if wrong.any() else -1
        if bad >= 0:
            raise self._bad_action(batch, bad, batch.actions[bad])

    def drew_randomness(self, slot: int) -> bool:
        return bool(self._state["_draws"][slot])

    def state_of(self, slot: int) -> dict[str, Any]:
        record = self._state[slot]
        return {str(entry[0]): record[entry[0]].tolist() for entry in self._policy.state}

    def _arguments(self, obs: Array, info: Array, slots: Array, rows: Array, actions: Array) -> tuple[Any, ...]:
        return (obs, info, self._state, self._params, slots, rows, actions, self._low, self._high, self._cursor)

    def _failure(self, batch: StepBatch, obs: Array, error: Exception) -> PolicyError:
        """Find the author's line: compiled code does not say it, so the failed row is run again as plain Python."""
        row = int(self._cursor[0])
        line = line_in(error, self._policy.name)
        if line is None:
            rows = np.array([row])
            arguments = self._arguments(obs, batch.info, batch.slots, rows, batch.actions.copy())
            try:
                plain_loop(self._policy, self.spec)(*arguments)
            except Exception as again:
                line = line_in(again, self._policy.name)
        where = f"in slot {batch.slots[row]} at step {batch.info['elapsed'][row]}"
        return problem_at(self._policy, line, f"{type(error).__name__} {where}: {error}")


class _Batch(_Runner):
    def __init__(self, policy: Policy, rows: Array, spec: Spec, slots: int, debug: bool) -> None:
        del debug  # a batch policy is plain Python as it is
        super().__init__(policy, rows, spec, slots)
        self._params[:] = rows[0]
        self._random = SlotRandom(slots)
        params = _read_only(self._params)
        self._instance = self._guarded(lambda: policy.namespace["Policy"](self.spec, params, self._random))

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        self._params[slots] = self._rows[candidates]
        self._random.rekey(slots, keys)
        self._guarded(lambda: self._instance.reset(slots.copy()))

    def act(self, batch: StepBatch) -> None:
        obs, live = self._seen(batch), batch.live
        everything = (obs, batch.info, batch.slots)
        view = [_read_only(part if live is None else part[live]) for part in everything]
        actions = self._checked(self._guarded(lambda: self._instance.act(*view)), len(view[2]))
        bad = self._first_bad(actions)
        if bad >= 0:
            raise self._bad_action(batch, int(self._live(batch)[bad]), actions[bad])
        if live is None:
            batch.actions[:] = actions
        else:
            batch.actions[live] = actions

    def drew_randomness(self, slot: int) -> bool:
        return self._random.drawn(slot)

    def state_of(self, slot: int) -> dict[str, Any]:
        del slot  # what a batch policy remembers is its own affair
        return {}

    def _checked(self, actions: Any, rows: int) -> Array:
        action = self.spec.action
        found, kinds = np.asarray(actions), "biu" if action.kind == "discrete" else "biuf"
        if found.shape != (rows, *action.shape) or found.dtype.kind not in kinds:
            raise ActionError(
                f"{self._policy.name}: act returned {found.dtype} of shape {found.shape}, expected "
                f"{'integers' if action.kind == 'discrete' else 'floats'} of shape {(rows, *action.shape)}: {action} per slot."
            )
        if found.dtype == np.uint64 and found.size and found.max() > np.iinfo(np.int64).max:
            found = np.minimum(found, np.iinfo(np.int64).max)  # stays out of range, and fits the comparison
        return np.ascontiguousarray(found, action.dtype)

    def _first_bad(self, actions: Array) -> int:
        action = self.spec.action
        if action.kind == "discrete":
            return int(_core.check_discrete(actions, action.n))
        flat = int(_core.check_continuous(actions, action.low, action.high))
        if flat < 0 and action.kind == "buttons":
            wrong = (actions != 0) & (actions != 1)
            flat = int(wrong.argmax()) if wrong.any() else -1
        return flat // action.size if flat >= 0 else -1

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except PolicyError:
            raise
        except (Exception, SystemExit) as error:
            line = line_in(error, self._policy.name)
            raise problem_at(self._policy, line, f"{type(error).__name__}: {error}") from error


def _read_only(array: Array) -> Array:
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

    def state_of(self, slot: int) -> dict[str, Any]:
        return self._hosts[self._owner[slot]].state_of(slot)
