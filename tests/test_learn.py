"""Whole runs: every kind of agent works on the real Lab, and a run can be stopped, killed and resumed."""

import json
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from labs import START, STRONG, WEAK
from mcp import StdioServerParameters, stdio_client
from mcp.client.client import Client
from responses_server import KEY, ResponsesServer, answer, calls
from test_agent_command import MCP_AGENT

from fastheur.cli import main
from fastheur.runs import Run

SMALL = (
    "env=CartPole-v1",
    "budget.env_steps=100000",
    "train_episodes=4",
    "validation_episodes=16",
    "confirm_episodes=3",
)
FULL = [
    ["brief", {}],
    ["probe", {"kind": "values", "steps": 100}],
    ["trial", {"source": STRONG, "hypothesis": "the turning speed matters"}],
    ["trace", {"trial": 1, "episode": 0, "around": "end", "last": 5}],
    ["note", {"text": "turning speed matters"}],
    ["finish", {"reason": "done"}],
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, with the start policy in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "start.py").write_text(START)
    (tmp_path / "strong.py").write_text(STRONG)
    (tmp_path / "weak.py").write_text(WEAK)
    return tmp_path


def fastheur(*words, capsys):
    code = main(words)
    out, err = capsys.readouterr()
    return code, out, err


def checked_run(name, operations):
    """The run is confirmed, its champion is the strong policy, and these operations are in its records, in order."""
    run = Run.open(name)
    try:
        assert run.status == "confirmed"
        assert run.ledger.champion.source == STRONG
        assert [one["name"] for one in run.ledger.operations()] == ["start", *operations, "confirm"]
        assert all(one["status"] == "done" for one in run.ledger.operations())
        assert run.ledger.value("confirmed")["protocol"] == "default"
    finally:
        run.close()


def test_script_from_the_command_line_and_what_is_shown_of_it(folder, capsys):
    words = ["learn", *SMALL, "start=start.py", "name=one", "agent=script", "agent.files=[weak.py,strong.py,weak.py]"]
    code, out, err = fastheur(*words, capsys=capsys)
    assert code == 0, err
    assert "champion" in out and "v3" in out and "sealed" in out and "secret" in out
    assert "v3" in err and "strong.py" in err
    checked_run("one", ["trial", "trial", "trial"])
    assert (folder / "runs/one/champion.py").read_text() == STRONG
    assert json.loads((folder / "runs/one/golden.json").read_text())["cases"]

    code, out, _ = fastheur("runs", capsys=capsys)
    assert code == 0 and "one" in out and "confirmed" in out
    code, out, _ = fastheur("show", "one", capsys=capsys)
    assert code == 0 and "weak.py" in out and "v1-1" in out and "In all:" in out
    code, out, _ = fastheur("diff", "one", "v1", "v3", capsys=capsys)
    assert code == 0 and "+" in out and "Param(0.3" in out
    code, _, err = fastheur("diff", "one", "v1", "v9", capsys=capsys)
    assert code == 2 and "v1 .. v3" in err
    code, _, err = fastheur("learn", "resume=one", capsys=capsys)
    assert code == 2 and "confirmed" in err
    code, _, err = fastheur("learn", *SMALL, "start=start.py", "name=one", capsys=capsys)
    assert code == 2 and "holds a run already" in err


def test_tuner_gives_the_same_result_twice(folder, capsys):
    found = []
    for name in ("one", "two"):
        words = [*SMALL, "start=start.py", f"name={name}", "agent.round_steps=20000", "seed=3", "search.population=6"]
        code, _, err = fastheur("learn", *words, capsys=capsys)
        assert code == 0, err
        run = Run.open(name)
        found.append(
            [(v.policy_sha256, v.score, v.verdict, v.reason, v.hypothesis) for v in run.ledger.versions()]
            + [run.ledger.steps()[0]]
        )
        assert run.ledger.champion.version > 1
        run.close()
    assert found[0] == found[1]


def test_mcp_with_the_official_client(folder):
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "fastheur", "mcp", *SMALL, "start=start.py", "name=one"], cwd=folder
    )

    async def work():
        async with Client(stdio_client(server)) as client:
            return [(await client.call_tool(name, arguments)).content[0].text for name, arguments in FULL]

    texts = anyio.run(work)
    assert "champion" in texts[0] and "It is the champion now" in texts[2]
    wait_confirmed("one")
    checked_run("one", [name for name, _ in FULL])


