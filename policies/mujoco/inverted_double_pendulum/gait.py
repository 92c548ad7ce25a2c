"""InvertedDoublePendulum: balance both poles over the cart; a full-state feedback with six gains."""

import math

from fastheur.policy import Param

TASK = "mujoco/inverted_double_pendulum"
OBS = "state"
PARAMS = {
    "place": Param(-0.18, -3.0, 3.0),  # force (-1 .. 1) per m of the cart off the middle
    "lean": Param(-2.1, -20.0, 20.0),  # per rad of the lower pole's lean
    "bend": Param(-6.4, -20.0, 20.0),  # per rad of the joint between the poles
    "speed": Param(-0.3, -3.0, 3.0),  # per m/s of the cart
    "fall": Param(-1.04, -5.0, 5.0),  # per rad/s of the lower pole
    "fold": Param(-1.0, -5.0, 5.0),  # per rad/s of the joint
}


def act(obs, info, state, params, action):
    p = params
    lean = math.atan2(obs[1], obs[3])
    bend = math.atan2(obs[2], obs[4])
    force = p.place * obs[0] + p.lean * lean + p.bend * bend
    force += p.speed * obs[5] + p.fall * obs[6] + p.fold * obs[7]
    action[0] = min(1.0, max(-1.0, force))
