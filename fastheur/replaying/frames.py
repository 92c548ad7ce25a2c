"""What a replay shows of one step: the picture of the game, and what the policy saw, believed and did."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastheur.batch import Array
from fastheur.record import Number


@dataclass(frozen=True)
class Mark:
    """Something the policy believes to be on the picture, as it declares in MARKS.

    Attributes:
        label: its name. x, y: of its middle, in pixels of the picture; None where it is a whole column or row.
        width, height: of a box around it; 0: a cross.
    """

    label: str
    x: float | None
    y: float | None
    width: float = 0.0
    height: float = 0.0


@dataclass(frozen=True)
class Frame:
    """One observation of an episode, and what was decided on it.

    Attributes:
        step: env steps taken when it was seen. picture: uint8 (H, W, 3) RGB, the game as it then looked.
        action: what was decided on it, in words; empty at the end of the episode.
        reward: of the step that led here. score: return so far. lives: left, 0 where the task has none.
        state: the policy's STATE fields after the decision. marks: where it believes things to be.
    """

    step: int
    picture: Array
    action: str
    reward: float
    score: float
    lives: int
    state: Mapping[str, Number] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
