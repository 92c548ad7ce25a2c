"""Other ways to step many environments: ale-py's vector environment and Gymnasium's two. Imported only when measured."""

import time
from typing import Any

from fastheur.throughput.raw import endless_cartpole
from fastheur.throughput.setting import Setting
from fastheur.throughput.tape import Tape
from fastheur.throughput.workloads import Workload


class _Vector:
    """A Gymnasium vector environment that replays the recorded actions."""

    def __init__(self, env: Any, workload: Workload, setting: Setting) -> None:
        self.slots = setting.slots
        self.horizon: int | None = workload.horizon
        self._env = env

    def load(self, tape: Tape) -> None:
        self._actions = tape.for_slots(self.slots, self._env.single_action_space.dtype)

    def rewind(self) -> None:
        self._env.reset(seed=0)

    def play(self, first: int, steps: int) -> float:
        step = self._env.step
        began = time.perf_counter()
        for actions in self._actions[first : first + steps]:
            step(actions)
        return time.perf_counter() - began

    def close(self) -> None:
        self._env.close()


def ale_vector(workload: Workload, setting: Setting) -> _Vector:
    """Return ale-py's own vector environment; without RAM, which it does not offer, its cheapest frame stands in."""
    import ale_py
    from ale_py.vector_env import AtariVectorEnv

    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    args = workload.envpool_args()
    env = AtariVectorEnv(
        workload.peer,
        setting.slots,
        num_threads=setting.threads,
        repeat_action_probability=args["repeat_action_probability"],
        img_height=args["img_height"],
        img_width=args["img_width"],
        grayscale=args["gray_scale"],
        stack_num=args["stack_num"],
        frameskip=args["frame_skip"],
        maxpool=args["frame_skip"] > 1,
        noop_max=args["noop_max"],
        reward_clipping=False,
    )
    return _Vector(env, workload, setting)


def gymnasium_sync(workload: Workload, setting: Setting) -> _Vector:
    """Return Gymnasium's SyncVectorEnv."""
    from gymnasium.vector import SyncVectorEnv

    return _Vector(SyncVectorEnv([lambda: _one(workload)] * setting.slots, copy=False), workload, setting)


def gymnasium_async(workload: Workload, setting: Setting) -> _Vector:
    """Return Gymnasium's AsyncVectorEnv with shared memory."""
    from gymnasium.vector import AsyncVectorEnv

    made = [lambda: _one(workload)] * setting.slots
    return _Vector(AsyncVectorEnv(made, shared_memory=True, copy=False), workload, setting)


def _one(workload: Workload) -> Any:
    """Return one environment of Gymnasium, set up as EnvPool's."""
    import gymnasium

    if workload.kind == "cartpole":
        return gymnasium.wrappers.TimeLimit(endless_cartpole(), 500)
    if workload.kind == "mujoco":
        # The recorded gait does not carry an ant that starts elsewhere; a fallen one must not reset within the clock.
        upright = {"terminate_when_unhealthy": False} if workload.peer == "Ant-v5" else {}
        return gymnasium.make(workload.peer, disable_env_checker=True, **upright)
    import ale_py

    gymnasium.register_envs(ale_py)
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
    env = gymnasium.make(
        f"ALE/{workload.peer.title()}-v5",
        obs_type="ram" if workload.mode == "ram" else "rgb",
        frameskip=1,
        disable_env_checker=True,
        repeat_action_probability=workload.envpool_args()["repeat_action_probability"],
    )
    if workload.key != "84x84":
        return env
    env = gymnasium.wrappers.AtariPreprocessing(env, noop_max=30, frame_skip=4, screen_size=84, grayscale_obs=True)
    return gymnasium.wrappers.FrameStackObservation(env, 4)
