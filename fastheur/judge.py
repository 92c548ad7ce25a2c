"""Plays candidates for a run and keeps the books: reserve, play what is not known yet, record, settle.

Fresh episodes are a pure function of policy, parameters, setting and index, so whatever was once played is known for ever:
the same candidate again, the champion on the gate's episodes, or a run that is resumed costs nothing twice.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from fastheur.errors import EngineError, FastheurError, IsolationError, LedgerError, PolicyDied
from fastheur.hopeless import StallRule
from fastheur.ledger import TrialStart, versions
from fastheur.meter import ModelStepsSpent, StepMeter, StepsSpent
from fastheur.model_steps import summed
from fastheur.playing import START_S, Deadlines, Player
from fastheur.rollout import Episode
from fastheur.run_ledger import RunLedger
from fastheur.runs import RunConfig, environment_entry
from fastheur.score import Cost, Scorecard, Setting, with_score
from fastheur.seeds import commitment, episode_seeds
from fastheur.tasks import Protocol
from fastheur.trial_rows import Entry, TrialRows, settle_open

_UNBOUNDED = 1 << 40


@dataclass(frozen=True)
class Row:
    """A candidate as the supervisor knows it: text and parameter values, never code that it would run itself."""

    name: str
    source: str = field(repr=False)
    sha256: str
    style: str
    values: Mapping[str, float]
    plans: bool


def row_of(name: str, source: str, sha256: str, declared: Mapping[str, Any]) -> Row:
    """Return the candidate that is played with its defaults; ``declared`` is the player's answer to ``check``."""
    return Row(name, source, sha256, declared["style"], declared["values"], declared["plans"])


@dataclass(frozen=True)
class Order:
    """What is to be played, and how.

    Attributes:
        operation: who pays. role: ``train``, ``validation``, ``golden``, ``search`` or ``sealed``. split, indices: episodes.
        protocol: how they are played. most: env steps at most, None for what is left of the budget. stall: cut an episode
            after so many env steps without reward. record: keep what the failure report needs. notes: for the trials.
        secret: of the sealed split.
    """

    operation: int
    role: str
    split: str
    indices: Sequence[int]
    protocol: Protocol
    most: int | None = None
    stall: int | None = None
    record: bool = False
    notes: str = ""
    secret: str | None = field(default=None, repr=False)


Known = dict[int, tuple[Episode, Any, int]]
"""Finished episodes by index: the result, the record (None where none was kept), and the trial that played it."""


@dataclass(frozen=True)
class Played:
    """One candidate's episodes, those known before among them; ``records`` by index; ``trial`` is the last that played."""

    card: Scorecard
    records: Mapping[int, Mapping[str, Any]]
    trial: int | None


