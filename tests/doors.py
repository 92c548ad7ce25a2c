"""A door without a Lab behind it: answers at once, and keeps what it was asked."""

import threading

from fastheur.errors import PolicyError, RunOver
from fastheur.operations import Answer, Picture, checked

PNG = b"\x89PNG\r\n\x1a\nnot really"


class ToyDoor:
    """Answers every operation with its arguments; ``finish`` ends the run, a ``probe`` of frames brings a picture.

    A note that says "wait" waits until ``go`` is set, and sets ``began`` before.
    """

    def __init__(self):
        self.calls, self.charged, self.said, self.kept, self.over = [], [], [], {}, None
        self.began, self.go = threading.Event(), threading.Event()

    def call(self, operation, arguments):
        self._check()
        given = checked(operation, arguments)
        if operation == "trial" and "def act" not in given["source"]:
            raise PolicyError("There is no act in the file.", line=3)
        self.calls.append((operation, given))
        if given.get("text") == "wait":
            self.began.set()
            assert self.go.wait(30)
        if given.get("text") == "fault":
            raise ZeroDivisionError("a bug of the Lab")
        if operation == "finish":
            self.over = f"finished: {given['reason']}"
        pictures = (Picture("The game at the start.", PNG),) if given.get("kind") == "frame" else ()
        return Answer(f"did {operation}", {"given": given}, pictures, self.over)

    def charge(self, tokens, money):
        self.charged.append((tokens, money))
        self._check()

    def remember(self, kind, content):
        self.kept.setdefault(kind, []).append(content)

    def recall(self, kind):
        return self.kept.get(kind, [])

    def say(self, text):
        self.said.append(text)

    def _check(self):
        if self.over:
            raise RunOver(self.over)
