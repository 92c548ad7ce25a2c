"""``fastheur mcp run=RUN``: the Lab of a run over standard input and output, for a user's own agent."""

from collections.abc import Mapping
from typing import Any

from fastheur.agents.base import Door
from fastheur.commands import settings
from fastheur.errors import ConfigError
from fastheur.lab_client import DoorClient
from fastheur.lab_wire import SOCKET


def main(config: Mapping[str, Any]) -> int:
    """Serve until standard input closes."""
    if config["run"] is None:
        raise ConfigError("No run was given: add run=RUN, a run folder or a name under runs/.")
    with DoorClient(settings.run_folder(config["run"]) / SOCKET) as door:
        return serve_door(door)


def serve_door(door: Door) -> int:
    """Serve ``door`` over standard input and output until the input closes, and return the exit code."""
    from fastheur.agents.mcp_server import serve  # takes half a second to load

    serve(door)
    return 0