def wait_confirmed(name):
    """The client leaves before its server has confirmed the champion."""
    for _ in range(200):
        run = Run.open(name)
        done = run.status == "confirmed"
        run.close()
        if done:
            return
        anyio.run(anyio.sleep, 0.1)


def test_command_runs_a_program_that_speaks_mcp(folder, capsys):
    (folder / "agent.py").write_text(MCP_AGENT)
    program = json.dumps([sys.executable, str(folder / "agent.py"), "{mcp_config}", str(folder / "calls.json")])
    (folder / "agent.py").write_text(MCP_AGENT.replace("json.loads(sys.argv[2])", "json.load(open(sys.argv[2]))"))
    (folder / "calls.json").write_text(json.dumps(FULL))
    words = [*SMALL, "start=start.py", "name=one", "agent=command", f"agent.program={program}"]
    code, _, err = fastheur("learn", *words, capsys=capsys)
    assert code == 0, err
    checked_run("one", [name for name, _ in FULL])
    assert "It is the champion now" in (folder / "runs/one/agent.log").read_text()


def test_openai_over_http(folder, capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    script = [answer(calls(name, json.dumps(arguments))) for name, arguments in FULL]
    with ResponsesServer(*script) as server:
        words = [*SMALL, "start=start.py", "name=one", "agent=openai", f"agent.base_url={server.url}"]
        code, _, err = fastheur("learn", *words, capsys=capsys)
        assert code == 0, err
    run = Run.open("one")
    assert run.ledger.charged()[0] == 110 * len(FULL)
    operations = [one["name"] for one in run.ledger.operations()]
    run.close()
    assert operations[-3:] == ["note", "finish", "confirm"] and "trial" in operations


def test_openai_without_a_key_says_what_to_set(folder, capsys, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    code, _, err = fastheur("learn", *SMALL, "start=start.py", "name=one", "agent=openai", capsys=capsys)
    assert code == 2 and "OPENAI_API_KEY" in err and "agent=tuner" in err


def test_what_an_agent_lacks_is_said_before_a_run_is_made(folder, capsys, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    for words in (["agent=openai"], ["agent=script"], ["agent=command"], ["agent=tuner", "agent.sampler=none"]):
        assert fastheur("learn", *SMALL, "start=start.py", *words, capsys=capsys)[0] == 2
    monkeypatch.setattr("sys.stdin", None)
    code, _, err = fastheur("mcp", *SMALL, "start=start.py", capsys=capsys)
    assert code == 2 and "Standard input is closed" in err
    assert not (folder / "runs").exists()


def test_a_refused_start_gives_its_name_back_and_the_tuner_makes_use_of_a_small_budget(folder, capsys):
    (folder / "prose.py").write_text("PARAMS: push the cart to the left")
    code, _, err = fastheur("learn", *SMALL, "start=prose.py", "name=one", capsys=capsys)
    assert code == 2 and "The start policy prose.py cannot be played" in err
    words = [*SMALL, "budget.env_steps=40000", "start=start.py", "name=one"]
    assert fastheur("learn", *words, capsys=capsys)[0] == 0
    run = Run.open("one")
    assert run.status == "confirmed" and run.ledger.champion.score > 400
    run.close()
    assert "holds a run already" in fastheur("learn", *words, capsys=capsys)[2]
    for ended in (["lab", "one", "brief"], ["mcp", "run=one"]):
        assert "has ended (the budget of 40,000 env steps is spent" in fastheur(*ended, capsys=capsys)[2]


def test_a_limit_is_shown_with_what_was_used_of_it(folder, capsys, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with ResponsesServer(answer(calls("finish", reason="done"), tokens=(900_000, 0, 100_000))) as server:
        words = ["agent=openai", f"agent.base_url={server.url}", "agent.price_input=1", "agent.price_output=10"]
        code, out, err = fastheur("learn", *SMALL, "start=start.py", "name=one", *words, capsys=capsys)
    assert code == 0, err
    assert "1,000,000 tokens used, for $1.90." in out


def test_killed_runs_decide_the_same_when_resumed(tmp_path):
    bench = Path(__file__).parent.parent / "bench" / "kills.py"
    short = ["protocol.max_steps=600", "agent.round_steps=8000", "agent.patience=1"]
    command = [sys.executable, str(bench), "2", "5", str(tmp_path / "runs"), *short]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 kills" in done.stdout
