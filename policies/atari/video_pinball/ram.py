"""Video Pinball: launch, then lift the flippers as the ball comes down to them; nudge it away from the gap.

Does not aim.
"""
from fastheur.policy import Param, uniform
OBS = "ram"
STATE = [("pull", "i8"), ("last_x", "i8"), ("last_y", "i8"), ("vx", "f8"), ("vy", "f8"), ("aim", "f8"), ("nudged", "i8")]
PARAMS = {"flip_y": Param(166.0, 140.0, 185.0), "nudge_y": Param(110.0, 20.0, 190.0), "gap": Param(9.0, 0.0, 40.0), "nudges": Param(12.0, 0.0, 60.0)}
BALL_X = 67
BALL_Y = 68


def act(obs, info, state, params):
    x = int(obs[BALL_X])
    y = int(obs[BALL_Y])
    dx = x - state.last_x
    dy = y - state.last_y
    state.last_x = x
    state.last_y = y
    if abs(dx) < 8 and abs(dy) < 8:
        state.vx = 0.75 * state.vx + 0.25 * dx
        state.vy = 0.75 * state.vy + 0.25 * dy
    if state.vy > 0.2:
        state.aim = x + state.vx * (178 - y) / (state.vy + 0.8)
    if x >= 147:
        state.pull += 1
        if state.pull % 60 < 50:
            return 5
        return 1
    state.pull = 0
    if state.vy < 0:
        state.nudged = 0
    if y >= params.flip_y and dy > 0:
        return 2
    if state.vy > 0.2 and y > params.nudge_y and abs(state.aim - 80) < params.gap and state.nudged < params.nudges:
        state.nudged += 1
        return 7 if state.aim >= 80 else 8
    return 0
