"""The operations of the Lab as one table: names, arguments and words, the same for Python, OpenAI, MCP and the shell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fastheur.errors import ConfigError, nearest


@dataclass(frozen=True)
class Picture:
    """An image for an agent that can look: PNG bytes and what they show."""

    caption: str
    png: bytes = field(repr=False)


@dataclass(frozen=True)
class Answer:
    """What an operation answers.

    Attributes:
        text: for reading, bounded in length. data: the same as plain JSON values. pictures: images that belong to it.
        over: why the run has ended, or None while it goes on.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    over: str | None = None


@dataclass(frozen=True)
class Operation:
    """One operation: ``arguments`` are JSON Schema properties, ``required`` the names without a default."""

    name: str
    description: str
    arguments: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """The arguments as a JSON Schema object, as OpenAI tools and MCP want it."""
        properties = {name: dict(argument) for name, argument in self.arguments.items()}
        return {
            "type": "object",
            "properties": properties,
            "required": list(self.required),
            "additionalProperties": False,
        }


_SOURCE = {"type": "string", "description": "The whole text of the policy file."}
_HYPOTHESIS = {"type": "string", "description": "One sentence: what you changed and why it should help."}
_TRIAL = {"type": "integer", "minimum": 1, "description": "Number of a trial, as its answer gave it."}
_EPISODE = {"type": "integer", "minimum": 0, "maximum": 9_999_999, "description": "Index of a train episode."}

_TABLE = (
    Operation(
        "brief",
        "What the task is, what a policy file may do, what was learnt so far, the champion's source, and the budget "
        "left. Takes no env steps. Call it first.",
    ),
    Operation(
        "probe",
        "Short instrumented rollouts, charged to the budget. kind=actions: what each action changes; ram: which RAM bytes "
        "move with which object on the screen; values: range of every observation entry; rewards: when rewards come "
        "and what changes then; frame: pictures of the game.",
        {
            "kind": {"type": "string", "enum": ["actions", "ram", "values", "rewards", "frame"]},
            "steps": {"type": "integer", "minimum": 1, "maximum": 100_000, "default": 600},
            "action": {"type": "integer", "minimum": 0, "description": "Hold this action; default: random actions."},
            "after": {
                "type": "integer",
                "minimum": 0,
                "default": 0,
                "description": "kind=actions: steps of random actions before, the same ones for each; games often take no input at first.",
            },
        },
        ("kind",),
    ),
    Operation(
        "trial",
        "Play a candidate on train episodes: its scores, the difference to the champion on the same episodes, and a "
        "failure report. A candidate that looks better goes through the gate (validation episodes, golden cases) and "
        "becomes champion if it passes. A text that was tried before is answered from the records, at no cost. With protocol=NAME "
        "(Atari: weng2026, where one episode is everything, or robust) it is only played and scored under that protocol; with "
        "max_steps=N only the beginning of each episode, under either.",
        {
            "source": _SOURCE,
            "hypothesis": _HYPOTHESIS,
            "episodes": {
                "type": "integer",
                "minimum": 1,
                "maximum": 1000,
                "description": "Train episodes; default: the run's own.",
            },
            "allow_loss": {
                "type": "array",
                "items": {"type": "string"},
                "default": [],
                "description": "Names of golden cases that this version may fail.",
            },
            "protocol": {
                "type": "string",
                "description": "Another protocol than the run's, for a look: played and scored, without a verdict.",
            },
            "max_steps": {
                "type": "integer",
                "minimum": 1,
                "description": "For a look too: cut every episode after so many env steps; no more than that is charged.",
            },
        },
        ("source", "hypothesis"),
    ),
    Operation(
        "search",
        "Search the policy's own PARAMS: many parameter rows per batch, hopeless ones stopped early. The best row, "
        "written into the source as its defaults, is then tried like any candidate.",
        {
            "source": _SOURCE,
            "steps": {
                "type": "integer",
                "minimum": 1,
                "description": "Env steps that the search may take; the generation under way is finished.",
            },
            "space": {
                "type": "object",
                "description": "NAME: [low, high] or NAME: {choices: [...]}; default: all PARAMS in their declared bounds.",
                "default": {},
            },
            "sampler": {"type": "string", "enum": ["tpe", "random"], "default": "tpe"},
            "hypothesis": {**_HYPOTHESIS, "default": "parameter search"},
        },
        ("source", "steps"),
    ),
    Operation(
        "trace",
        "Play one train episode of a trial again, charged to the budget, and show the last steps before a death, a stall, "
        "the worst drop, the end, or any step, or the steps that gave a reward: observations, the policy's own state fields, "
        "actions and rewards.",
        {
            "trial": _TRIAL,
            "episode": _EPISODE,
            "around": {"type": "string", "enum": ["death", "stall", "drop", "end", "rewards"], "default": "death"},
            "life": {
                "type": "integer",
                "minimum": 1,
                "default": 1,
                "description": "around=death: of which loss, 1 the first.",
            },
            "last": {"type": "integer", "minimum": 1, "maximum": 200, "default": 30, "description": "Steps to show."},
            "every": {
                "type": "integer",
                "minimum": 1,
                "default": 1,
                "description": "Show every so-manieth step only, and the moment itself.",
            },
            "step": {
                "type": "integer",
                "minimum": 1,
                "description": "Show the steps up to this one instead; the episode is played and charged up to there only.",
            },
            "entries": {
                "type": "array",
                "items": {"type": "string"},
                "default": [],
                "description": "RAM bytes by number, observation entries and STATE fields by name (grid, grid[1,8]); default: what "
                "varies most.",
            },
        },
        ("trial", "episode"),
    ),
    Operation(
        "replay",
        "Play one train episode of a trial again, charged to the budget, and see it: one picture with the moments that matter "
        "(before each death, at the end of each stall, at each jump of the score), the policy's own marks drawn in.",
        {
            "trial": _TRIAL,
            "episode": _EPISODE,
            "tiles": {"type": "integer", "minimum": 1, "maximum": 24, "default": 12, "description": "Moments to show."},
            "steps": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1},
                "maxItems": 24,
                "default": [],
                "description": "Show these steps instead; the episode is played and charged up to the last of them only.",
            },
        },
        ("trial", "episode"),
    ),
    Operation(
        "note",
        "Keep something that was learnt, for later sessions; shown in every brief. summary=true: the text replaces all "
        "earlier notes in the brief.",
        {
            "text": {"type": "string", "description": "What was learnt."},
            "summary": {"type": "boolean", "default": False},
        },
        ("text",),
    ),
    Operation(
        "failed_direction",
        "Keep an idea that did not work, and why, so that it is not tried again.",
        {"text": {"type": "string", "description": "What was tried, and why it did not work."}},
        ("text",),
    ),
    Operation(
        "golden",
        "Add a golden case: a train episode on which every later champion must reach the floor.",
        {
            "name": {"type": "string", "description": "Name of the case; `allow_loss` uses it."},
            "episode": _EPISODE,
            "floor": {"type": "number", "description": "Return that the episode must reach."},
            "max_steps": {"type": "integer", "minimum": 1, "description": "Cap of the case; default: the run's own."},
        },
        ("name", "episode", "floor"),
    ),
    Operation(
        "finish",
        "End the run: the champion is then confirmed on sealed seeds.",
        {"reason": {"type": "string", "description": "Why no idea is left that is worth its cost."}},
        ("reason",),
    ),
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _TABLE}

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
}


