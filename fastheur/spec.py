"""What a task looks like from outside: the types that engine, policy and scorer agree on."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

ActionKind = Literal["discrete", "continuous", "buttons"]

BASE_INFO = [("lives", np.int32), ("reward", np.float64), ("elapsed", np.int32)]
"""Public facts of every step: lives left (0 where the task has none), the last reward, steps since the reset."""


@dataclass(frozen=True)
class ActionSpec:
    """The actions of a task.

    ``discrete``: integers ``0 .. n - 1``. ``continuous``: ``size`` float64 values within ``low .. high``.
    ``buttons``: ``size`` float64 values, each 0 or 1.
    """

    kind: ActionKind
    n: int = 0
    size: int = 0
    low: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    high: npt.NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    meanings: tuple[str, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        """int64 for discrete actions, float64 for the others."""
        return np.dtype(np.int64 if self.kind == "discrete" else np.float64)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one slot's action: ``()`` or ``(size,)``."""
        return () if self.kind == "discrete" else (self.size,)

    def __str__(self) -> str:
        names = f" ({', '.join(self.meanings)})" if self.meanings else ""
        if self.kind == "discrete":
            return f"an integer 0..{self.n - 1}{names}"
        if self.kind == "buttons":
            return f"{self.size} values, each 0 or 1{names}"
        low, high = _range_text(self.low), _range_text(self.high)
        return f"{self.size} finite values within {low} .. {high}"


def _range_text(bound: npt.NDArray[np.float64]) -> str:
    return f"{bound[0]:g}" if bound.size and np.all(bound == bound[0]) else np.array2string(bound, precision=4)


@dataclass(frozen=True)
class ModelSource:
    """The MuJoCo model behind a task, for policies that plan: the very text that EnvPool loads.

    Attributes:
        xml: the model. robot: EnvPool's id without the version, ``Ant``. frame_skip: simulator steps per env step.
        told: the observation has the leading positions (x, y) too.
    """

    xml: str
    robot: str
    frame_skip: int
    told: bool = False


@dataclass(frozen=True)
class Spec:
    """Shapes and dtypes of one task, as a policy sees it. Holds no seed, no split and no engine.

    ``obs_dtype`` is a structured dtype where the task gives a dictionary; then ``obs_shape`` is ``()``. ``model`` is there for
    the MuJoCo tasks of Gymnasium only.
    """

    env_id: str
    mode: str
    suite: str
    obs_shape: tuple[int, ...]
    obs_dtype: np.dtype
    info_dtype: np.dtype
    action: ActionSpec
    model: ModelSource | None = field(default=None, repr=False)

    @property
    def obs_text(self) -> str:
        """The observation's layout in words, for messages and generated files."""
        if self.obs_dtype.names:
            fields = (
                f"{name} {self.obs_dtype[name].shape} {self.obs_dtype[name].base}" for name in self.obs_dtype.names
            )
            return "a record: " + ", ".join(fields)
        return f"{self.obs_dtype} {self.obs_shape}"
