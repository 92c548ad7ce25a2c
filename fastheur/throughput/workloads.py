"""What is played: six workloads, the rule that plays each of them, and the shares that fastheur is meant to reach.

Every contender of a workload plays the same recorded actions: the actions alone change a simulator's speed by 10-30 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastheur.engine_ale import why_not
from fastheur.tasks import Protocol, Task, find_environment, find_protocol, make_task

Array = npt.NDArray[Any]

COLUMNS = 16
"""Episodes that are recorded; slot ``s`` replays, and fastheur plays, episode ``s`` modulo this."""

RAM_RULE = '''"""Pong from RAM: follow the ball."""
OBS = "ram"
def act(obs, info, state, params):
    gap = int(obs[54]) - int(obs[51]) - 4
    return 3 if gap > 3 else 2 if gap < -3 else 0
'''
NATIVE_RULE = '''"""Pong from pixels: look for the ball in every pixel of the frame and for the paddle in its columns, follow the ball."""
from fastheur.vision import centroid
OBS = "native"
def act(obs, info, state, params):
    ball, y, _ = centroid(obs, 236, 236, 236, 0, 210, 0, 160)
    mine, paddle, _ = centroid(obs, 92, 186, 92, 34, 194, 136, 148)
    if ball == 0 or mine == 0:
        return 0
    return 3 if y > paddle + 3 else 2 if y < paddle - 3 else 0
'''
SMALL_RULE = '''"""Pong from four grey frames of 84 x 84: find the ball in the two newest, follow where it goes."""
OBS = "any"
def act(obs, info, state, params):
    balls, y, olds, old, mine, paddle = 0, 0.0, 0, 0.0, 0, 0.0
    for row in range(14, 77):
        for column in range(12, 72):
            if obs[3, row, column] > 110:
                balls += 1
                y += row
            if obs[2, row, column] > 110:
                olds += 1
                old += row
        for column in range(73, 76):
            if obs[3, row, column] > 110:
                mine += 1
                paddle += row
    if balls == 0 or mine == 0:
        return 0
    y, paddle = y / balls, paddle / mine
    if olds > 0:
        y += y - old / olds
    return 3 if y > paddle + 1 else 2 if y < paddle - 1 else 0
'''


def plain_native(obs: Array) -> int:
    """Return the action of ``NATIVE_RULE`` for uint8 (3, 210, 160), written as one would with NumPy alone."""
    red, green, blue = obs
    ball = np.nonzero((red == 236) & (green == 236) & (blue == 236))[0]
    part = obs[:, 34:194, 136:148]
    mine = np.nonzero((part[0] == 92) & (part[1] == 186) & (part[2] == 92))[0]
    if not len(ball) or not len(mine):
        return 0
    y, paddle = ball.mean(), mine.mean() + 34
    return 3 if y > paddle + 3 else 2 if y < paddle - 3 else 0


def plain_small(obs: Array) -> int:
    """Return the action of ``SMALL_RULE`` for uint8 (4, 84, 84), written as one would with NumPy alone."""
    court = obs[:, 14:77] > 110
    ball, old = np.nonzero(court[3, :, 12:72])[0], np.nonzero(court[2, :, 12:72])[0]
    mine = np.nonzero(court[3, :, 73:76])[0]
    if not len(ball) or not len(mine):
        return 0
    y, paddle = ball.mean(), mine.mean()
    if len(old):
        y += y - old.mean()
    return 3 if y > paddle + 1 else 2 if y < paddle - 1 else 0


PLAIN = {"native": plain_native, "84x84": plain_small}
"""By workload, the rule in NumPy where the kernel walks over pixels, which plain Python would take seconds for."""


@dataclass(frozen=True)
class Target:
    """``subject`` is meant to be at least ``least`` times as fast as ``over``; both are contenders' names.

    ``over`` may also be ``best bare EnvPool``, the fastest of the bare EnvPool rows.
    """

    subject: str
    over: str
    least: float


@dataclass(frozen=True)
class Workload:
    """One row of the benchmark.

    Attributes:
        key: what ``only=`` takes. title: for the table. kind: ``atari``, ``mujoco`` or ``cartpole``.
        env, mode, protocol: the task, named as for ``fastheur eval``. args: EnvPool arguments on top.
        rule: source of the policy; empty takes the policy that is shipped for the task.
        horizon: env steps that can be played from a reset without an episode's end.
        slots: slot counts that are tried. peer: the id that Gymnasium and ale-py know the task by.
        targets: what fastheur is meant to reach. notes: remarks by contender.
    """

    key: str
    title: str
    kind: str
    env: str
    mode: str
    protocol: str
    rule: str
    horizon: int
    slots: tuple[int, ...]
    peer: str
    args: Mapping[str, Any] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    def task(self) -> tuple[Task, Protocol]:
        """Return the task and its protocol."""
        where = find_environment(self.env, self.args)
        protocol = find_protocol(self.protocol, where)
        return make_task(where, self.mode, protocol), protocol

    @property
    def on_ale(self) -> bool:
        """True where engine=ale can play it."""
        return why_not(*self.task()) is None

    def envpool_args(self) -> dict[str, Any]:
        """Return EnvPool's keyword arguments, which the peers are set up after."""
        task, protocol = self.task()
        return protocol.envpool_args(task)


