"""``fastheur lab RUN OPERATION``: one operation of a run's Lab from a shell, as text or JSON; pictures become files."""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import yaml

from fastheur.commands.joining import join
from fastheur.errors import ConfigError, nearest
from fastheur.operations import OPERATIONS, Answer, Operation, Picture
from fastheur.run_folder import find_run
from fastheur.sockets import MOST_BYTES

PICTURES = "pictures"
"""Folder of the pictures, in the run folder."""


class _Loader(yaml.SafeLoader):
    """YAML in which ``off``, ``y`` and the like are names as any other: a policy's parameter may be called so."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:bool"]
    for letter, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false|True|False"), list("tTfF"))


def main(words: Sequence[str]) -> int:
    """Do the operation that the command line's ``words`` name, and print the answer."""
    if len(words) < 2:
        raise ConfigError(
            f"`fastheur lab` takes RUN OPERATION [VALUE ...], found {' '.join(words) or 'none'}; `--help` shows the operations."
        )
    run, name, *rest = words
    operation = OPERATIONS.get(name)
    if operation is None:
        raise ConfigError(
            f"There is no operation {name!r}, expected one of {', '.join(OPERATIONS)}.{nearest(name, OPERATIONS)}"
        )
    arguments = _arguments(operation, rest)
    as_json = arguments.pop("json", False)
    if not isinstance(as_json, bool):
        raise ConfigError(f"json is {as_json!r}, expected true or false.")
    folder = find_run(run)
    with join(folder) as door:
        answer = door.call(name, arguments)
    files = [_saved(picture, folder / PICTURES, name) for picture in answer.pictures]
    print(_json(answer, files) if as_json else _text(answer, files))
    return 0


def _arguments(operation: Operation, words: Sequence[str]) -> dict[str, Any]:
    """Return the arguments by name: bare values stand for the required ones, in order; a source is read from its file.

    Only a name that the operation has makes ``name=value`` a setting: a note may well begin with ``gain=2``.
    """
    kinds = {"json": {"type": "boolean"}, **operation.arguments}
    named = [word.split("=", 1) for word in words if word.split("=", 1)[0] in kinds and "=" in word]
    values = [word for word in words if word.split("=", 1) not in named]
    if len(values) > len(operation.required):
        takes = " ".join(map(str.upper, operation.required)) or "no bare values"
        raise ConfigError(
            f"{operation.name} takes {takes} and {', '.join(f'{name}=' for name in kinds)}; found "
            f"{' '.join(map(repr, values))[:200]}. Put quotes around a text."
        )
    texts = dict(zip(operation.required, values, strict=False))
    for name, value in named:
        if name in texts:
            raise ConfigError(f"{operation.name}: {name} is given twice: {texts[name]!r} and {value!r}.")
        texts[name] = value
    return {name: _source(text) if name == "source" else _parsed(text, kinds[name]) for name, text in texts.items()}


def _parsed(text: str, schema: Mapping[str, Any]) -> Any:
    """Return ``text`` as a value of the JSON Schema ``schema``; what is none is left for the operation's own check."""
    kind = schema["type"]
    if kind == "string":
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a shell may hand over any bytes
    if kind == "array" and not text.lstrip().startswith("["):
        return [_parsed(part.strip(), schema["items"]) for part in text.split(",") if part.strip()]
    try:
        return yaml.load(text, _Loader)
    except yaml.YAMLError:
        return text


def _source(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            data = file.read(MOST_BYTES)
        if len(data) == MOST_BYTES:
            raise ConfigError(f"{name} has {MOST_BYTES >> 20} MB or more, expected a policy file: a text of a few kB.")
        return data.decode("utf-8")
    except OSError as error:
        raise ConfigError(f"Cannot read the policy file {name}: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"{name} is no text, expected a policy file: {error}.") from error


def _saved(picture: Picture, folder: Path, name: str) -> Path:
    """Write a picture into a new file and return its path."""
    folder.mkdir(exist_ok=True)
    for number in count(1):
        path = folder / f"{name}-{number}.png"
        try:
            with path.open("xb") as file:
                file.write(picture.png)
            break
        except FileExistsError:
            continue
    return path


def _text(answer: Answer, files: list[Path]) -> str:
    lines = [answer.text]
    lines += [f"Picture {path}: {picture.caption}" for path, picture in zip(files, answer.pictures, strict=True)]
    lines += [f"The run has ended: {answer.over}"] if answer.over is not None else []
    return "\n".join(lines)


def _json(answer: Answer, files: list[Path]) -> str:
    pictures = [
        {"file": str(path), "caption": picture.caption} for path, picture in zip(files, answer.pictures, strict=True)
    ]
    return json.dumps({"text": answer.text, "data": dict(answer.data), "pictures": pictures, "over": answer.over})
