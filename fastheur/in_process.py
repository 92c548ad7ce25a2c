"""Runs policies in this process: kernels in one compiled loop over the batch, batch policies as the Python they are."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.contract import Declaration
from fastheur.errors import ActionError, PolicyError
from fastheur.host import Candidate, Host, Runner, assemble, first_bad, read_only
from fastheur.kernel import compile_kernel, plain_loop
from fastheur.loading import Policy, line_in, policy_from_source, problem_at
from fastheur.model_steps import ModelMeter, metering
from fastheur.policy import SlotRandom, state_dtype
from fastheur.spec import Spec


def make_host(
    candidates: Sequence[Candidate],
    spec: Spec,
    slots: int,
    debug: bool = False,
    memory: Mapping[str, Array] | None = None,
) -> Host:
    """Return the host for ``candidates``, whose policies are loaded; one loop per distinct policy, compiled now.

    Args:
        candidates: in the order in which :meth:`Host.reset` counts them. spec: the task. slots: pool size.
        debug: run kernels as plain Python. memory: where a single policy keeps ``state`` and ``draws`` by slot, if not in
            arrays of its own.
    """

    def single(group: Sequence[Candidate]) -> Host:
        kind = _Kernel if group[0].policy.style == "kernel" else _Batch
        return kind(group, spec, slots, debug, memory or {})

    return assemble(candidates, slots, single)


class InProcess:
    """Policies in this process, at level ``none``; see :class:`fastheur.places.Place`."""

    level = "none"

    @property
    def stamp(self) -> dict[str, Any]:
        """Nothing stands between policy and harness."""
        return {"landlock": None, "seccomp": None}

    def begin(self) -> None:
        """There is nothing to start."""

    def load(self, source: str, name: str) -> Declaration:
        """Check and run a policy's text; the same text is loaded once."""
        return _loaded(source, name)

    def host(self, candidates: Sequence[Candidate], spec: Spec, slots: int, debug: bool = False) -> Host:
        """See :func:`make_host`."""
        return make_host(candidates, spec, slots, debug)

    def close(self) -> None:
        """There is nothing to end."""


@lru_cache(maxsize=64)
def _loaded(source: str, name: str) -> Policy:
    return policy_from_source(source, name)


class _InProcess(Runner):
    """Common to both styles: the loaded policy, and its parameter rows per slot."""

    def __init__(self, candidates: Sequence[Candidate], spec: Spec, slots: int) -> None:
        super().__init__(candidates, spec, slots)
        assert isinstance(self._policy, Policy)
        self._loaded = self._policy
        self._rows = self._loaded.rows(self._values)
        self._params = np.zeros(slots, self._rows.dtype)
        self._all_rows = np.arange(slots)

    def _live(self, batch: StepBatch) -> Array:
        return self._all_rows[: len(batch.slots)] if batch.live is None else batch.live


class _Kernel(_InProcess):
    def __init__(
        self, candidates: Sequence[Candidate], spec: Spec, slots: int, debug: bool, memory: Mapping[str, Array]
    ) -> None:
        super().__init__(candidates, spec, slots)
        policy = self._loaded
        self._state = memory["state"] if memory else np.zeros(slots, state_dtype(policy.state))
        self._state[:] = np.zeros((), self._state.dtype)
        action = self.spec.action
        self._low: Any = 0 if action.kind == "discrete" else action.low
        self._high: Any = action.n if action.kind == "discrete" else action.high
        self._buttons = action.kind == "buttons"
        self._cursor = np.zeros(1, np.int64)
        obs = np.zeros((1, *self.spec.obs_shape), self.spec.obs_dtype)
        sample = self._arguments(
            read_only(obs),
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
                plain_loop(self._loaded, self.spec)(*arguments)
            except Exception as again:
                line = line_in(again, self._policy.name)
        where = f"in slot {batch.slots[row]} at step {batch.info['elapsed'][row]}"
        return problem_at(self._loaded, line, f"{type(error).__name__} {where}: {error}")


class _Batch(_InProcess):
    def __init__(
        self, candidates: Sequence[Candidate], spec: Spec, slots: int, debug: bool, memory: Mapping[str, Array]
    ) -> None:
        del debug  # a batch policy is plain Python as it is
        super().__init__(candidates, spec, slots)
        self._params[:] = self._rows[0]
        self._random = SlotRandom(slots, memory.get("draws"))
        self._meter = ModelMeter(slots, memory.get("model_steps"))
        params = read_only(self._params)
        with self._planning(), metering(self._meter):
            self._instance = self._guarded(lambda: self._loaded.namespace["Policy"](self.spec, params, self._random))

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        self._params[slots] = self._rows[candidates]
        self._random.rekey(slots, keys)
        self._meter.restart(slots)
        with self._planning():
            self._guarded(lambda: self._instance.reset(slots.copy()))

    def act(self, batch: StepBatch) -> None:
        self._refuse_unplanned()
        obs, live = self._seen(batch), batch.live
        everything = (obs, batch.info, batch.slots)
        view = [read_only(part if live is None else part[live]) for part in everything]
        with self._planning():
            found = self._guarded(lambda: self._instance.act(*view))
        actions = self._checked(found, len(view[2]))
        bad = first_bad(self.spec.action, actions)
        if bad >= 0:
            raise self._bad_action(batch, int(self._live(batch)[bad]), actions[bad])
        if live is None:
            batch.actions[:] = actions
        else:
            batch.actions[live] = actions

    def drew_randomness(self, slot: int) -> bool:
        return self._random.drawn(slot)

    def model_steps_of(self, slot: int) -> int | None:
        return int(self._meter.counts[slot]) if self._policy.plans else None

    def _planned_now(self) -> int:
        return self._meter.total

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

    def _guarded(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except PolicyError:
            raise
        except (Exception, SystemExit) as error:
            line = line_in(error, self._policy.name)
            raise problem_at(self._loaded, line, f"{type(error).__name__}: {error}") from error
