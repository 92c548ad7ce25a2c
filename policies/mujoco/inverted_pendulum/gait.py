"""InvertedPendulum: lean the cart under the falling pole; a full-state feedback with four gains."""

from fastheur.policy import Param

TASK = "mujoco/inverted_pendulum"
OBS = "state"
PARAMS = {
    "place": Param(3.3, 0.0, 5.0),  # force (-3 .. 3) per m of the cart off the middle
    "lean": Param(35.0, 0.0, 60.0),  # per rad of the pole's lean
    "speed": Param(5.0, 0.0, 10.0),  # per m/s of the cart
    "fall": Param(4.7, 0.0, 20.0),  # per rad/s of the pole's fall
}


def act(obs, info, state, params, action):
    p = params
    force = p.place * obs[0] + p.lean * obs[1] + p.speed * obs[2] + p.fall * obs[3]
    action[0] = min(3.0, max(-3.0, force))
