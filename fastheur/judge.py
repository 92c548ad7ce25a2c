"""Plays candidates for a run and keeps the books: reserve, play what is not known yet, record, settle.

Fresh episodes are a pure function of policy, parameters, setting and index, so whatever was once played is known for ever:
the same candidate again, the champion on the gate's episodes, or a run that is resumed costs nothing twice.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fastheur.errors import EngineError, FastheurError
from fastheur.hopeless import StallRule
from fastheur.ledger import TrialStart, versions
from fastheur.meter import StepMeter, StepsSpent
from fastheur.playing import Deadlines, Player
from fastheur.rollout import Episode
from fastheur.run_ledger import RunLedger
from fastheur.runs import RunConfig, environment_entry
from fastheur.score import Cost, Scorecard, Setting
from fastheur.seeds import commitment, episode_seeds
from fastheur.tasks import Protocol

WRITE_S = 1.0
"""Finished episodes are written at least this often."""

_UNBOUNDED = 1 << 40


@dataclass(frozen=True)
class Row:
    """A candidate as the supervisor knows it: text and parameter values, never code that it would run itself."""

    name: str
    source: str = field(repr=False)
    sha256: str
    style: str
    values: Mapping[str, float]


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
        self.cap: int | None = None
        """Env steps after which the task ends an episode by itself; None where it does not, or nobody has asked yet."""
        self.spent = False
        """True once steps were refused because the budget itself, not some share of it, did not cover them."""
        self.charged = 0
        """Env steps charged before the reservation under way."""
        self.deadline: Callable[[], float] = lambda: config.trial_s
        self.progress: Callable[[int, int], None] = lambda done, of: None

    @property
    def left(self) -> int:
        """Env steps that nobody has reserved or taken."""
        return max(0, self._config.budget.env_steps - self._ledger.steps()[0])

    def ask(self, what: str, **request: Any) -> dict[str, Any]:
        """Ask the player something that takes no env steps."""
        return self._player.ask(self._request(what, self._config.protocol, request), self._deadlines())

    def observe(self, operation: int, what: str, most: int, protocol: Protocol, **request: Any) -> dict[str, Any]:
        """Have the player do an instrumented rollout of at most ``most`` env steps (probe, trace)."""
        with self._reserved(operation, what, min(most, self.left)):
            return self._player.ask(self._request(what, protocol, request), self._deadlines())

    def play(self, rows: Sequence[Row], order: Order) -> list[Played]:
        """Return every row's episodes ``order.indices``; what is known is not played again.

        Raises:
            StepsSpent: the steps that could be reserved were not enough; what was taken is charged, finished episodes kept.
            FastheurError: a policy broke the contract, crashed or hung; likewise.
        """
        known = [self._ledger.known_episodes(self._key(row, order)) for row in rows]
        wanted = [
            (number, index) for index in order.indices for number in range(len(rows)) if index not in known[number]
        ]
        if wanted:
            self._play(rows, order, wanted)
            known = [self._ledger.known_episodes(self._key(row, order)) for row in rows]
        return [self._played(row, order, episodes) for row, episodes in zip(rows, known, strict=True)]

    # ------------------------------------------------------------------ playing

    def _play(self, rows: Sequence[Row], order: Order, wanted: Sequence[tuple[int, int]]) -> None:
        used = sorted({number for number, _ in wanted})
        place = {number: at for at, number in enumerate(used)}
        mine = [rows[number] for number in used]
        seeds = {
            index: episode_seeds(order.split, index, 1, order.secret)[0] for index in {index for _, index in wanted}
        }
        request = {
            "candidates": [{"name": row.name, "source": row.source, "values": dict(row.values)} for row in mine],
            "jobs": [[place[number], index, seeds[index]] for number, index in wanted],
            "slots": self._config.slots,
            "stall": order.stall,
            "cap": self.cap_of(order.protocol),
            "record": order.record,
        }
        with self._reserved(order.operation, order.role, self._worst(order, len(wanted))) as reservation:
            trials = _Trials(self, mine, order, len(wanted), reservation)
            try:
                done = self._player.ask(self._request("play", order.protocol, request), self._deadlines(), trials.heard)
            except StepsSpent as error:
                trials.settle("interrupted", None, str(error))
                raise
            except EngineError as error:
                trials.settle("interrupted", None, str(error))
                raise
            except FastheurError as error:
                trials.settle("failed", None, str(error))
                raise
            except BaseException:
                trials.settle("interrupted", None, "interrupted")
                raise
            trials.settle("finished", done, None)

    @contextmanager
    def _reserved(self, operation: int, role: str, steps: int) -> Iterator[int]:
        """Reserve before the first step; settle with what the meter says, whatever happens in between."""
        self.charged = self._ledger.steps()[0]
        left = self.left
        reservation = self._ledger.reserve(operation, role, steps)
        self._meter.begin(reservation, steps)
        try:
            yield reservation
        except StepsSpent:
            self.spent |= role != "sealed" and steps >= left
            raise
        finally:
            self._ledger.settle(reservation, self._meter.taken)

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
        return Deadlines(self._config.idle_s, max(0.1, min(self._config.trial_s, self.deadline())))

    def _request(self, what: str, protocol: Protocol, request: Mapping[str, Any]) -> dict[str, Any]:
        config = self._config
        return {
            "do": what,
            "env": environment_entry(config.environment),
            "mode": config.mode,
            "protocol": {**vars(protocol)},
            "engine": config.engine,
            "threads": config.threads,
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

    def _played(self, row: Row, order: Order, known: Mapping[int, tuple[Episode, Any, int]]) -> Played:
        mine = {index: known[index] for index in sorted(order.indices)}
        trials = [trial for _, _, trial in mine.values()]
        episodes = tuple(episode for episode, _, _ in mine.values())
        cost = Cost(sum(episode.length for episode in episodes), 0.0, 0.0, self._config.slots, self._config.threads)
        card = Scorecard(self.setting(row, order), episodes, cost, True, order.secret, max(trials, default=None))
        return Played(card, {index: record for index, (_, record, _) in mine.items() if record}, card.trial)


class _Trials:
    """The trial rows of one request: written as running before its first step, their episodes as they come."""

    def __init__(self, judge: Judge, rows: Sequence[Row], order: Order, episodes: int, reservation: int) -> None:
        self._judge, self._rows, self._order = judge, rows, order
        self._ledger = judge._ledger
        self._total = episodes
        self._episodes: list[list[Episode]] = [[] for _ in rows]
        self._waiting: list[list[tuple[Episode, Any]]] = [[] for _ in rows]
        self._done = 0
        self._began = self._wrote = time.monotonic()
        found = versions(judge._config.engine)
        starts = [
            TrialStart(
                row.name.removesuffix(".py"), judge.setting(row, order), row, judge._config.slots,
                judge._config.threads, found, order.notes, order.secret is not None,
            )
            for row in rows
        ]  # fmt: skip
        self._numbers = self._ledger.start(starts)
        self._ledger.assign(self._numbers, reservation)

    def heard(self, message: Mapping[str, Any]) -> None:
        """Take an episode from the player; write those that wait now and then."""
        episode = Episode(**message["episode"])
        self._episodes[episode.candidate].append(episode)
        self._waiting[episode.candidate].append((episode, message["record"]))
        self._done += 1
        if time.monotonic() - self._wrote > WRITE_S:
            self._write()
        self._judge.progress(self._done, self._total)

    def settle(self, status: str, done: Mapping[str, Any] | None, error: str | None) -> None:
        """Write what came out: costs always, scores only of a finished trial."""
        self._write()
        wall = done["wall_s"] if done else time.monotonic() - self._began
        setup = done["setup_s"] if done else 0.0
        known = [sum(episode.length for episode in episodes) for episodes in self._episodes]
        steps = shares(self._judge._meter.taken, known)
        cards = []
        for row, episodes, mine in zip(self._rows, self._episodes, steps, strict=True):
            cost = Cost(
                mine, wall / len(steps), setup / len(steps), self._judge._config.slots, self._judge._config.threads
            )
            ordered = tuple(sorted(episodes, key=lambda episode: episode.index))
            cards.append(
                Scorecard(
                    self._judge.setting(row, self._order), ordered, cost, status == "finished", self._order.secret
                )
            )
        self._ledger.finish_trials(self._numbers, cards, status, error)

    def _write(self) -> None:
        for number, row, waiting in zip(self._numbers, self._rows, self._waiting, strict=True):
            self._ledger.keep_episodes(number, self._judge._key(row, self._order), self._order.split, waiting)
            waiting.clear()
        self._wrote = time.monotonic()


def shares(total: int, known: Sequence[int]) -> list[int]:
    """Share out ``total`` env steps: each trial's finished episodes, and the steps of unfinished ones evenly."""
    extra, rest = divmod(total - sum(known), len(known))
    return [mine + extra + (number < rest) for number, mine in enumerate(known)]


def recover(ledger: RunLedger, meter: StepMeter) -> None:
    """Settle what a process that died left open, with the steps that the meter says it took."""
    for open_ in ledger.open_reservations():
        number = open_["reservation"]
        taken = meter.taken if meter.reservation == number else 0
        trials = ledger.running_trials(number)
        if trials:
            steps = shares(taken, [ledger.known_steps(trial) for trial in trials])
            for trial, mine in zip(trials, steps, strict=True):
                ledger.interrupt_trial(trial, mine, "the run's process died")
        ledger.settle(number, taken)
    ledger.interrupt_open()
