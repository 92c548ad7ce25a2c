"""Types of the Cython core; shapes, dtypes and errors stand in the docstrings of ``_core.pyx``."""

from typing import Any

import numpy as np
import numpy.typing as npt

_Bytes = npt.NDArray[np.uint8]
_Array = npt.NDArray[Any]

ACCUMULATOR: np.dtype[Any]
COMPONENT: np.dtype[Any]
HASH_START: int
PALETTE: _Bytes

def _special(on: bool) -> None: ...
def score_reset(acc: _Array, slots: _Array, lives: _Array) -> None: ...
def score_step(acc: _Array, slots: _Array, rewards: _Array, lives: _Array, gamma: float = 1.0) -> None: ...
def hash_actions(acc: _Array, slots: _Array, actions: _Array) -> None: ...

class Transitions:
    slots: _Array
    episodes: _Array
    info: _Array
    lives: _Array
    first: _Array
    terminated: _Array
    truncated: _Array
    live: _Array
    def __init__(self, slots: _Array, info_dtype: np.dtype[Any]) -> None: ...
    def begin(self, place: int, episode: int) -> None: ...
    def absorb(
        self,
        ids: _Array,
        reward: _Array,
        done: _Array,
        cut: _Array,
        elapsed: _Array,
        over: _Array | None = None,
        lives: _Array | None = None,
    ) -> tuple[int, int, int]: ...

def check_discrete(actions: _Array, n: int) -> int: ...
def check_continuous(actions: _Array, low: _Array, high: _Array) -> int: ...
def palette_index(frames: _Bytes, out: _Bytes | None = None, threads: int = 1) -> _Bytes: ...
def palette_rgb(index: _Bytes, table: _Bytes, out: _Bytes | None = None, threads: int = 1) -> _Bytes: ...
def grey(frames: _Bytes, out: _Bytes | None = None, threads: int = 1) -> _Bytes: ...
def crop(
    frames: _Bytes, top: int, bottom: int, left: int, right: int, out: _Bytes | None = None, threads: int = 1
) -> _Bytes: ...
def area_downsample(
    planes: _Bytes, factor_y: int, factor_x: int, out: _Bytes | None = None, threads: int = 1
) -> _Bytes: ...
def frame_max(a: _Bytes, b: _Bytes, out: _Bytes | None = None, threads: int = 1) -> _Bytes: ...
def frame_difference(a: _Bytes, b: _Bytes, out: _Bytes | None = None, threads: int = 1) -> _Bytes: ...
def colour_mask(frames: _Bytes, colours: _Array, out: _Bytes | None = None, threads: int = 1) -> _Bytes: ...
def shade_mask(
    frames: _Bytes,
    shades: _Array,
    owners: _Array,
    planes: int,
    every_y: int = 1,
    every_x: int = 1,
    out: _Bytes | None = None,
    threads: int = 1,
) -> _Bytes: ...
def connected_components(
    masks: _Bytes,
    max_components: int,
    min_area: int = 1,
    connectivity: int = 4,
    out: tuple[_Array, _Array] | None = None,
    threads: int = 1,
) -> tuple[_Array, _Array]: ...
def processor() -> int: ...

class Word:
    def __init__(self, array: _Array) -> None: ...
    def store(self, value: int) -> None: ...
    def load(self) -> int: ...
    def wait(self, value: int, nanoseconds: int) -> bool: ...
