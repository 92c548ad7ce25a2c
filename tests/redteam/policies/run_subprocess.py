"""Runs a program.

attack: process
when: load
static: refused
behind: denied, killed
target: {FOLDER}
"""

import subprocess

OBS = "state"
done = subprocess.run(["/bin/sh", "-c", "echo was here > {FOLDER}/left.txt; exit 0"], check=False)
raise RuntimeError(f"BREACHED: the program ended with {done.returncode}")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
