"""Runs policies in processes of their own: the same results as in this one, and a crash, a hang or an attack stays there.

Observations are copied into a cell's inbox, actions out of its outbox, once, and checked then.
"""

import hashlib
import time
import weakref
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastheur.batch import Array, StepBatch
from fastheur.contract import Declaration
from fastheur.declarations import plans_in
from fastheur.errors import IsolationError, PolicyError
from fastheur.host import Candidate, Host, Runner, assemble, first_bad
from fastheur.limits import Limits
from fastheur.mailbox import (
    INBOX_HEADER,
    INBOX_LETTER,
    LOAD,
    OUTBOX_HEADER,
    OUTBOX_LETTER,
    PLAY,
    PREPARE,
    bytes_of,
    inbox_columns,
    outbox_columns,
    spec_to_dict,
)
from fastheur.policy import state_dtype
from fastheur.sandbox import Cell
from fastheur.spec import Spec
from fastheur.templates import Template

KEPT = 4
"""Cells that wait for another evaluation of their policy."""

HEAVY = 512 << 20
"""One with more resident bytes than this is not worth its place: the libraries and a compiled policy take half."""

_Key = tuple[str, str]
"""A policy's SHA-256, and its name, which its messages carry."""

_USUAL_INBOX = 64 << 20
_USUAL_OUTBOX = 16 << 20
_GLANCE_S = 0.1

MOST_MODEL_STEPS = 1 << 40
"""That are believed of one episode."""


class Isolated:
    """Policies in processes of their own, at level ``strict`` or ``process``; see :class:`fastheur.places.Place`.

    Args:
        level: of the two. limits: what a policy may take. fenced: False leaves out the static check, to try the walls behind.
    """

    def __init__(self, level: str, limits: Limits, fenced: bool = True) -> None:
        self.level = level
        self._limits = limits
        self._fenced = fenced
        self._template: Template | None = None
        self._cells: OrderedDict[_Key, tuple[Cell, Declaration]] = OrderedDict()

    def begin(self) -> None:
        """Start in the background what the first policy will wait for."""
        if self._template is not None and not self._template.fit:
            self.close()
        if self._template is None:
            self._template = Template(self.level == "strict", self._limits.memory_mb)

    @property
    def stamp(self) -> dict[str, Any]:
        """``landlock``, the ABI, and ``seccomp``, the hash of the filter; None where there is none.

        Raises:
            IsolationError: the level cannot be had on this machine.
        """
        return self._ready().stamp

    def load(self, source: str, name: str) -> Declaration:
        """Return what a policy declares.

        Raises:
            PolicyError: it breaks the contract, or does not survive being loaded. IsolationError: see :attr:`stamp`.
        """
        _, declared = self._cell(source, name, 0, 0)
        self._clear({(declared.sha256, name)})
        return declared

    def host(self, candidates: Sequence[Candidate], spec: Spec, slots: int, debug: bool = False) -> Host:
        """Return the host for ``candidates``; one cell per distinct policy."""
        if debug:
            raise IsolationError(f"debug=true needs isolation=none, and isolation is {self.level}.")
        used: set[_Key] = set()

        def single(group: Sequence[Candidate]) -> Host:
            policy = group[0].policy
            used.add((policy.sha256, policy.name))
            return _CellHost(group, spec, slots, self)

        host = assemble(candidates, slots, single)
        self._clear(used)
        return host

    def rest(self) -> None:
        """Halt all processes until they are asked again; no host may be at work."""
        for cell, _ in self._cells.values():
            cell.rest(cell.turn)

    def close(self) -> None:
        """End all processes."""
        for cell, _ in self._cells.values():
            cell.close()
        self._cells.clear()
        template, self._template = self._template, None
        if template is not None:
            template.close()

    def forget(self) -> None:
        """In a forked child: the processes are the parent's."""
        self._cells.clear()
        self._template = None

    def prepared(self, policy: Declaration, request: dict[str, Any], inbox: int, outbox: int) -> Cell:
        """Return a cell that has loaded ``policy`` and is ready to play, with boxes of so many bytes at least."""
        cell, _ = self._cell(policy.source, policy.name, inbox, outbox)
        cell.ask(PREPARE, request, self._limits.load_s)
        return cell

    @property
    def limits(self) -> Limits:
        """What a policy may take."""
        return self._limits

    def _ready(self) -> Template:
        self.begin()
        assert self._template is not None
        try:
            self._template.stamp  # noqa: B018 - waits, and raises what is wrong
        except BaseException:
            self.close()
            raise
        return self._template

    def _cell(self, source: str, name: str, inbox: int, outbox: int) -> tuple[Cell, Declaration]:
        """Return the policy's cell and what it declares; another one where there is none, it has died, or it is too small."""
        template, key = self._ready(), (_sha256(source), name)
        if key in self._cells:
            cell, declared = self._cells.pop(key)
            if cell.fit and cell.size[0] >= inbox and cell.size[1] >= outbox:
                self._cells[key] = cell, declared
                return cell, declared
            cell.close()
        cell = Cell(template, name, max(inbox, _USUAL_INBOX), max(outbox, _USUAL_OUTBOX), plans_in(source, name))
        try:
            told = cell.ask(LOAD, {"source": source, "name": name, "fenced": self._fenced}, self._limits.load_s)
            declared = Declaration.from_dict(source, name, told)
        except BaseException:
            cell.close()
            raise
        cell.rest(cell.turn)
        self._cells[key] = cell, declared
        return cell, declared

    def _clear(self, used: set[_Key]) -> None:
        """End the cells that have waited longest, beyond those that are kept, and heavy ones; none that is ``used``."""
        idle = [key for key in self._cells if key not in used]
        surplus = max(0, len(self._cells) - KEPT)
        for key in [*idle[:surplus], *(key for key in idle[surplus:] if self._cells[key][0].resident > HEAVY)]:
            self._cells.pop(key)[0].close()