class Judge:
    """The one place of a run where env steps are reserved, taken and settled."""

    def __init__(self, config: RunConfig, ledger: RunLedger, player: Player, meter: StepMeter) -> None:
        self._config = config
        self._ledger = ledger
        self._player = player
        self._meter = meter
        self._versions = versions(config.engine)
        self._walls: dict[str, Any] | None = None
        self.cap: int | None = None
        """Env steps after which the task ends an episode by itself; None where it does not, or nobody has asked yet."""
        self.spent = False
        """True once steps were refused because the budget itself, not some share of it, did not cover them."""
        self.charged = 0
        """Env steps charged before the reservation under way."""
        self.deadline: Callable[[], float] = lambda: config.trial_s
        self.progress: Callable[[int, int], None] = lambda done, of: None

    @property
    def model_left(self) -> int | None:
        """Model steps that are left of their budget; None where it has no limit."""
        limit = self._config.budget.model_steps
        return None if limit is None else max(0, limit - (self._ledger.model_steps() or 0))

    @property
    def left(self) -> int:
        """Env steps that nobody has reserved or taken."""
        return max(0, self._config.budget.env_steps - self._ledger.steps()[0])

    def ask(self, what: str, **request: Any) -> dict[str, Any]:
        """Ask the player something that takes no env steps."""
        return self._asked(self._request(what, self._config.protocol, request))

    def observe(self, operation: int, what: str, most: int, protocol: Protocol, **request: Any) -> dict[str, Any]:
        """Have the player do an instrumented rollout of at most ``most`` env steps (probe, trace)."""
        with self._reserved(operation, what, min(most, self.left)):
            return self._asked(self._request(what, protocol, request))

    def play(self, rows: Sequence[Row], order: Order) -> list[Played]:
        """Return every row's episodes ``order.indices``; what is known is not played again.

        Raises:
            StepsSpent: the steps that could be reserved were not enough; what was taken is charged, finished episodes kept.
            FastheurError: a policy broke the contract, crashed or hung; likewise.
        """
        known = [self._known(row, order) for row in rows]
        if order.protocol.deterministic(self._config.task):  # one episode tells whether the others can differ
            first = [(number, order.indices[0]) for number in range(len(rows)) if not known[number]]
            known = self._completed(rows, order, known, first)
        wanted = [
            (number, index) for index in order.indices for number in range(len(rows)) if index not in known[number]
        ]
        known = self._completed(rows, order, known, wanted)
        return [self._played(row, order, episodes) for row, episodes in zip(rows, known, strict=True)]

    # ------------------------------------------------------------------ playing

    def _known(self, row: Row, order: Order) -> Known:
        """Return a row's episodes by index; where every episode is the same, the one that was played stands for all."""
        known: Known = dict(self._ledger.known_episodes(self._key(row, order)))
        one = next(iter(known.values()), None)
        if one is not None and order.protocol.deterministic(self._config.task) and not one[0].random:
            for index in order.indices:
                record = one[1] and {**one[1], "index": index}
                known.setdefault(index, (replace(one[0], index=index), record, one[2]))
        return known

    def _completed(
        self, rows: Sequence[Row], order: Order, known: list[Known], wanted: Sequence[tuple[int, int]]
    ) -> list[Known]:
        """Play what is wanted, (row, index) each, and return what is known then."""
        if not wanted:
            return known
        self._play(rows, order, wanted)
        return [self._known(row, order) for row in rows]

    def _play(self, rows: Sequence[Row], order: Order, wanted: Sequence[tuple[int, int]]) -> None:
        used = sorted({number for number, _ in wanted})
        place = {number: at for at, number in enumerate(used)}
        mine = [rows[number] for number in used]
        seeds = {
            index: episode_seeds(order.split, index, 1, order.secret)[0] for index in {index for _, index in wanted}
        }
        request = {
            "sources": {row.sha256: row.source for row in mine},
            "candidates": [{"name": row.name, "sha256": row.sha256, "values": dict(row.values)} for row in mine],
            "jobs": [[place[number], index, seeds[index]] for number, index in wanted],
            "slots": self._config.slots,
            "stall": order.stall,
            "cap": self.cap_of(order.protocol),
            "record": order.record,
        }
        settings = [self.setting(row, order) for row in mine]
        starts = [self._start(row, order, setting) for row, setting in zip(mine, settings, strict=True)]
        with self._reserved(order.operation, order.role, self._worst(order, len(wanted)), starts) as account:
            entries = [
                Entry(trial, setting, self._key(row, order), row.plans)
                for trial, setting, row in zip(account.trials, settings, mine, strict=True)
            ]
            trials = TrialRows(
                self._ledger,
                entries,
                self._config.slots,
                self._config.threads,
                len(wanted),
                order.secret,
                self.progress,
            )
            account.settle = trials.settle
            try:
                trials.done = self._asked(
                    self._request("play", order.protocol, request),
                    lambda message: trials.heard(with_score(Episode(**message["episode"])), message["record"]),
                )
                trials.status, trials.error = "finished", None
            except (StepsSpent, EngineError, IsolationError, LedgerError) as error:
                trials.error = str(error)
                raise
            except FastheurError as error:
                trials.status, trials.error = "failed", str(error)
                raise

    def _start(self, row: Row, order: Order, setting: Setting) -> TrialStart:
        config, name = self._config, row.name.removesuffix(".py")
        sealed = order.secret is not None
        return TrialStart(
            name, setting, row, config.slots, config.threads, self._versions, order.notes, sealed, **self._stamp()
        )

    def _stamp(self) -> dict[str, Any]:
        """Return what stands between a policy and the machine; asked once, since the player may be replaced by its like only."""
        if self._walls is None:
            self._walls = self.ask("isolate")
        return self._walls

    def _asked(
        self, request: Mapping[str, Any], heard: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Ask the player; what the end of the run's wall time cuts off is no fault of the policy's."""
        try:
            return self._player.ask(request, self._deadlines(), heard)
        except PolicyDied as error:
            if self.deadline() <= 0:
                raise StepsSpent("The wall time of the run is spent.") from error
            raise

    @contextmanager
    def _reserved(
        self, operation: int, role: str, steps: int, starts: Sequence[TrialStart] = ()
    ) -> Iterator["_Account"]:
        """Reserve before the first step; settle with what the meter says, whatever happens in between."""
        settle_open(self._ledger, self._meter)  # a Ctrl-C may come at any line, also while there is something to settle
        self.charged = self._ledger.steps()[0]
        left = self._config.budget.env_steps - self.charged
        number, trials = self._ledger.reserve(operation, role, steps, starts)
        self._meter.begin(number, steps, None if role == "sealed" else self.model_left)
        account = _Account(trials)
        try:
            yield account
        except ModelStepsSpent:  # their budget is spent, and says so itself
            raise
        except StepsSpent:
            self.spent |= role != "sealed" and steps >= left and self.deadline() > 0
            raise
        finally:
            taken, planned = self._meter.taken, self._meter.model_taken
            with self._ledger.at_once("settle steps"):
                account.settle(taken, planned)
                self._ledger.settle(number, taken, planned)

    def _worst(self, order: Order, episodes: int) -> int:
        """Env steps to reserve: what the episodes can take, and not more than may be spent on them."""
        cap = self.cap_of(order.protocol)
        worst = _UNBOUNDED if cap is None else cap * episodes
        if order.role == "sealed":
            return worst
        return min(worst, self.left if order.most is None else min(order.most, self.left))

    def cap_of(self, protocol: Protocol) -> int | None:
        """Return the env steps after which an episode is over, or None."""
        cap = protocol.envpool_args(self._config.task).get("max_episode_steps", self.cap)
        return None if cap is None else int(cap)

    def _deadlines(self) -> Deadlines:
        """Policies that are isolated have deadlines of their own: past those, it is the simulator that hangs."""
        config = self._config
        idle_s = config.idle_s if config.isolation == "none" else config.idle_s + config.limits.load_s + START_S
        return Deadlines(idle_s, max(0.1, min(config.trial_s, self.deadline())))

    def _request(self, what: str, protocol: Protocol, request: Mapping[str, Any]) -> dict[str, Any]:
        config = self._config
        return {
            "do": what,
            "env": environment_entry(config.environment),
            "mode": config.mode,
            "protocol": {**vars(protocol)},
            "engine": config.engine,
            "threads": config.threads,
            "isolation": config.isolation,
            "limits": vars(config.limits),
            **request,
        }

    # ------------------------------------------------------------------ records

    def setting(self, row: Row, order: Order) -> Setting:
        """Return what a row is played on, as its trials say it."""
        task = self._config.task
        stamp = "" if order.stall is None else StallRule(order.stall, 0).stamp
        return Setting(
            task.env_id,
            task.mode,
            order.protocol.label(task) + stamp,
            order.split,
            order.protocol.envpool_args(task),
            order.protocol.deterministic(task),
            row.name,
            row.sha256,
            row.values,
            isolation=self._config.isolation,
            batch_policy=row.style == "batch",
            sealed_commitment=commitment(order.secret) if order.secret else None,
            stop_stalled=order.stall,
        )

    def _key(self, row: Row, order: Order) -> tuple[str, str, str]:
        setting = self.setting(row, order)
        what = [setting.protocol, dict(setting.protocol_args), order.split, setting.sealed_commitment]
        return row.sha256, json.dumps(dict(row.values), sort_keys=True), json.dumps(what, sort_keys=True)

    def _played(self, row: Row, order: Order, known: Known) -> Played:
        mine = {index: known[index] for index in sorted(order.indices)}
        trials = [trial for _, _, trial in mine.values()]
        episodes = tuple(episode for episode, _, _ in mine.values())
        steps, planned = (
            sum(episode.length for episode in episodes),
            summed(episode.model_steps for episode in episodes),
        )
        cost = Cost(steps, 0.0, 0.0, self._config.slots, self._config.threads, model_steps=planned)
        card = Scorecard(self.setting(row, order), episodes, cost, True, order.secret, max(trials, default=None))
        return Played(card, {index: record for index, (_, record, _) in mine.items() if record}, card.trial)


@dataclass
class _Account:
    """What a reservation pays for: its trials, and how they are settled with the env and model steps that were taken."""

    trials: list[int]
    settle: Callable[[int, int], None] = lambda taken, planned: None
