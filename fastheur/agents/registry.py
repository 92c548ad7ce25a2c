"""Finds an agent by its name; what it needs is loaded only then."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from fastheur.agents.base import Agent
from fastheur.errors import ConfigError, nearest

_AGENTS = {
    "tuner": ("fastheur.agents.tuner", "Tuner"),
    "script": ("fastheur.agents.script", "Script"),
    "shell": ("fastheur.agents.shell", "Shell"),
    "openai": ("fastheur.agents.openai_agent", "OpenAIAgent"),
    "command": ("fastheur.agents.command", "CommandAgent"),
    "mcp": ("fastheur.agents.mcp_server", "McpAgent"),
}


def make_agent(settings: Mapping[str, Any], source: str = "") -> Agent:
    """Return the agent that ``settings["name"]`` names, after a check of its settings and of the ``source`` it starts from.

    Raises:
        ConfigError: there is no such agent, or it cannot work with these settings.
    """
    name = str(settings.get("name"))
    if name not in _AGENTS:
        raise ConfigError(f"There is no agent {name!r}, expected one of {', '.join(_AGENTS)}.{nearest(name, _AGENTS)}")
    module, attribute = _AGENTS[name]
    agent: Agent = getattr(import_module(module), attribute)()
    agent.check(settings, source)
    return agent
