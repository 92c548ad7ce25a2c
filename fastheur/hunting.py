"""A search over a policy's own parameters: generations of rows, each played by successive halving."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from fastheur.errors import PolicyError
from fastheur.judge import Judge, Order, Played, Row
from fastheur.policy import Number, Param
from fastheur.runs import RunConfig
from fastheur.searching import Space, halving, propose, ranking

SHOWN_ROWS = 5


class Hunt:
    """One search: generation after generation, each a pure function of the ones before.

    Attributes:
        base: the policy and its declared values. history: rows and scores so far, None for a row that failed.
        generations: played so far. exhausted: the space has no more rows.
    """

    def __init__(
        self,
        config: RunConfig,
        judge: Judge,
        operation: int,
        base: Row,
        params: Mapping[str, Param],
        space: Space,
        sampler: str,
    ) -> None:
        self.base = base
        self.history: list[tuple[dict[str, Number], float | None]] = []
        self.generations = 0
        self.exhausted = False
        self._config = config
        self._judge = judge
        self._operation = operation
        self._params = params
        self._space = space
        self._sampler = sampler
        self._problem = ""

    def run(self, steps: int, free: int) -> None:
        """Search on for about ``steps`` env steps after ``free`` generations that an earlier one has played.

        A generation is played whole, and the next one begun as long as one of the mean size fits into the rest. What a
        generation takes is counted by the lengths of its episodes, whether or not they had to be played: a search that is
        resumed stops where it would have stopped.

        Raises:
            PolicyError: not one row of the first generation could be played.
        """
        config, used, paid, sizes = self._config, 0, 0, list[int]()
        while paid == 0 or used + used / paid <= steps:
            rows = propose(self._space, self.history, config.search_population, config.seed, self._sampler)
            if not rows:
                self.exhausted = True
                return
            scores, lengths = self._generation(rows)
            sizes.append(sum(lengths) or sizes[-1])  # one that failed whole counts as the one before: there is an end
            if self.generations >= free:
                used, paid = used + sizes[-1], paid + 1
            self.history += zip([{**self.base.values, **row} for row in rows], scores, strict=True)
            self.generations += 1

    def _generation(self, rows: Sequence[dict[str, Number]]) -> tuple[list[float | None], list[int]]:
        """Return score and env steps of each row, by successive halving over the episodes; None for a row that fails.

        The mean of a row that was dropped early is of fewer episodes: it counts for no more than the least of those kept.
        """
        config = self._config
        mine = [replace(self.base, values={**self.base.values, **row}) for row in rows]
        alive, last = list(range(len(mine))), dict[int, Played]()
        dropped: list[list[int]] = []
        for left, end in halving(len(mine), 1 if config.deterministic else config.search_episodes):
            alive.sort(key=lambda place: -_mean(last[place]) if last else 0.0)
            alive, out = alive[:left], alive[left:]
            dropped.append(out)
            played = self._played([mine[place] for place in alive], end)
            for place, one in zip(alive, played, strict=True):
                if one is None:
                    last.pop(place, None)
                else:
                    last[place] = one
            alive = [place for place in alive if place in last]
        if not last and not ranking(self.history):
            raise PolicyError(f"No row of generation {self.generations + 1} could be played. {self._problem}")
        scores = {place: _mean(one) for place, one in last.items()}
        for out in reversed(dropped):
            bar = min((scores[place] for place in alive), default=math.inf)
            scores |= {place: min(scores[place], bar) for place in out}
            alive += out
        places = range(len(mine))
        return [scores.get(place) for place in places], [
            _steps(last[place]) if place in last else 0 for place in places
        ]

    def _played(self, rows: Sequence[Row], episodes: int) -> list[Played | None]:
        """Play rows in one batch; where one fails, each by itself, so that the others keep their scores."""
        config = self._config
        order = Order(
            self._operation, "search", "train", range(episodes), config.protocol, stall=config.search_stall,
            notes=f"search, generation {self.generations + 1}",
        )  # fmt: skip
        try:
            return list(self._judge.play(rows, order))
        except PolicyError as error:
            if len(rows) == 1:
                self._problem = str(error)
                return [None]
        return [one for row in rows for one in self._played([row], episodes)]

    def switches(self, values: Mapping[str, Number]) -> dict[str, Number]:
        """Return the values of what can only be on or off."""
        return {name: values[name] for name, param in self._params.items() if sorted(param.choices) == [0, 1]}

    def best(self) -> list[str]:
        """Return the best rows, a line each."""
        rows = [self.history[place] for place in ranking(self.history)[:SHOWN_ROWS]]
        return [
            f"  {score:,.2f}  " + " ".join(f"{name}={value:g}" for name, value in row.items()) for row, score in rows
        ]


def _mean(played: Played) -> float:
    """The mean return; what a cut episode has so far is a lower bound of its own."""
    return float(played.card.returns.mean())


def _steps(played: Played) -> int:
    return sum(episode.length for episode in played.card.episodes)
