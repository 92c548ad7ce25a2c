"""Lets any coding-agent program work on a run: started in the run folder, ended with all its children."""

import json
import math
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

from fastheur.agents import keeper
from fastheur.agents.base import Assignment, Door
from fastheur.agents.instructions import instructions
from fastheur.errors import ConfigError, RunOver

INSTRUCTIONS, MCP_CONFIG = "INSTRUCTIONS.md", "mcp.json"
"""Files that are written into the run folder."""

_LOOK_SECONDS = 0.5
"""How often the program, its log and the run's state are looked at."""

_PATIENCE = 5.0
_SHOWN_LINES, _LAST_LINES, _LINE, _TAIL_BYTES = 5, 15, 300, 1 << 16
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-_])")

_TOOLS = """The MCP server `fastheur` ({config} configures it) has one tool per operation. Where you have no
MCP, the shell does the same; `source` is then the name of a file, and pictures are files:
    {lab} brief
    {lab} probe actions steps=600
    {lab} trial policy.py hypothesis="..."
    {lab} search policy.py steps=20000
    {lab} trace 3 0 around=death
    {lab} note "..."
    {lab} failed_direction "..."
    {lab} golden NAME 0 100
    {lab} finish "..."
Every answer can be had as JSON with json=true. Write policy files wherever you like; a trial takes their whole text."""


@dataclass(frozen=True)
class Settings:
    """The agent's settings, checked; ``conf/agent/command.yaml`` explains them."""

    program: tuple[str, ...]
    env: tuple[str, ...]
    log: str
    grace_s: float

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Settings":
        """Return the settings in a plain mapping.

        Raises:
            ConfigError: one of them does not fit.
        """
        program, env, log, grace = (settings.get(name) for name in ("program", "env", "log", "grace_s"))
        try:
            words = shlex.split(program) if isinstance(program, str) else program
        except ValueError as error:
            raise ConfigError(f"agent.program is {program!r}: {error}.") from error
        if not (isinstance(words, (list, tuple)) and words and _texts(words)):
            raise ConfigError(
                f"agent.program is {program!r}, expected a program and its arguments, for instance "
                '\'agent.program=["claude","-p","{instructions}","--mcp-config","{mcp_config}"]\'.'
            )
        if not (isinstance(env, (list, tuple)) and _texts(env)):
            raise ConfigError(
                f"agent.env is {env!r}, expected a list of names of variables, such as [PATH, 'OPENAI_*']."
            )
        if not isinstance(log, str) or Path(log).name != log:
            raise ConfigError(f"agent.log is {log!r}, expected a file name; it lies in the run folder.")
        if isinstance(grace, bool) or not isinstance(grace, (int, float)) or not 0 <= grace <= 600:
            raise ConfigError(f"agent.grace_s is {grace!r}, expected 0 to 600 seconds.")
        return cls(tuple(words), tuple(env), log, float(grace))


class CommandAgent:
    """Runs ``agent.program`` until it exits, the deadline comes, or the run is over."""

    replays: ClassVar[bool] = False
    waits: ClassVar[bool] = False

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        wanted = Settings.of(settings)
        _found(wanted.program[0], _environment(wanted.env))

    def run(self, door: Door, assignment: Assignment) -> None:
        """Start the program and wait for its end; what it prints goes to the log, and its last lines to ``door.say``.

        Raises:
            RunOver: the run has ended, or its time is up; the program and its children were ended.
            ConfigError: there is no such program, or it failed: with the last lines of its log.
        """
        settings, folder, began = Settings.of(assignment.settings), assignment.folder.resolve(), time.monotonic()
        deadline = math.inf if assignment.deadline_s is None else began + assignment.deadline_s
        env, log = _environment(settings.env), folder / settings.log
        text = _write_files(folder, env)
        words = [_filled(word, folder, text) for word in settings.program]
        words[0] = _found(words[0], env)
        log.touch()
        with _Watch(door, log) as watch, _started(words, folder, env, log, settings.grace_s) as process:
            while process.poll() is None and not watch.over and time.monotonic() < deadline:
                _wait(process, _LOOK_SECONDS)
            if watch.over:  # the program was told so, and may have a last word
                _wait(process, min(settings.grace_s, deadline - time.monotonic()))
            by_itself = process.poll() is not None
        if watch.over:
            raise watch.over
        if not by_itself:
            raise RunOver(f"The time of the run is up; the agent {settings.program[0]} was ended.")
        door.charge(None, None)  # raises RunOver where the program's last operation ended the run
        if process.returncode:
            raise ConfigError(
                f"The agent {settings.program[0]} exited with code {process.returncode} after "
                f"{time.monotonic() - began:.1f} s. The end of {log}:\n" + "\n".join(_last_lines(log))
            )


