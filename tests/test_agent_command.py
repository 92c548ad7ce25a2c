"""The command agent: any program can work on a run, and nothing that it started outlives its turn."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from doors import ToyDoor

from fastheur.agents.base import Assignment
from fastheur.agents.command import CommandAgent
from fastheur.errors import ConfigError, RunOver
from fastheur.lab_server import DoorServer
from fastheur.resources import CONF

ROOT = Path(__file__).parent.parent
SETTINGS = yaml.safe_load((CONF / "agent" / "command.yaml").read_text())
GOOD = "def act(obs, info, state, params):\n    return 0\n"

MCP_AGENT = """
import anyio, json, sys
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client
config = json.load(open(sys.argv[1]))["mcpServers"]["fastheur"]
async def main():
    async with Client(stdio_client(StdioServerParameters(**config))) as client:
        for name, arguments in json.loads(sys.argv[2]):
            result = await client.call_tool(name, arguments)
            print(result.content[0].text, flush=True)
anyio.run(main)
"""
CALLS = [
    ["brief", {}],
    ["probe", {"kind": "ram"}],
    ["trial", {"source": GOOD, "hypothesis": "stand still"}],
    ["trace", {"trial": 1, "episode": 0}],
    ["finish", {"reason": "done"}],
]

STUBBORN = """
import glob, os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = '''
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open("pid-%d", "w").write(str(os.getpid()))
time.sleep(600)
'''
subprocess.Popen([sys.executable, "-c", child % 1])
if os.fork() == 0:  # leaves the group and the session, and its parent
    os.setsid()
    if os.fork() == 0:
        subprocess.Popen([sys.executable, "-c", child % 2], start_new_session=True)
    os._exit(0)
open("pid-0", "w").write(str(os.getpid()))
while len(glob.glob("pid-*")) < 3:
    time.sleep(0.01)
time.sleep({seconds})
"""


@pytest.fixture
def door(tmp_path):
    """A door; the present folder passes for its run's."""
    (tmp_path / "ledger.db").touch()
    return ToyDoor()


def work(door, folder, program, deadline_s=None, **settings):
    assignment = Assignment(folder, {**SETTINGS, "program": program, "grace_s": 0.3, **settings}, deadline_s=deadline_s)
    CommandAgent().run(door, assignment)


def python(script, *arguments):
    return [sys.executable, "-c", script, *arguments]


def alive(pid):
    with suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


def pids(folder, count):
    deadline = time.monotonic() + 20
    while len(found := [text for path in folder.glob("pid-*") if (text := path.read_text())]) < count:
        assert time.monotonic() < deadline, "the children did not start"
        time.sleep(0.02)
    return [int(text) for text in found]


def test_an_agent_does_a_whole_run_over_the_mcp_configuration_it_is_given(door, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    program = python(MCP_AGENT, "{mcp_config}", json.dumps(CALLS))
    with DoorServer(door, tmp_path / "lab.sock") as server, pytest.raises(RunOver, match="finished: done"):
        work(server.door, tmp_path, program, grace_s=20)
    assert [name for name, _ in door.calls] == [name for name, _ in CALLS]
    assert (tmp_path / "agent.log").read_text().splitlines() == [f"did {name}" for name, _ in CALLS]
    assert door.said[-1] == "did finish"


def test_an_agent_with_nothing_but_a_shell_finds_its_commands_in_the_instructions(door, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    script = r"""
        set -e
        test "$1" = "$(cat "$2")" && test "$PWD" = "$3"
        eval "$(grep -o '[^ ].* lab .* brief$' INSTRUCTIONS.md)"
        eval "$(grep -o '[^ ].* lab .* note "..."$' INSTRUCTIONS.md)"
    """
    program = ["sh", "-c", script, "sh", "{instructions}", "{instructions_file}", "{folder}"]
    with DoorServer(door, tmp_path / "lab.sock") as server:
        work(server.door, tmp_path, program)
    assert door.calls == [("brief", {}), ("note", {"text": "...", "summary": False})]


def test_the_instructions_name_the_operations_and_the_rules(door, tmp_path):
    work(door, tmp_path, "true")
    text = (tmp_path / "INSTRUCTIONS.md").read_text()
    for line in (
        "1. `brief`: the task",
        "Step the task through the Lab only",
        str(tmp_path / "mcp.json"),
        "trial policy.py",
    ):
        assert line in text
    server = json.loads((tmp_path / "mcp.json").read_text())["mcpServers"]["fastheur"]
    assert server["command"] == sys.executable and server["args"][-2:] == ["mcp", f"run={tmp_path}"]


def test_at_the_deadline_the_program_ends_with_children_that_left_its_group_and_ignore_a_polite_kill(door, tmp_path):
    began = time.monotonic()
    with pytest.raises(RunOver, match="time of the run is up"):
        work(door, tmp_path, python(STUBBORN.format(seconds=600)), deadline_s=4)
    assert 4 <= time.monotonic() - began < 30
    assert not [pid for pid in pids(tmp_path, 3) if alive(pid)]


def test_what_a_program_leaves_behind_ends_with_it(door, tmp_path):
    work(door, tmp_path, python(STUBBORN.format(seconds=0)))
    assert not [pid for pid in pids(tmp_path, 3) if alive(pid)]


def test_the_program_ends_when_somebody_else_has_ended_the_run(door, tmp_path):
    door.over = "the budget of env steps is spent"
    with pytest.raises(RunOver, match="budget of env steps is spent"):
        work(door, tmp_path, ["sleep", "600"])


def test_the_program_ends_when_the_supervisor_is_killed(tmp_path):
    script = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]\n"
        "from test_agent_command import *\n"
        f"work(ToyDoor(), Path({str(tmp_path)!r}), python(STUBBORN.format(seconds=600)))\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as supervisor:
        found = pids(tmp_path, 3)
        assert all(alive(pid) for pid in found)
        supervisor.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in found):
        assert time.monotonic() < deadline, "the agent outlived its supervisor"
        time.sleep(0.05)


