"""Pong from RAM: turns the right knob to where the ball will cross the paddle's column, reflecting the path at the walls.

The paddle follows the knob by half the distance every second frame, so the knob and not the paddle is steered, in steps
of 6. The button is held: a ball taken with it flies up to four times as fast. Of the knob's places the one is taken
where the ball meets the paddle nearest to one of its ends, and so leaves steeply. The opponent is not looked at.
"""

from fastheur.policy import Param, uniform

OBS = "ram"
TASK = "atari/pong"
BALL_X, BALL_Y, KNOBS, LEFT_KNOB = 49, 54, 4, 110
FIRE, UP, DOWN = 1, 4, 5
TOP, BOTTOM, COLUMN = 44.0, 205.0, 188.0
STATE = [("bx", "i8"), ("by", "i8"), ("knob", "f8"), ("left", "i8"), ("vx", "f8"), ("vy", "f8"), ("x0", "f8"),
         ("y0", "f8"), ("goal", "f8"), ("chosen", "i8"), ("hit", "f8"), ("y", "f8")]
PARAMS = {"dead": Param(3.1, 0.5, 8.0), "low": Param(-1.3, -4.0, 8.0), "high": Param(14.6, 8.0, 18.0)}


def act(obs, info, state, params):
    bx, by = int(obs[BALL_X]), int(obs[BALL_Y])
    dx, dy = bx - state.bx, by - state.by
    if abs(dx) > 11 or abs(dy) > 11 or dx * state.vx < 0 or dy * state.vy < 0:
        state.x0, state.y0 = bx, by
    if abs(dx) < 12 and dx != 0:
        state.vx = dx
    if abs(dy) < 12 and dy != 0:
        state.vy = dy
    state.bx, state.by = bx, by
    knob = int(obs[KNOBS])
    if knob != LEFT_KNOB or state.left == 1:
        state.knob = knob
        state.left = 0
        fresh = True
    else:
        state.left = 1
        fresh = False
    if by == 0 or state.vx <= 0:
        state.chosen = 0
        goal = 110.0 + 0.3 * (by - 120.0) if by > 0 else 115.0
    else:
        slope = (by - state.y0) / (bx - state.x0) if bx - state.x0 > 7.0 else state.vy / state.vx
        y = by + slope * (COLUMN - bx)
        for i in range(4):
            if y < TOP:
                y = 2.0 * TOP - y
            elif y > BOTTOM:
                y = 2.0 * BOTTOM - y
        state.y = y
        middle = 0.5 * (params.low + params.high)
        if state.chosen == 0:
            state.hit = middle
            if bx - state.x0 > 7.0:
                state.chosen = 1
                for m in range(-40, 41):
                    d = y - state.knob - 6.0 * m + (1.0 if m > 0 else 0.5)
                    if params.low <= d and d <= params.high and abs(d - middle) > abs(state.hit - middle):
                        state.hit = d
        goal = y - state.hit + 0.5
    state.goal = goal
    need = goal - state.knob
    dead = params.dead if fresh else params.dead + 6.0
    if need > dead:
        return DOWN
    if need < -dead:
        return UP
    return FIRE