class _CellHost(Runner):
    """One policy in its cell."""

    def __init__(self, candidates: Sequence[Candidate], spec: Spec, slots: int, place: Isolated) -> None:
        super().__init__(candidates, spec, slots)
        self._limits = place.limits.of(self._policy.plans)
        ins = inbox_columns(self.spec, slots)
        outs = outbox_columns(self.spec, slots, state_dtype(self._policy.state))
        request = {"spec": spec_to_dict(self.spec), "slots": slots, "values": self._values}
        sizes = bytes_of(ins, INBOX_HEADER, INBOX_LETTER), bytes_of(outs, OUTBOX_HEADER, OUTBOX_LETTER)
        self._cell = place.prepared(self._policy, request, *sizes)
        weakref.finalize(self, self._cell.rest, self._cell.turn).atexit = False
        self._in, self._out = self._cell.inbox.laid_out(ins), self._cell.outbox.laid_out(outs)
        header = self._cell.inbox.header
        self._rows, self._starts = header["rows"], header["starts"]
        self._waiting = 0
        self._most = slots
        self._spent = self._looked = 0.0
        self._began = np.zeros(slots)
        self._counts, self._total = np.zeros(slots, np.int64), 0
        with self._planning():
            self._count()  # what it took while it was made

    def reset(self, slots: Array, candidates: Array, keys: Sequence[int]) -> None:
        """Take down which episodes start; the cell hears of them with its next batch."""
        if self._waiting + len(slots) > self._most:
            self._play(0)
        rows = slice(self._waiting, self._waiting + len(slots))
        self._in["start_slots"][rows] = slots
        self._in["start_candidates"][rows] = candidates
        self._in["start_keys"][rows] = np.array(keys, np.uint64)
        self._waiting += len(slots)
        self._began[slots] = self._spent

    def act(self, batch: StepBatch) -> None:
        """Send the live rows, and take their actions."""
        self._refuse_unplanned()
        obs, live, sent = self._seen(batch), batch.live, self._in
        rows = len(batch.slots) if live is None else len(live)
        for name, column in (("obs", obs), ("info", batch.info), ("slots", batch.slots)):
            sent[name][:rows] = column if live is None else column[live]
        self._play(rows)
        actions = self._out["actions"][:rows].copy()  # once: whatever is written there later is nobody's answer
        bad = first_bad(self.spec.action, actions)
        if bad >= 0:
            raise self._bad_action(batch, bad if live is None else int(live[bad]), actions[bad])
        if live is None:
            batch.actions[:] = actions
        else:
            batch.actions[live] = actions

    def drew_randomness(self, slot: int) -> bool:
        """See :class:`Host`; the word of the policy's process for it."""
        draws = self._out["state"]["_draws"] if self._policy.style == "kernel" else self._out["draws"]
        return bool(draws[slot])

    def model_steps_of(self, slot: int) -> int | None:
        """See :class:`Host`; likewise."""
        return int(self._counts[slot]) if self._policy.plans else None

    def _planned_now(self) -> int:
        return self._total

    def _count(self) -> None:
        """Take what the process says of its model steps: never fewer than before, and never more than can be."""
        if self._policy.plans:
            told = np.clip(self._out["model_steps"], self._counts, MOST_MODEL_STEPS)
            self._total += int((told - self._counts).sum())
            self._counts = told

    def state_of(self, slot: int) -> dict[str, Any]:
        """See :class:`Host`."""
        record = self._out["state"][slot].copy()
        return {str(entry[0]): record[entry[0]].tolist() for entry in self._policy.state}

    def _play(self, rows: int) -> None:
        self._rows[0], self._starts[0] = rows, self._waiting
        self._counts[self._in["start_slots"][: self._waiting]] = 0
        self._waiting = 0
        began = time.perf_counter()
        with self._planning():
            try:
                self._cell.call(PLAY, self._limits.call_s)
            finally:
                self._count()
        self._spent += time.perf_counter() - began
        if self._spent - self._looked > _GLANCE_S:
            self._looked = self._spent
            longest = self._spent - float(self._began[self._in["slots"][:rows]].min(initial=self._spent))
            if longest > self._limits.episode_s:
                raise self._cell.stop(
                    f"its calls took {longest:.1f} s in one episode, at most {self._limits.episode_s:g}"
                )


def _sha256(source: str) -> str:
    try:
        return hashlib.sha256(source.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise PolicyError(f"A policy is text in UTF-8: {error.reason} at character {error.start}.") from error
