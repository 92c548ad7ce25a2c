"""On PYTHONPATH: leaves the static check out, so that the walls behind it are tried, and counts the env steps."""

import runpy
from pathlib import Path

from fastheur.isolated import Isolated

Isolated.__init__.__defaults__ = (False,)
runpy.run_path(str(Path(__file__).parents[2] / "counting" / "sitecustomize.py"))
