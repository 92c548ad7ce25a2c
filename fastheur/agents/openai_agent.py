"""The ``openai`` agent: a language model improves the policy by calling the Lab's operations as function tools."""

import json
import time
from collections.abc import Callable, Mapping
from textwrap import shorten
from typing import Any, ClassVar

from fastheur.agents.base import Assignment, Door
from fastheur.agents.conversation import Conversation, described, user
from fastheur.agents.instructions import NUDGE, RESUMED, SUMMARISE, UNANSWERED, instructions
from fastheur.agents.openai_client import Client, Reply
from fastheur.agents.openai_failure import HistoryTooLong, PictureRefused
from fastheur.agents.openai_settings import Settings
from fastheur.errors import ConfigError, FastheurError, RunOver
from fastheur.operations import OPERATIONS

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": operation.name,
        "description": operation.description,
        "parameters": operation.schema,
        "strict": False,  # strict schemas know no optional arguments
    }
    for operation in OPERATIONS.values()
]


_TOLD = instructions(
    "You act only through your tools, which are the Lab's operations. Every answer of yours must call at least one of them "
    "until you call `finish`."
)


class OpenAIAgent:
    """An agent that works through the Responses API (see :class:`fastheur.agents.base.Agent`)."""

    replays: ClassVar[bool] = False
    waits: ClassVar[bool] = False

    def check(self, settings: Mapping[str, Any], source: str) -> None:
        """See :class:`fastheur.agents.base.Agent`."""
        Settings.of(settings).key()

    def run(self, door: Door, assignment: Assignment) -> None:
        """Let the model work until it finishes, has used its turns, or the run is over.

        Raises:
            RunOver: a budget is spent.
            ConfigError: no key, a setting that does not fit, or an endpoint that refuses the key or the model.
            AgentError: the endpoint failed for good; everything until then is kept, and a resumed run goes on there.
        """
        deadline = None if assignment.deadline_s is None else time.monotonic() + assignment.deadline_s
        settings = Settings.of(assignment.settings)

        def say(text: str) -> None:
            door.say(shorten(text, 200))

        client = Client(settings, say, door.charge, deadline, assignment.seed)
        _Session(door, settings, client, say).work()


class _Session:
    def __init__(self, door: Door, settings: Settings, client: Client, say: Callable[[str], None]) -> None:
        self._door = door
        self._say = say
        self._settings = settings
        self._client = client
        self._talk = Conversation(door, settings.images)

    def work(self) -> None:
        talk, settings = self._talk, self._settings
        if talk.items:
            for call in talk.unanswered:
                talk.output(call, UNANSWERED)
            talk.tell(RESUMED)
        else:
            self._start()
        nudges = 0
        while talk.turns < settings.most_turns:
            if talk.tokens > settings.most_context_tokens:
                self._compact()
            reply = self._turn()
            if not talk.unanswered:
                nudges += 1
                if nudges > settings.most_nudges:
                    return self._finish(
                        f"The model called no tool {nudges} times in a row. Its last words: {reply.text}"
                    )
                talk.tell(NUDGE)
                continue
            nudges = 0
            for call in talk.unanswered:
                if self._call(call):
                    return None
        return self._finish(f"The model has used its {settings.most_turns} turns (agent.most_turns).")

    def _start(self, carried: str = "") -> None:
        """Begin a history from the door's brief, and from a summary that is not in it."""
        self._talk.start(f"{self._door.call('brief', {}).text}\n\n{carried}".rstrip())

    def _turn(self) -> Reply:
        talk = self._talk
        while True:
            try:
                reply = self._client.ask(_TOLD, talk.items, TOOLS)
                break
            except HistoryTooLong as error:
                self._say(f"The history is too long for the model: {error}")
                self._compact()
            except PictureRefused as error:
                self._hide_pictures(error)
        if reply.cut:
            self._say(f"The model's answer was cut short: {reply.cut}")
        try:
            self._door.charge(reply.tokens, reply.money)
        finally:
            talk.answered(reply.items, reply.tokens)  # also when that was the last of the budget: it can be resumed
        return reply

    def _call(self, call: Mapping[str, Any]) -> bool:
        """Do one function call of the model; return whether the run has ended."""
        self._say(described(call))
        try:
            answer = self._door.call(call["name"], _arguments(call))
        except RunOver:
            raise
        except FastheurError as error:
            self._say(f"{call['name']} refused: {error}")
            self._talk.output(call, f"Error: {error}")
            return False
        self._talk.output(call, answer.text, answer.pictures)
        if answer.over is not None:
            self._say(answer.over)
        return answer.over is not None

    def _finish(self, reason: str) -> None:
        self._say(reason)
        self._door.call("finish", {"reason": shorten(reason, 1000)})

    def _hide_pictures(self, error: PictureRefused) -> None:
        self._say(f"The endpoint refused a request with a picture, going on without: {error}")
        self._talk.hide_pictures()

    def _compact(self) -> None:
        """Sum the history up into a note and begin a new one."""
        if self._talk.fresh:
            raise ConfigError(
                f"The instructions and the brief alone, about {self._talk.tokens:,} tokens, do not fit: expected room for "
                f"them in the context of model {self._settings.model!r} and in agent.most_context_tokens="
                f"{self._settings.most_context_tokens:,}."
            )
        self._say("The history is long: it is summed up into a note.")
        summary = self._summary()
        if summary:
            note = {"text": summary, "summary": True}
        else:  # no summary: earlier notes must stay
            note = {"text": f"Calls of a session that was too long to be summed up:\n{self._talk.digest()}"}
        try:
            self._door.call("note", note)
        except RunOver:
            raise
        except FastheurError as error:
            self._say(f"The note was refused, it stays in the conversation: {error}")
            return self._start(str(note["text"]))
        return self._start()

    def _summary(self) -> str:
        """Return the model's own summary of the history; empty if even the question does not fit or is not answered."""
        while True:
            try:
                reply = self._client.ask(_TOLD, [*self._talk.items, user(SUMMARISE)], TOOLS, tool_choice="none")
            except HistoryTooLong:
                return ""
            except PictureRefused as error:
                self._hide_pictures(error)
            else:
                self._door.charge(reply.tokens, reply.money)
                return "" if reply.cut else reply.text


def _arguments(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that the model wrote.

    Raises:
        ConfigError: they are not a JSON object of text that can be stored.
    """
    text = call["arguments"] or "{}"
    try:
        arguments = json.loads(text)
        json.dumps(arguments, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"The arguments of {call['name']} are no valid JSON ({error}): found {shorten(text, 200)!r}, expected one "
            "JSON object. Nothing was done; write the call again."
        ) from error
    if not isinstance(arguments, dict):
        raise ConfigError(
            f"The arguments of {call['name']} are a JSON {type(arguments).__name__}, expected one object with named fields."
        )
    return arguments
