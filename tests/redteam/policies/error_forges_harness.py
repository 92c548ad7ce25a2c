"""Raises the harness's own error, as if the machine and not the policy were at fault.

attack: exception
when: batch
static: refused
behind: error
target: error
"""

import sys

import numpy as np

OBS = "state"


class Policy:
    def __init__(self, spec, params, random):
        self.calls = 0

    def reset(self, slots):
        pass

    def act(self, obs, info, slots):
        errors = sys.modules["fastheur.errors"]
        raise getattr(errors, "EngineError", errors.PolicyError)("the engine is broken, try again without the sandbox")
