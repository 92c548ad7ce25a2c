"""Reads a game's ROM, in which its rules and tables can be looked up.

attack: file-read
when: load
static: refused
behind: denied, killed
target: {ROMS}/breakout.bin
"""

from pathlib import Path

OBS = "state"
data = Path("{ROMS}/breakout.bin").read_bytes()
raise RuntimeError(f"BREACHED: {len(data)} bytes of a ROM")


def act(obs, info, state, params):
    return 1 if obs[2] + 0.3 * obs[3] > 0 else 0
