"""Every hostile policy is contained at ``strict``, named in the trial, and nobody else notices it."""

import json
import os
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path

import pytest
from corpus import BREACHED, CANARY, HERE, MISAIMED, corpus
from walls import ORDINARY, USERS, as_ordinary

from fastheur.mailbox import MOST_WORDS

ALL = corpus()
SYSTEM = {
    "ctypes", "debug", "file-read", "file-write", "forged-reply", "kernel-surface", "native", "network", "pickle", "proc",
    "process", "resources", "signal", "static-evasion", "thread",
}  # fmt: skip
"""Kinds that are about the system, which may treat an ordinary user differently from root."""

CASES = [(USERS[0], one) for one in ALL] + [("ordinary", one) for one in ALL if one.attack in SYSTEM and len(USERS) > 1]
MAY_END = {"played": {"denied", "harmless"}, "error": {"denied", "error"}, "killed": {"killed"}, "hung": {"hung"}}
"""What the header may call an attack that ended so."""

MOST_S = 240


@lru_cache
def tried(user):
    """What came of all attacks that the user tries, and of what is played beside them."""
    names = [one.name for by, one in CASES if by == user]
    with tempfile.TemporaryDirectory(prefix="redteam-") as place:
        folder, command = Path(place, "aim"), [sys.executable, "-P", str(HERE / "trying.py")]
        folder.mkdir()
        if user == "ordinary" and os.geteuid() == 0:
            command = [*as_ordinary(), *command]
            Path(place).chmod(0o711)
            os.chown(folder, ORDINARY, ORDINARY)
        done = subprocess.run(
            [*command, str(folder), *names],
            env={**os.environ, CANARY: "the canary sings", "XDG_CACHE_HOME": str(folder / "cache")}
            | {"PYTHONPATH": os.pathsep.join(map(str, (HERE, HERE.parent.parent)))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MOST_S,
        )
    assert done.returncode == 0, f"the harness itself ended with {done.returncode}: {done.stderr[-3000:]}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(("user", "attack"), CASES, ids=[f"{user}-{one.name}" for user, one in CASES])
def test_it_is_contained_and_named(user, attack):
    found = tried(user)[attack.name]
    message = found["message"]
    assert BREACHED not in json.dumps(found)
    assert MISAIMED not in message and "ModuleNotFoundError" not in message
    assert found["changed"] == []
    assert MAY_END.get(found["ended"], set()) & set(attack.behind), f"{found['ended']}: {message}"
    if found["ended"] == "played":
        assert len(found["returns"]) == attack.episodes
        if "plain returns" in attack.targets:
            assert found["returns"] == tried(user)["plain"]["returns"][: attack.episodes]
    else:
        assert message.startswith(f"{attack.name}.py")
        assert len(message) < MOST_WORDS + 1000
        assert message.replace("\n", "").isprintable()


@pytest.mark.parametrize("user", USERS)
def test_nothing_is_left_of_them(user):
    assert tried(user)["after"] == {"changed": []}