class _Watch:
    """Shows the log's new lines and notices when the run is over, in a thread: the door may be busy for long.

    Attributes:
        over: why the run has ended, or None.
    """

    def __init__(self, door: Door, log: Path) -> None:
        self.over: RunOver | None = None
        self._door, self._file, self._stop = door, log.open("rb"), threading.Event()
        self._file.seek(0, os.SEEK_END)
        self._thread = threading.Thread(target=self._look, name="fastheur-agent", daemon=True)

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._stop.set()
        self._thread.join(_PATIENCE)

    def _look(self) -> None:
        with self._file:
            while not self.over:
                stopped = self._stop.wait(_LOOK_SECONDS)
                for line in _shown(self._file.read())[-_SHOWN_LINES:]:
                    self._door.say(line)
                if stopped:
                    return
                try:
                    self._door.charge(None, None)
                except RunOver as over:
                    self.over = over


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(max(seconds, 0.0))


@contextmanager
def _started(
    words: list[str], folder: Path, env: Mapping[str, str], log: Path, grace_s: float
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program under a keeper for the length of the block, at most; after it, nothing that it started runs."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", keeper.__file__, str(grace_s), *words],
            stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, cwd=folder, env=env, start_new_session=True,
        )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.terminate()
            _wait(process, grace_s + keeper.KILL_SECONDS + _PATIENCE)
            if process.poll() is None or process.returncode < 0:  # the keeper hangs, or was killed
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _environment(patterns: Sequence[str]) -> dict[str, str]:
    """Return the variables that the program gets; this Python's own folder comes first in its PATH."""
    env = {name: value for name, value in os.environ.items() if any(fnmatchcase(name, one) for one in patterns)}
    env["PATH"] = os.pathsep.join((os.path.dirname(sys.executable), env.get("PATH", os.defpath)))
    return env


def _found(program: str, env: Mapping[str, str]) -> str:
    """Return the path of a program's file; a relative one is looked for from the present folder."""
    found = shutil.which(os.path.abspath(program) if os.sep in program else program, path=env["PATH"])
    if found is None:
        raise ConfigError(
            f"agent.program starts with {program!r}: there is no such program in PATH, or it is not executable."
        )
    return found


def _filled(word: str, folder: Path, text: str) -> str:
    """Return ``word`` with its placeholders replaced, in one pass: the text of the instructions is not looked through."""
    values = {
        "instructions": text,
        "instructions_file": str(folder / INSTRUCTIONS),
        "mcp_config": str(folder / MCP_CONFIG),
        "folder": str(folder),
    }
    return re.sub(r"\{(" + "|".join(values) + r")\}", lambda found: values[found[1]], word)


def _write_files(folder: Path, env: Mapping[str, str]) -> str:
    """Write the instructions and the MCP configuration into the run folder; return the instructions."""
    python = [sys.executable, "-P", "-m", "fastheur"]  # -P: a numpy.py that the agent writes here is not to be imported
    path = os.environ.get("PYTHONPATH")
    where = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, path.split(os.pathsep)))} if path else {}
    server = {"command": python[0], "args": [*python[1:], "mcp", f"run={folder}"], "env": where}
    (folder / MCP_CONFIG).write_text(json.dumps({"mcpServers": {"fastheur": server}}, indent=2) + "\n")
    shell = "fastheur" if shutil.which("fastheur", path=env["PATH"]) else shlex.join(python)
    text = instructions(_TOOLS.format(lab=f"{shell} lab {shlex.quote(str(folder))}", config=folder / MCP_CONFIG))
    (folder / INSTRUCTIONS).write_text(text)
    return text


def _shown(data: bytes) -> list[str]:
    """Return the lines of a log without what would disturb a terminal, each cut to a length that can be read."""
    lines = _ESCAPES.sub("", data.decode("utf-8", "replace")).splitlines()
    plain = ("".join(char for char in line if char.isprintable() or char == "\t").strip() for line in lines)
    return [line if len(line) <= _LINE else line[:_LINE] + "..." for line in plain if line]


def _last_lines(log: Path) -> list[str]:
    with log.open("rb") as file:
        file.seek(max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
        return _shown(file.read())[-_LAST_LINES:] or ["(it is empty)"]


def _texts(values: Sequence[Any]) -> bool:
    return all(isinstance(one, str) for one in values)
