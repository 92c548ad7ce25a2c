"""``fastheur mcp``: the Lab of a run over standard input and output, for a user's own agent."""

from collections.abc import Mapping
from typing import Any

from fastheur.agents.registry import make_agent
from fastheur.errors import ConfigError
from fastheur.run_folder import find_run


def main(config: Mapping[str, Any]) -> int:
    """Serve until standard input closes: a run whose supervisor works already, or a new or resumed one of its own."""
    if config["run"] is None and not config.get("env") and config["resume"] is None:
        raise ConfigError(
            "No run was given: run=RUN joins one that is being worked on, resume=RUN takes one up again, and "
            "env=TASK budget.env_steps=N begins one."
        )
    agent = make_agent({"name": "mcp"})
    if config["run"] is not None:
        return _join(str(config["run"]))
    from rich.console import Console

    from fastheur.commands.learn import learn

    return learn(config, Console(stderr=True), agent)  # standard output belongs to the protocol


def _join(name: str) -> int:
    from fastheur.agents.mcp_server import serve  # takes half a second to load
    from fastheur.commands.joining import join

    with join(find_run(name)) as door:
        serve(door)
    return 0