def test_a_program_that_fails_is_told_with_its_last_words(door, tmp_path):
    with pytest.raises(ConfigError, match=r"sh exited with code 3 after .*agent.log:\nline 6") as caught:
        work(door, tmp_path, ["sh", "-c", "for i in $(seq 20); do echo line $i; done >&2; exit 3"])
    assert str(caught.value).endswith("line 20")
    with pytest.raises(ConfigError, match=r"code 137 .*the_log:\n\(it is empty\)"):
        work(door, tmp_path, ["sh", "-c", "kill -9 $$"], log="the_log")


def test_a_program_that_fails_because_the_run_ended_is_no_error(door, tmp_path):
    script = "import sys; sys.exit(1)"
    door.over = "finished"
    with pytest.raises(RunOver, match="finished"):
        work(door, tmp_path, python(script))


def test_a_keeper_that_is_killed_takes_the_program_along(door, tmp_path):
    script = (
        "import os, signal, time; open('pid-0', 'w').write(str(os.getpid())); os.kill(os.getppid(), 9); time.sleep(600)"
    )
    with pytest.raises(ConfigError, match="code -9"):
        work(door, tmp_path, python(script))
    [pid] = pids(tmp_path, 1)
    deadline = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < deadline, "the program outlived its keeper"
        time.sleep(0.02)


def test_output_is_shown_as_plain_lines_and_kept_whole(door, tmp_path):
    work(door, tmp_path, ["printf", r"\033[31mred\033[0m\a\n%s\n", "x" * 1000])
    assert door.said == ["red", "x" * 300 + "..."]
    assert (tmp_path / "agent.log").read_bytes() == b"\x1b[31mred\x1b[0m\x07\n" + b"x" * 1000 + b"\n"


def test_only_the_listed_variables_are_passed_on(door, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    monkeypatch.setenv("SECRET_OF_THE_HOUSE", "secret")
    work(door, tmp_path, ["env"])
    log = (tmp_path / "agent.log").read_text()
    assert "OPENAI_API_KEY=key" in log and "SECRET" not in log
    assert f"PATH={os.path.dirname(sys.executable)}:" in log


BAD = [
    ({"program": None}, "agent.program is None, expected a program"),
    ({"program": []}, "expected a program"),
    ({"program": ["a", 1]}, "expected a program"),
    ({"program": "sh 'x"}, "No closing quotation"),
    ({"program": ["no-such-program-here"]}, "there is no such program in PATH"),
    ({"program": ["./agent.sh"]}, "'./agent.sh': there is no such program"),
    ({"program": ["broken"]}, "Cannot start .*broken: No such file"),
    ({"program": "true", "env": "PATH"}, "agent.env is 'PATH'"),
    ({"program": "true", "log": "../x"}, "agent.log is '../x'"),
    ({"program": "true", "grace_s": -1}, "agent.grace_s is -1"),
]


@pytest.mark.parametrize("settings, message", BAD)
def test_bad_settings_say_what_to_set(settings, message, door, tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(ConfigError, match=message):
        work(door, tmp_path, **settings)
