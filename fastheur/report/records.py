"""What a report is made of: plain frozen data, gathered from a ledger once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from fastheur.forgetting import Matrix
from fastheur.memory import Entry
from fastheur.report.comparing import Difference, Sample
from fastheur.runs import RunConfig
from fastheur.tasks import human_normalised

AXES = ("env_steps", "episodes", "wall_s", "tokens", "money")
"""What scores may be drawn against."""


@dataclass(frozen=True)
class Place:
    """What a run had taken by then; None where nobody said anything about it.

    Attributes:
        env_steps, episodes: of everything but sealed reads. wall_s: seconds of work. tokens, money: of language models.
        model_steps: like env_steps, of policies that plan; of the run in all only.
    """

    env_steps: int
    episodes: int
    wall_s: float
    tokens: int | None
    money: float | None
    model_steps: int | None = None


@dataclass(frozen=True)
class Trial:
    """One trial of a run.

    Attributes:
        population: number of the first trial of the batch that it was a part of, None where it was alone.
        role: ``train``, ``validation``, ``golden``, ``search`` or ``sealed``. version: of the policy that was played, None
            for a row of a search. score: None where it did not finish, its episodes were cut, or nobody may see it yet.
        tried: of a row of a search, the values that differ from its policy's defaults. hypothesis: of its search. place: what
            the run had taken when it was played; None for other roles.
    """

    trial: int
    population: int | None
    role: str
    protocol: str
    status: str
    version: int | None
    score: float | None
    low: float | None
    high: float | None
    env_steps: int
    episodes: int
    wall_s: float | None
    error: str | None
    notes: str
    tried: str = ""
    hypothesis: str = ""
    place: Place | None = None


@dataclass(frozen=True)
class Idea:
    """A version of a run: what it claimed, what came of it, and what that took.

    Attributes:
        verdict: ``open``, ``champion``, ``rejected``, ``failed`` or ``dethroned``. reign: which champion it was, from 1.
        score: mean over its train episodes. difference: from the champion that it was made against, on the same ones.
        place: what the run had taken when it was tried. env_steps: everything that its trial took, by role.
        model_steps: of everything that its trial took; None where nothing was planned.
        tokens, money: charged since the version before; None where unknown. ended: when it was decided, Unix time.
    """

    version: int
    parent: int | None
    hypothesis: str
    reason: str
    verdict: str
    reign: int | None
    score: float | None
    complexity: int
    trial: int | None
    sha256: str
    source: str = field(repr=False)
    difference: Difference | None
    place: Place
    env_steps: Mapping[str, int]
    model_steps: int | None
    tokens: int | None
    money: float | None
    ended: float | None

    @property
    def name(self) -> str:
        """How people call it: ``v7``."""
        return f"v{self.version}"


@dataclass(frozen=True)
class RunRecord:
    """Everything of one run that a report shows.

    Attributes:
        folder: of the run. status: ``open``, ``over`` or ``confirmed``. over: why it ended. train, validation, sealed: the
            champion's episodes of each split, None where it played none. spent: what the run has taken in all.
        hidden: splits whose scores are left out, as somebody could still tune to them. sealed_steps: env steps of sealed reads,
            beside the budget; sealed_model_steps: of the champion in them. walls: what policies were shut in with.
            versions: of the libraries and the machine.
        secret: of the sealed seeds, None until the champion is confirmed.
    """

    folder: Path
    config: RunConfig
    status: str
    over: str | None
    created: float
    trials: Sequence[Trial]
    ideas: Sequence[Idea]
    matrix: Matrix
    memory: Sequence[Entry]
    train: Sample | None
    validation: Sample | None
    sealed: Sample | None
    hidden: Sequence[str]
    spent: Place
    sealed_steps: int
    sealed_model_steps: int | None
    steps_by_role: Mapping[str, int]
    steps_per_s: float
    walls: str
    versions: Mapping[str, Any]
    commitment: str
    secret: str | None

    @property
    def name(self) -> str:
        """Name of its folder."""
        return self.folder.resolve().name

    @property
    def champion(self) -> Idea | None:
        """The version that was promoted last."""
        return next((idea for idea in self.ideas if idea.verdict == "champion"), None)

    @cached_property
    def searched(self) -> list[tuple[float, Place]]:
        """Score and place of every row of a search that has a score."""
        return [(one.score, one.place) for one in self.trials if one.score is not None and one.place is not None]

    @property
    def reigns(self) -> list[Idea]:
        """Every version that was champion, in order."""
        return sorted((idea for idea in self.ideas if idea.reign is not None), key=lambda idea: idea.reign or 0)

    def hns(self, score: float | None) -> float | None:
        """Return the human-normalised score, None outside of Atari's 57 games."""
        return None if score is None else human_normalised(self.config.task.env_id, score)

    @property
    def unit(self) -> str:
        """What an env step is called."""
        return "frames" if self.config.task.suite == "atari" else "env steps"
