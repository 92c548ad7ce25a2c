"""Atari frames to measure the frame kernels on: recorded from games, made up like them, and noise.

All are batches of uint8 (N, 3, 210, 160) RGB in palette colours, and the same at every call.
"""

from __future__ import annotations

import numpy as np

from fastheur._core import PALETTE
from fastheur.engine import default_threads
from fastheur.engine_envpool import make_pool
from fastheur.seeds import episode_seeds
from fastheur.tasks import find_environment, find_protocol, make_task

FRAMES = 64
HEIGHT, WIDTH = 210, 160
GAMES = ("pong", "breakout", "seaquest", "ms_pacman")
STEPS = 90
"""Random actions before the frames are taken: enough for all games to have objects moving."""


def recorded(frames: int = FRAMES) -> np.ndarray:
    """Return native frames of :data:`GAMES`, equally many of each, played by EnvPool with random actions."""
    return np.concatenate([_played(game, frames // len(GAMES)) for game in GAMES])


def _played(game: str, count: int) -> np.ndarray:
    where = find_environment(f"atari/{game}")
    protocol = find_protocol("robust", where)
    task = make_task(where, "native", protocol)
    pool = make_pool(task, protocol, episode_seeds("train", 0, count), default_threads("atari"))
    random = np.random.default_rng(0)
    frames = pool.reset()[0]
    for _ in range(STEPS):
        frames = pool.step(random.integers(0, pool.action_space.n, count).astype(np.int32))[0]
    return np.array(frames)  # the pool owns the memory of what it returns


def atari_like(frames: int = FRAMES, seed: int = 0) -> np.ndarray:
    """Return bands, boxes and dotted sprites.

    Of all stretches of 32 pixels 67 % have one colour and 27 % two; in recorded Atari frames it is 67 % and 30 %.
    """
    rng = np.random.default_rng(seed)
    index = np.repeat(rng.integers(0, 128, (frames, 7)), HEIGHT // 7, axis=1)[:, :, None].repeat(WIDTH, axis=2)
    for number in range(frames):
        frame: np.ndarray = index[number]
        for _ in range(18):
            height, width = rng.integers(4, 24), rng.integers(2, 24)
            top, left = rng.integers(0, HEIGHT - height), rng.integers(0, WIDTH - width)
            frame[top : top + height, left : left + width] = int(rng.integers(0, 128))
        for _ in range(8):
            y, x = int(rng.integers(0, HEIGHT - 10)), int(rng.integers(0, WIDTH - 16))
            shape = rng.integers(0, 2, (10, 8)).astype(bool).repeat(2, axis=1)
            frame[y : y + 10, x : x + 16][shape] = int(rng.integers(0, 128))
    return _coloured(index)


def noise(frames: int = FRAMES, seed: int = 0) -> np.ndarray:
    """Return frames of which every pixel has a colour of its own choice: the worst case of whatever follows runs."""
    return _coloured(np.random.default_rng(seed).integers(0, 128, (frames, HEIGHT, WIDTH)))


def _coloured(index: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(PALETTE[index].transpose(0, 3, 1, 2))
