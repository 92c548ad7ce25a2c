"""Edits a policy's text where its syntax tree says, so that comments and formatting stay as the author wrote them."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Edit:
    """Replace the characters ``start .. end - 1`` by ``text``."""

    start: int
    end: int
    text: str = ""


class Source:
    """A text with its syntax tree, and where in the text a node is.

    Raises:
        SyntaxError: the text is not Python.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self.lines = re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Return the place of a line (from 1) and a column in UTF-8 bytes, as nodes give them."""
        return self._starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Return the first character of a node and the one behind it."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self.offset(node.lineno, node.col_offset), self.offset(node.end_lineno, node.end_col_offset)

    def of(self, node: ast.expr | ast.stmt) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def edited(self, edits: Iterable[Edit]) -> str:
        """Return the text after edits that do not overlap."""
        text = self.text
        for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
            text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def with_lines(self, first: int, last: int, new: Sequence[str] = ()) -> str:
        """Return the text with the lines ``first .. last`` (from 1) replaced."""
        return "".join([*self.lines[: first - 1], *new, *self.lines[last:]])

    def indent(self, line: int) -> str:
        """Return the white space that a line begins with."""
        text = self.lines[line - 1]
        return text[: len(text) - len(text.lstrip())]

    def owns_its_lines(self, node: ast.stmt | ast.expr) -> bool:
        """Say whether nothing but the node, a comma and a comment stands on its lines."""
        start, end = self.span(node)
        last = self._starts[(node.end_lineno or node.lineno)]
        before, after = self.text[self._starts[node.lineno - 1] : start], self.text[end:last]
        return not before.strip() and re.fullmatch(r"\s*,?\s*(#.*)?\s*", after) is not None

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """All tokens; their columns are in characters."""
        return list(tokenize.generate_tokens(io.StringIO(self.text, newline="").readline))

    def line_of(self, word: str, line: int, after: int = -1) -> int:
        """Return the line of the first token ``word`` behind a place (line, column in characters)."""
        return next(token.start[0] for token in self.tokens if token.string == word and token.start > (line, after))

    @cached_property
    def inside_strings(self) -> frozenset[int]:
        """Lines that begin inside a string, whose indentation is part of its value."""
        texts = (node for node in ast.walk(self.tree) if isinstance(node, (ast.Constant, ast.JoinedStr)))
        return frozenset(
            line for node in texts for line in range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
        )
