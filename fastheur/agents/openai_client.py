"""One answer of a language model through the Responses API: streamed, retried, and its tokens counted."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openai

from fastheur.agents.openai_failure import Failure, HistoryTooLong, PictureRefused, retry_after
from fastheur.agents.openai_settings import Settings
from fastheur.errors import AgentError, ConfigError, RunOver

Item = dict[str, Any]
"""One entry of a conversation, as the Responses API takes and gives it."""


@dataclass(frozen=True)
class Reply:
    """One answer of the model.

    Attributes:
        items: its output, in order. tokens: all that the request took, None if the endpoint does not say.
        money: its price in US dollars, None if unknown. cut: why the answer is not whole, or None.
    """

    items: tuple[Item, ...]
    tokens: int | None = None
    money: float | None = None
    cut: str | None = None

    @property
    def text(self) -> str:
        """What it says in words."""
        messages = (item for item in self.items if item["type"] == "message")
        parts = (part for message in messages for part in message.get("content") or ())
        return "\n".join(part.get("text") or part.get("refusal") or "" for part in parts).strip()


@dataclass
class _Stream:
    """What has come of one answer so far: ``begun`` once the model may have worked, ``last`` the closing event."""

    items: list[Item] = field(default_factory=list)
    begun: bool = False
    last: Any = None


class Client:
    """An endpoint and its model, asked with a bounded number of retries.

    Args:
        say: takes lines of progress. charge: takes tokens and money of requests that failed (None: unknown).
        deadline: on :func:`time.monotonic`, None for no limit. seed: of the waits' jitter.

    Raises:
        ConfigError: no key.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        charge: Callable[[int | None, float | None], None],
        deadline: float | None,
        seed: int,
    ) -> None:
        self._settings = settings
        self._say = say
        self._charge = charge
        self._deadline = deadline
        self._random = random.Random(seed)
        self._openai = openai.OpenAI(api_key=settings.key(), base_url=settings.base_url, max_retries=0)

    def ask(self, instructions: str, items: list[Item], tools: list[Item], tool_choice: str = "auto") -> Reply:
        """Return the model's answer to a conversation.

        Raises:
            HistoryTooLong, PictureRefused: the conversation must change before it is sent again.
            AgentError, ConfigError: the endpoint has failed, for good or too often in a row.
            RunOver: the wall time is spent, or a charge says so.
        """
        request = self._request(instructions, items, tools, tool_choice)
        tries = 0
        while True:
            tries += 1
            try:
                return self._try(request)
            except Failure as failure:
                if failure.too_long:
                    raise HistoryTooLong(str(failure)) from failure
                if failure.blames_a_picture and _has_picture(items):
                    raise PictureRefused(str(failure)) from failure
                if tries > self._settings.retries or not failure.passing:
                    raise self._end(failure, tries) from failure
                self._wait(failure, tries)

    def _request(self, instructions: str, items: list[Item], tools: list[Item], tool_choice: str) -> dict[str, Any]:
        settings = self._settings
        reasoning = {"effort": settings.effort, "summary": settings.reasoning_summary}
        optional = {
            "temperature": settings.temperature,
            "max_output_tokens": settings.most_output_tokens,
            "reasoning": {name: value for name, value in reasoning.items() if value is not None} or None,
            # Nothing is stored at the endpoint, so a model that reasons needs its own thoughts sent back.
            "include": ["reasoning.encrypted_content"] if settings.effort is not None else None,
        }
        return {
            "model": settings.model,
            "instructions": instructions,
            "input": items,
            "tools": tools,
            "tool_choice": tool_choice,
            "store": False,
            "stream": True,
            **{name: value for name, value in optional.items() if value is not None},
        }

    def _try(self, request: Mapping[str, Any]) -> Reply:
        stream = _Stream()
        try:
            self._receive(request, stream)
            return self._reply(stream)
        except BaseException:
            if stream.begun:
                self._charge(*self._cost(stream.last))
            raise

    def _receive(self, request: Mapping[str, Any], stream: _Stream) -> None:
        create: Any = self._openai.responses.create
        try:
            with create(**request, timeout=min(self._settings.timeout_s, self._left())) as events:
                for event in events:
                    stream.begun = True
                    self._take(event, stream)
                    self._left()
        except openai.APITimeoutError as error:
            stream.begun = True  # the endpoint may well have gone on working
            self._left()
            raise Failure(f"no sign of life for {self._settings.timeout_s:g} s") from error
        except openai.APIStatusError as error:
            words = error.body.get("message") if isinstance(error.body, dict) else None
            wait = retry_after(error.response.headers)
            raise Failure(str(words or error.message), error.status_code, error.code or "", wait) from error
        except openai.APIError as error:
            raise Failure(f"{error} {error.__cause__ or ''}", code=error.code or "") from error
        except ValueError as error:
            raise Failure(f"the server's answer is not what the Responses API sends: {error}") from error

    def _take(self, event: Any, stream: _Stream) -> None:
        kind, item = getattr(event, "type", None), getattr(event, "item", None)
        if isinstance(item, openai.BaseModel):
            entry = _plain(item)
            if kind == "response.output_item.done":
                stream.items.append(entry)
            elif entry["type"] == "function_call":
                self._say(f"writes a call of {entry.get('name')}")
        elif kind == "response.reasoning_summary_text.done":
            self._say(f"thinks: {event.text}")
        elif kind == "response.output_text.done":
            self._say(f"says: {event.text}")
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            stream.last = event.response
        elif kind == "error":
            raise Failure(event.message or "the server reports an error", code=event.code or "")

    def _reply(self, stream: _Stream) -> Reply:
        last = stream.last
        if last is None:
            raise Failure("the server's answer ended in the middle")
        if last.status == "failed":
            code, words = getattr(last.error, "code", None), getattr(last.error, "message", None)
            raise Failure(words or "the model failed", code=code or "")
        items = stream.items or [_plain(item) for item in last.output or ()]
        cut = (getattr(last.incomplete_details, "reason", None) or "unknown") if last.status == "incomplete" else None
        return Reply(tuple(items), *self._cost(last), cut)

    def _cost(self, response: Any) -> tuple[int | None, float | None]:
        usage = getattr(response, "usage", None)
        taken, given = getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None)
        if taken is None or given is None:
            return None, None
        cached = getattr(getattr(usage, "input_tokens_details", None), "cached_tokens", None) or 0
        return taken + given, self._settings.money(taken - cached, cached, given)

    def _left(self) -> float:
        """Return the wall seconds left."""
        left = float("inf") if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            raise RunOver("The wall time of the run is spent.")
        return left

    def _wait(self, failure: Failure, tries: int) -> None:
        settings = self._settings
        backoff = settings.backoff_s * 2 ** min(tries - 1, 30) * self._random.uniform(0.5, 1.0)
        seconds = max(min(backoff, settings.most_wait_s), failure.retry_after or 0.0)
        if seconds > settings.most_wait_s:
            raise AgentError(
                f"The endpoint asks to wait {seconds:,.0f} s ({failure}), which is more than agent.most_wait_s="
                f"{settings.most_wait_s:g}. Everything is kept: resume the run later."
            ) from failure
        self._say(f"{failure}; try {tries + 1} of {settings.retries + 1} in {seconds:.1f} s")
        time.sleep(min(seconds, self._left()))
        self._left()

    def _end(self, failure: Failure, tries: int) -> AgentError | ConfigError:
        settings = self._settings
        where = f"model {settings.model!r} at {self._openai.base_url}"
        if failure.status in (401, 403):
            return ConfigError(f"The endpoint refused the key in {settings.api_key_env} for {where}: {failure}")
        if failure.status == 404:
            return ConfigError(
                f"There is no {where}, or no Responses API: {failure}. Set agent.model and agent.base_url."
            )
        return AgentError(
            f"The endpoint failed {tries} time{'s' if tries > 1 else ''} in a row for {where}: {failure}. Everything until "
            "then is kept: resume the run to go on."
        )


def _plain(item: Any) -> Item:
    return {"type": "", **item.to_dict(mode="json", warnings=False)}


def _has_picture(items: list[Item]) -> bool:
    outputs = (item["output"] for item in items if isinstance(item.get("output"), list))
    return any(part["type"] == "input_image" for output in outputs for part in output)