BARE = "best bare EnvPool"
OURS = "fastheur engine=envpool"
OURS_ALE = "fastheur engine=ale"
RAW = "raw"
ONE = "EnvPool, one env, plain Python policy"
VECTOR = "ale-py vector"
ASYNC = "Gymnasium Async"

_ATARI_PEERS = (
    Target(OURS_ALE, RAW, 0.85),
    Target(OURS, ONE, 3.5),
    Target(OURS_ALE, ONE, 6.0),
    Target(OURS, VECTOR, 1.0),
    Target(OURS_ALE, VECTOR, 1.0),
    Target(OURS, ASYNC, 3.0),
    Target(OURS_ALE, ASYNC, 3.0),
)
_GAIT_NOTES = {"raw": "mj_step alone: no observation, no reward"}
_SMALL = {"img_height": 84, "img_width": 84, "stack_num": 4, "gray_scale": True, "frame_skip": 4}

WORKLOADS = (
    Workload(
        "ram", "Atari RAM: Pong", "atari", "atari/pong", "ram", "robust", RAM_RULE, 1500, (16, 32, 64), "pong",
        targets=(Target(OURS, BARE, 0.97), Target(OURS_ALE, BARE, 1.5), *_ATARI_PEERS),
        notes={"raw": "act, getRAM", VECTOR: "has no RAM: its cheapest frame, grey 210x160"},
    ),
    Workload(
        "native", "Atari pixels: Pong, RGB 210x160", "atari", "atari/pong", "native", "robust", NATIVE_RULE, 1500,
        (16, 32, 64), "pong", targets=(Target(OURS, BARE, 0.85), Target(OURS_ALE, BARE, 0.85), *_ATARI_PEERS),
        notes={"raw": "act, getScreenRGB"},
    ),
    Workload(
        "84x84", "Atari pixels: Pong, grey 84x84, 4 stacked, 4 skipped", "atari", "atari/pong", "native", "robust",
        SMALL_RULE, 600, (16, 32, 64), "pong", args=_SMALL,
        notes={"raw": "4 x act, getScreenGrayscale, resize of the last frame"},
    ),
    Workload(
        "ant", "MuJoCo gait: Ant-v5", "mujoco", "mujoco/ant", "state", "default", "", 990, (16, 32, 64, 256), "Ant-v5",
        targets=(Target(OURS, BARE, 0.95),), notes=_GAIT_NOTES | {
            "Gymnasium Sync": "terminate_when_unhealthy off", ASYNC: "terminate_when_unhealthy off",
        },
    ),
    Workload(
        "cheetah", "MuJoCo gait: HalfCheetah-v5", "mujoco", "mujoco/half_cheetah", "state", "default", "", 990,
        (16, 32, 64, 256), "HalfCheetah-v5", targets=(Target(OURS, BARE, 0.95),), notes=_GAIT_NOTES,
    ),
    Workload(
        "cartpole", "CartPole-v1", "cartpole", "CartPole-v1", "state", "default", "", 490, (64, 256, 1024),
        "CartPole-v1", targets=(Target(OURS, BARE, 0.85), Target(OURS, RAW, 1.0)),
        notes={
            "raw": "CartPoleEnv.step, no end", "Gymnasium Sync": "no end before the cap", ASYNC: "no end before the cap",
        },
    ),
)  # fmt: skip
"""All workloads, in the order they are measured."""