def checked(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of operation ``name`` with defaults filled in, after checking them against its schema.

    Raises:
        ConfigError: an unknown operation or argument, a missing one, or a value of the wrong kind.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        raise ConfigError(
            f"There is no operation {name!r}, expected one of {', '.join(OPERATIONS)}.{nearest(name, OPERATIONS)}"
        )
    known = operation.arguments
    for key in arguments:
        if key not in known:
            takes = ", ".join(known) or "no arguments"
            raise ConfigError(f"{name} takes {takes}; found {key!r}.{nearest(str(key), known)}")
    missing = [key for key in operation.required if arguments.get(key) is None]
    if missing:
        raise ConfigError(f"{name} needs {', '.join(missing)}: {_expected(known[missing[0]])}")
    given = {key: value for key, value in arguments.items() if value is not None}
    for key, value in given.items():
        _check(f"{name}: {key}", value, known[key])
    return {**{key: one["default"] for key, one in known.items() if "default" in one}, **given}


def _expected(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}."
    return str(schema.get("description", f"{_article(schema['type'])}."))


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aio' else 'a'} {kind}"


def _check(where: str, value: Any, schema: Mapping[str, Any]) -> None:
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        raise ConfigError(f"{where} is {_short(value)}, expected {_article(kind)}.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{where} is {value}, expected a finite number.")
    if "enum" in schema and value not in schema["enum"]:
        raise ConfigError(f"{where} is {_short(value)}, expected one of {', '.join(schema['enum'])}.")
    if "minimum" in schema and value < schema["minimum"]:
        raise ConfigError(f"{where} is {value}, expected at least {schema['minimum']:,}.")
    if "maximum" in schema and value > schema["maximum"]:
        raise ConfigError(f"{where} is {value}, expected at most {schema['maximum']:,}.")
    if isinstance(value, (list, tuple)):
        if len(value) > schema.get("maxItems", len(value)):
            raise ConfigError(f"{where} has {len(value):,} entries, expected at most {schema['maxItems']:,}.")
        for item in value:
            _check(f"{where}, an entry,", item, schema["items"])


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}... ({len(text):,} characters)"
