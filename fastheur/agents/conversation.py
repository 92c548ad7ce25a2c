"""The history of a language model's session: kept in the ledger entry by entry, so that it outlives a crash."""

import base64
import json
from collections.abc import Iterable, Mapping
from textwrap import shorten
from typing import Any

from fastheur.agents.base import Door
from fastheur.operations import Picture

KIND = "openai conversation"
"""Under which entries are remembered."""

PICTURE_TOKENS = 1500
"""What a picture is taken to cost until the endpoint's own count comes; above what a game's frame costs."""
CHARACTERS_PER_TOKEN = 3.0
"""Low for English and code (about 4), so that the estimate errs on the long side."""

Item = dict[str, Any]


class Conversation:
    """Items of the Responses API in order, with what a resumed session needs to go on.

    Attributes:
        items: what is sent to the model. turns: answers of the model in the whole run, over all histories.
        fresh: the model has not yet answered in this history. shows_pictures: wanted, and none was refused.
    """

    def __init__(self, door: Door, images: bool) -> None:
        self._door = door
        self.items: list[Item] = []
        self.turns = 0
        self.fresh = True
        self.shows_pictures = images
        self._counted: tuple[int, int] = (0, 0)
        for entry in door.recall(KIND):
            self._apply(entry)
        if not images:
            self.items = [_blind(item) for item in self.items]

    def start(self, text: str) -> None:
        """Begin a new history with ``text``; the old one stays in the ledger."""
        self._add("start", [user(text)])

    def tell(self, text: str) -> None:
        """Add a message to the model."""
        self._add("told", [user(text)])

    def answered(self, items: Iterable[Item], tokens: int | None) -> None:
        """Add the model's answer; ``tokens`` is what the endpoint counted up to here, answer included, or None."""
        sent = _sendable(items)
        used = {item.get("call_id") for item in self.items}
        for number, item in enumerate(sent):
            if item.get("type") == "function_call":
                if not item["call_id"] or item["call_id"] in used:  # some endpoints count from 0 in every answer
                    item["call_id"] = f"call_{self.turns}_{number}"
                used.add(item["call_id"])
        self._add("answer", sent, tokens)

    def output(self, call: Mapping[str, Any], text: str, pictures: Iterable[Picture] = ()) -> None:
        """Add what a function call of the model gave."""
        shown: list[Item] = []
        for picture in pictures:
            url = f"data:image/png;base64,{base64.b64encode(picture.png).decode()}"
            shown += [
                {"type": "input_text", "text": picture.caption},
                {"type": "input_image", "image_url": url, "detail": "auto"},
            ]
        output: Any = [{"type": "input_text", "text": text}, *shown] if shown else text
        item = {"type": "function_call_output", "call_id": call["call_id"], "output": output}
        self._add("output", [item if self.shows_pictures else _blind(item)])

    def hide_pictures(self) -> None:
        """Replace all pictures, now and later, by a line that says so."""
        self._add("blind", [])

    @property
    def unanswered(self) -> list[Item]:
        """The model's function calls that have no output: the session was stopped between the two."""
        waiting: dict[str, Item] = {}
        for item in self.items:
            if item.get("type") == "function_call":
                waiting[item["call_id"]] = item
            elif item.get("type") == "function_call_output":
                waiting.pop(item["call_id"], None)
        return list(waiting.values())

    @property
    def tokens(self) -> int:
        """Size of the history: as the endpoint counted it, and an estimate of what came since."""
        tokens, items = self._counted
        return tokens + round(sum(map(_estimate, self.items[items:])))

    def digest(self, most: int = 60) -> str:
        """Return the calls of this history and how each went, a line for each of the last ``most``."""
        outputs = {item["call_id"]: item for item in self.items if item.get("type") == "function_call_output"}
        calls = [item for item in self.items if item.get("type") == "function_call"]
        lines = [f"- {described(call)}: {_first_line(outputs.get(call['call_id']))}" for call in calls]
        left_out = len(lines) - most
        head = (
            [f"({left_out} earlier calls are left out here; their trials stand in the ledger.)"] if left_out > 0 else []
        )
        return "\n".join([*head, *lines[-most:]])

    def _add(self, what: str, items: list[Item], tokens: int | None = None) -> None:
        entry = {"what": what, "items": items, "tokens": tokens}
        self._door.remember(KIND, entry)
        self._apply(entry)

    def _apply(self, entry: Mapping[str, Any]) -> None:
        what = entry["what"]
        if what == "start":
            self.items, self.fresh, self._counted = [], True, (0, 0)
        elif what == "blind":
            self.items, self.shows_pictures = [_blind(item) for item in self.items], False
        self.items += entry["items"]
        if what == "answer":
            self.turns, self.fresh = self.turns + 1, False
            if entry["tokens"] is not None:
                self._counted = (entry["tokens"], len(self.items))


def user(text: str) -> Item:
    """Return a message to the model."""
    return {"role": "user", "content": text}


def described(call: Mapping[str, Any]) -> str:
    """Return a function call as a short line: its name, and its hypothesis or its small arguments."""
    try:
        arguments = json.loads(call["arguments"] or "{}")
        small = {name: value for name, value in arguments.items() if name != "source"}
    except (ValueError, RecursionError, AttributeError):
        return f"{call['name']} (arguments are no JSON object)"
    words = small.get("hypothesis") or ", ".join(f"{name}={value}" for name, value in small.items())
    return shorten(f"{call['name']}: {words}" if words else call["name"], 160)


def _sendable(items: Iterable[Item]) -> list[Item]:
    """Return a model's output as input for the next request, as an endpoint takes it that has stored nothing."""
    kept: list[Item] = []
    for item in items:
        if item["type"] == "function_call":
            call = {name: item.get(name) or "" for name in ("call_id", "name", "arguments")}
            if not isinstance(call["arguments"], str):  # some endpoints send the object itself
                call["arguments"] = json.dumps(call["arguments"])
            kept.append({"type": "function_call", **call})
        elif item["type"] == "message":
            texts = (part.get("text") or part.get("refusal") or "" for part in item.get("content") or ())
            phase = {"phase": item["phase"]} if item.get("phase") else {}
            kept.append({"role": "assistant", "content": "".join(texts), **phase})
        elif item["type"] == "reasoning" and item.get("encrypted_content"):
            names = ("type", "id", "summary", "encrypted_content")
            kept.append({name: item[name] for name in names if name in item})
    while kept and kept[-1].get("type") == "reasoning":  # a thought is refused without what it led to
        kept.pop()
    return kept


def _blind(item: Item) -> Item:
    output = item.get("output")
    if not isinstance(output, list):
        return item
    texts = [part["text"] for part in output if part["type"] == "input_text"]
    return {**item, "output": "\n".join([texts[0], *(f"[a picture that cannot be shown: {one}]" for one in texts[1:])])}


def _estimate(item: Item) -> float:
    output = item.get("output")
    if isinstance(output, list):
        pictures = sum(part["type"] == "input_image" for part in output)
        texts = sum(len(part.get("text", "")) for part in output)
        return pictures * PICTURE_TOKENS + texts / CHARACTERS_PER_TOKEN
    return len(json.dumps(item)) / CHARACTERS_PER_TOKEN


def _first_line(item: Item | None) -> str:
    if item is None:
        return "no answer"
    output = item["output"]
    text = output if isinstance(output, str) else output[0]["text"]
    return shorten(text.strip().split("\n")[0], 200) or "(empty)"
