"""Breakout from RAM: the knob byte (which the paddle follows late) is turned to where the falling ball will cross its height, computed from the ball's line
since its last bounce and reflected at the side walls; while the ball rises the paddle follows it.
The ball meets the paddle at a random place of it, drawn anew for each fall. It does not look at the bricks.
"""
from fastheur.policy import Param, uniform

OBS = "ram"
BALL_X, BALL_Y, KNOB = 99, 101, 70
LEFT_WALL, RIGHT_WALL, PADDLE_Y = 57.0, 200.0, 177.0
STATE = [("last_x", "f8"), ("last_y", "f8"), ("dx", "f8"), ("dy", "f8"), ("x0", "f8"), ("y0", "f8"),
         ("offset", "f8"), ("target", "f8"), ("dry", "i8"), ("fire", "i8")]
PARAMS = {"spread": Param(4.0, 0.0, 8.0), "wide": Param(6.0, 0.0, 9.0), "dry": Param(900, 100, 5000), "dead": Param(3.1, 0.0, 6.0)}


def act(obs, info, state, params):
    x, y, p = float(obs[BALL_X]), float(obs[BALL_Y]), 243.0 - float(obs[KNOB])
    state.dry = 0 if info.reward > 0 else state.dry + 1
    if y == 0:
        state.fire = 1 - state.fire
        state.last_y = 0
        return state.fire
    if state.last_y == 0:
        state.x0, state.y0, state.last_x = x, y, x
        state.dx = 0
        state.dy = 0
    dx, dy = x - state.last_x, y - state.last_y
    if dx * state.dx < 0 or dy * state.dy < 0:
        state.x0, state.y0 = state.last_x, state.last_y
        if dy * state.dy < 0:
            wide = params.wide if state.dry > params.dry else params.spread
            state.offset = (2 * uniform(state) - 1) * wide
    if dx != 0:
        state.dx = dx
    if dy != 0:
        state.dy = dy
    state.last_x, state.last_y = x, y
    target = x
    if state.dy > 0:
        if y - state.y0 > 5:
            slope = (x - state.x0) / (y - state.y0)
        else:
            slope = state.dx / state.dy
        target = x + slope * (PADDLE_Y - y)
        for k in range(3):
            if target < LEFT_WALL:
                target = 2 * LEFT_WALL - target
            if target > RIGHT_WALL:
                target = 2 * RIGHT_WALL - target
        target += state.offset
    target = min(max(target, 64.0), 200.0)
    state.target = target
    if target > p + params.dead:
        return 2
    if target < p - params.dead:
        return 3
    return 0
