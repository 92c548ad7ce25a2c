"""Processes behind walls, for the tests: a bare interpreter, as the user of the tests and as an ordinary one."""

import json
import os
import subprocess
import sys
from pathlib import Path

from fastheur.isolation import packages

PACKAGE = Path(__file__).parent.parent / "fastheur"
ORDINARY = 65534
WORKER = ("numpy", "numba", "llvmlite", "cv2")
USERS = ("root", "ordinary") if os.geteuid() == 0 else ("ordinary",)
ONE_THREAD = {
    "NUMBA_THREADING_LAYER": "workqueue",
    "NUMBA_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
START = """
import ctypes, json, os, sys, threading
from pathlib import Path
from fastheur.isolation import (
    IsolationError, acts, calls, files, filters, lifeline, limits, packages, privileges, reading, system, template, threads, turns)
given = json.loads(sys.argv[1])
def tell(**facts):
    print(json.dumps(facts), flush=True)
def outcome(deed, *arguments):
    try:
        return deed(*arguments)
    except OSError as error:
        return error.errno
"""


def process(code, user=USERS[0], package=PACKAGE, **given):
    """Run ``code`` in a bare interpreter as ``user``; it finds ``given`` as a dict and answers with ``tell(name=value)``."""
    command = [sys.executable, "-I", "-S", "-B", "-c", packages.bootstrap(package) + START + code, json.dumps(given)]
    if user == "ordinary" and os.geteuid() == 0:
        command = [*as_ordinary(), *command]
    return subprocess.run(
        command, env=ONE_THREAD, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120
    )


def facts(code, user=USERS[0], package=PACKAGE, **given):
    """Run ``code`` as ``process`` does, and return what it told."""
    done = process(code, user, package, **given)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def as_ordinary():
    """The command that makes root an ordinary user, who may still read an interpreter in root's home."""
    held = int(Path("/proc/self/status").read_text().split("CapEff:")[1].split()[0], 16)
    reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"] if held & 1 << 2 else []
    return ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups", *reading]
