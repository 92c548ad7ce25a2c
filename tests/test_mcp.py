"""The Lab over MCP: the official client does a whole run, errors are results an agent can read, stdout is the wire alone."""

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import anyio
import pytest
from doors import PNG, ToyDoor
from mcp import MCPError, StdioServerParameters, stdio_client
from mcp.client.client import Client

from fastheur.agents.mcp_server import BRIEF, PROMPT, make_server
from fastheur.cli import main
from fastheur.lab_server import DoorServer
from fastheur.operations import OPERATIONS

ROOT = Path(__file__).parent.parent
GOOD = "def act(obs, info, state, params):\n    return 0\n"
LINES = [
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "0"}},
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "brief", "arguments": {}}},
]
NOISY = """
import os, sys
sys.path[:0] = {paths!r}
from doors import ToyDoor
from fastheur.agents.mcp_server import serve
class Noisy(ToyDoor):
    def call(self, operation, arguments):
        print("a line for nobody", flush=True)
        os.write(1, b"nor this one\\n")
        os.system("echo nor of a child")
        return super().call(operation, arguments)
serve(Noisy())
"""


def talk(work, server):
    async def run():
        async with Client(server) as client:
            return await work(client)

    return anyio.run(run)


def texts(result):
    return [one.text for one in result.content if one.type == "text"]


def test_the_official_client_does_a_whole_run_through_a_process(tmp_path):
    door = ToyDoor()

    async def run(client):
        assert "`brief`: the task" in client.instructions
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {name: tool.input_schema for name, tool in tools.items()} == {
            name: operation.schema for name, operation in OPERATIONS.items()
        }
        assert texts(await client.call_tool("brief", {})) == ["did brief"]
        frame = await client.call_tool("probe", {"kind": "frame"})
        assert [one.type for one in frame.content] == ["text", "text", "image"]
        assert b64decode(frame.content[2].data) == PNG and frame.content[2].mime_type == "image/png"
        refused = await client.call_tool("trial", {"source": "prose", "hypothesis": "none"})
        assert refused.is_error and texts(refused) == ["There is no act in the file."]
        assert not (await client.call_tool("trial", {"source": GOOD, "hypothesis": "still"})).is_error
        assert not (await client.call_tool("trace", {"trial": 1, "episode": 0})).is_error
        last = await client.call_tool("finish", {"reason": "no more ideas"})
        assert texts(last) == ["did finish", "The run has ended: finished: no more ideas"]

    server = StdioServerParameters(
        command=sys.executable, args=["-P", "-m", "fastheur", "mcp", f"run={tmp_path}"], env={"PYTHONPATH": str(ROOT)}
    )
    (tmp_path / "ledger.db").touch()
    with DoorServer(door, tmp_path / "lab.sock"):
        talk(run, stdio_client(server))
    assert [name for name, _ in door.calls] == ["brief", "probe", "trial", "trace", "finish"]


def test_errors_are_results_and_the_end_of_the_run_is_none():
    async def run(client):
        for name, arguments, message in (
            ("probe", {"kind": "nothing"}, "expected one of actions, ram"),
            ("note", {}, "note needs text"),
            ("tral", {}, "Did you mean trial"),
        ):
            result = await client.call_tool(name, arguments)
            assert result.is_error and message in texts(result)[0]
        await client.call_tool("finish", {"reason": "enough"})
        result = await client.call_tool("brief", {})
        assert not result.is_error and texts(result) == ["The run has ended: finished: enough"]

    talk(run, make_server(ToyDoor()))


def test_tools_called_at_once_are_done_one_after_the_other():
    door, running = ToyDoor(), []
    plain = door.call

    def call(operation, arguments):
        running.append(len(running))
        assert len(running) == 1
        anyio.from_thread.run(anyio.sleep, 0.01)
        running.pop()
        return plain(operation, arguments)

    door.call = call

    async def run(client):
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(client.call_tool, "note", {"text": str(number)})

    talk(run, make_server(door))
    assert len(door.calls) == 5


def test_the_brief_is_a_resource_and_the_work_a_prompt():
    door = ToyDoor()

    async def run(client):
        assert [str(one.uri) for one in (await client.list_resources()).resources] == [BRIEF]
        assert (await client.read_resource(BRIEF)).contents[0].text == "did brief"
        assert [one.name for one in (await client.list_prompts()).prompts] == [PROMPT]
        assert "Rules" in (await client.get_prompt(PROMPT)).messages[0].content.text
        with pytest.raises(MCPError, match="There is no resource fastheur://champion"):
            await client.read_resource("fastheur://champion")
        with pytest.raises(MCPError, match="There is no prompt 'play'"):
            await client.get_prompt("play")
        door.over = "the budget is spent"
        with pytest.raises(MCPError, match="the budget is spent"):
            await client.read_resource(BRIEF)

    talk(run, make_server(door))


def test_what_the_lab_prints_never_reaches_the_wire():
    script = NOISY.format(paths=[str(ROOT), str(Path(__file__).parent)])
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in LINES:
            process.stdin.write(json.dumps(line) + "\n")
        process.stdin.flush()
        answers = [json.loads(process.stdout.readline()) for _ in range(2)]
        rest, errors = process.communicate(timeout=60)  # closes its input, which ends it
    assert [answer["id"] for answer in answers] == [1, 2] and rest == "" and process.returncode == 0
    assert answers[1]["result"]["content"][0]["text"] == "did brief"
    assert all(line in errors for line in ("a line for nobody", "nor this one", "nor of a child"))


def test_a_polite_kill_ends_it_while_its_input_is_open(tmp_path):
    (tmp_path / "ledger.db").touch()
    with (
        DoorServer(ToyDoor(), tmp_path / "lab.sock"),
        subprocess.Popen(
            [sys.executable, "-m", "fastheur", "mcp", f"run={tmp_path}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as process,
    ):  # fmt: skip
        process.stdin.write(json.dumps(LINES[0]) + "\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 130


def test_without_a_run_or_a_supervisor_the_message_says_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "ledger.db").touch()
    for words, message in (
        ([], "No run was given: run=RUN joins one"),
        (["run=one"], "No supervisor listens for"),
        (["run=on"], "There is no run 'on'. Did you mean one?"),
    ):
        assert main(["mcp", *words]) == 2
        out, err = capsys.readouterr()
        assert message in err and out == ""
