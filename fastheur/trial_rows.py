"""The ledger's trial rows while a request is played: episodes are kept as they come, and costs and scores at its end."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastheur.meter import StepMeter
from fastheur.model_steps import shared_out, summed
from fastheur.rollout import Episode
from fastheur.run_ledger import RunLedger
from fastheur.score import Cost, Scorecard, Setting

WRITE_S = 1.0
"""Finished episodes are written at least this often."""


@dataclass(frozen=True)
class Entry:
    """A candidate of the request.

    Attributes:
        trial: its number. setting: what it is played on. key: what its episodes are kept under. plans: with a model.
    """

    trial: int
    setting: Setting
    key: tuple[str, str, str]
    plans: bool


class TrialRows:
    """The trials of one request, which are in the ledger as running.

    Args:
        total: episodes of the request. secret: of the sealed split. progress: told the episodes done, and all.

    Attributes:
        status, error: how the trials ended. done: what the player said at the end of a request that it has finished.
    """

    def __init__(
        self,
        ledger: RunLedger,
        entries: Sequence[Entry],
        slots: int,
        threads: int,
        total: int,
        secret: str | None,
        progress: Callable[[int, int], None],
    ) -> None:
        self._ledger, self._entries = ledger, entries
        self._slots, self._threads = slots, threads
        self._total, self._secret, self._progress = total, secret, progress
        self._episodes: list[list[Episode]] = [[] for _ in entries]
        self._waiting: list[list[tuple[Episode, Any]]] = [[] for _ in entries]
        self._done = 0
        self._began = self._wrote = time.monotonic()
        self.status = "interrupted"
        self.error: str | None = "interrupted"
        self.done: Mapping[str, Any] | None = None

    def heard(self, episode: Episode, record: Any) -> None:
        """Take an episode that has ended; write those that wait now and then."""
        self._episodes[episode.candidate].append(episode)
        self._waiting[episode.candidate].append((episode, record))
        self._done += 1
        if time.monotonic() - self._wrote > WRITE_S:
            with self._ledger.at_once("write episodes"):
                self._write()
            for waiting in self._waiting:  # not before they are on the disk
                waiting.clear()
            self._wrote = time.monotonic()
        self._progress(self._done, self._total)

    def settle(self, taken: int, planned: int) -> None:
        """Write what came out: costs always, scores only of a finished trial; inside of a transaction of the caller."""
        self._write()
        wall = self.done["wall_s"] if self.done else time.monotonic() - self._began
        setup = self.done["setup_s"] if self.done else 0.0
        steps = shares(taken, [sum(episode.length for episode in episodes) for episodes in self._episodes])
        known = [
            sum(episode.model_steps or 0 for episode in episodes) if entry.plans else None
            for entry, episodes in zip(self._entries, self._episodes, strict=True)
        ]
        cards = []
        for entry, episodes, mine, model in zip(
            self._entries, self._episodes, steps, shared_out(planned, known), strict=True
        ):
            cost = Cost(mine, wall / len(steps), setup / len(steps), self._slots, self._threads, model_steps=model)
            ordered = tuple(sorted(episodes, key=lambda episode: episode.index))
            cards.append(Scorecard(entry.setting, ordered, cost, self.status == "finished", self._secret))
        self._ledger.finish_trials([entry.trial for entry in self._entries], cards, self.status, self.error)

    def _write(self) -> None:
        for entry, waiting in zip(self._entries, self._waiting, strict=True):
            self._ledger.keep_episodes(entry.trial, entry.key, entry.setting.split, waiting)


def shares(total: int, known: Sequence[int]) -> list[int]:
    """Share out ``total`` env steps: each trial's finished episodes, and the steps of unfinished ones evenly."""
    extra, rest = divmod(total - sum(known), len(known))
    return [mine + extra + (number < rest) for number, mine in enumerate(known)]


def settle_open(ledger: RunLedger, meter: StepMeter) -> None:
    """Settle the reservations that a crash or a Ctrl-C left open, with the steps that the meter says were taken.

    A meter that a power cut has put back still leaves the finished episodes to be paid for.
    """
    for reservation in ledger.open_reservations():
        trials = ledger.running_trials(reservation)
        known = [ledger.known_steps(trial) for trial in trials]
        models = [ledger.known_model_steps(trial) for trial in trials]
        taken, planned = sum(known), summed(models) or 0
        if meter.reservation == reservation:
            taken, planned = max(meter.taken, taken), max(meter.model_taken, planned)
        if planned and summed(models) is None:  # cut off before an episode could say whose they are
            models = [0] * len(trials)
        with ledger.at_once("settle what was cut off"):
            steps = shares(taken, known) if trials else []
            for trial, mine, model in zip(trials, steps, shared_out(planned, models), strict=True):
                ledger.interrupt_trial(trial, mine, model, "cut off")
            ledger.settle(reservation, taken, planned)
