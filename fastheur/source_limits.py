"""Reads a policy's text into a syntax tree within limits, so that no text can hang or crash the interpreter that reads it.

Python's own parser is quadratic in some of its input and takes hundreds of megabytes for a text of one; so the text is
measured first, by one regular expression that never goes back.
"""

import ast
import math
import re
from collections.abc import Iterator

from fastheur.errors import PolicyError, problem_in

MAX_BYTES = 1_000_000
MAX_TOKENS = 250_000
MAX_NODES = 100_000
MAX_DEPTH = 200
"""Of the syntax tree; every ``elif``, and every term of a sum, is one deeper than the one before."""
MAX_BRACKETS = 50
MAX_WORD = 200
MAX_POINTS = 50
"""Of one name such as ``a.b.c``."""
MAX_DIGITS = 400
MAX_STRING = 65_536
MAX_FORMATTED = 2_000
"""Characters of an f-string."""
MAX_REPEATED = 1_000_000
"""Elements or characters of a literal times a whole number."""

_ODD = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
_COOKIE = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_TOKEN = re.compile(
    r'''(?P<string>(?P<prefix>[A-Za-z]{0,2})(?>"""(?>[^"\\]|\\.|"(?!""))*+"""|\'\'\'(?>[^'\\]|\\.|'(?!\'\'))*+\'\'\'|'''
    r'''(?!"""|\'\'\')(?>"(?>[^"\\\n]|\\.)*+"|'(?>[^'\\\n]|\\.)*+')))'''
    r"|(?P<comment>\#[^\n]*+)"
    r"|(?P<number>[0-9][0-9A-Za-z_.]*+)"
    r"|(?P<word>[A-Za-z_\x80-\U0010ffff][0-9A-Za-z_\x80-\U0010ffff]*+)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<point>\.)|(?P<quote>[\"'])|(?P<line>\n)|(?P<space>[ \t\f]++|\\\n)|(?P<other>.)",
    re.DOTALL,
)
_MAX_BITS = int(MAX_DIGITS * math.log2(10)) + 1
_SKIPPED = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


def read_tree(source: str, name: str) -> ast.Module:
    """Return the syntax tree of a policy's text.

    Raises:
        PolicyError: it is not Python, or larger, deeper or odder than a policy may be; names the line.
    """
    _check_characters(source, name)
    _check_tokens(source.replace("\r\n", "\n").replace("\r", "\n"), name)
    try:
        return ast.parse(source, name)
    except SyntaxError as error:
        raise problem_in(name, source, error.lineno, f"syntax error: {error.msg}") from error
    except (RecursionError, MemoryError) as error:
        raise PolicyError(
            f"{name} is nested too deeply for a policy; write it flatter, with intermediate names."
        ) from error
    except ValueError as error:
        raise PolicyError(f"{name} is not Python source: {error}") from error


def every_node(tree: ast.Module, source: str, name: str) -> dict[ast.AST, ast.AST]:
    """Return the parent of every node but the root and the operators; parents come before their children.

    Raises:
        PolicyError: there are more than ``MAX_NODES``, or they are nested deeper than ``MAX_DEPTH``.
    """
    parents = dict[ast.AST, ast.AST]()
    row: list[ast.AST] = [tree]
    for depth in range(MAX_DEPTH + 1):
        below = list[ast.AST]()
        for parent in row:
            for child in ast.iter_child_nodes(parent):
                if not isinstance(child, _SKIPPED):
                    parents[child] = parent
                    below.append(child)
        if len(parents) > MAX_NODES:
            raise PolicyError(
                f"{name} has more than {MAX_NODES:,} expressions and statements, which is the most a policy may have; put "
                "tables into loops or formulas."
            )
        if not below:
            return parents
        row = below
        if depth == MAX_DEPTH:
            text = f"nested more than {MAX_DEPTH} deep; split long sums and chains of elif, or use a table"
            raise problem_in(name, source, line_of(row[0], parents), text)
    return parents


def line_of(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> int:
    """Return the line of a node, or of the nearest one around it that has a line."""
    while not hasattr(node, "lineno") and node in parents:
        node = parents[node]
    return getattr(node, "lineno", 1)


def size_problems(parents: dict[ast.AST, ast.AST]) -> Iterator[tuple[ast.AST, str]]:
    """Yield the literals, and the products and powers of literals, that are larger than any policy needs."""
    whole = dict[ast.AST, int]()
    for node in reversed(parents):
        if isinstance(node, ast.Constant):
            if isinstance(node.value, int):
                whole[node] = node.value
                if node.value.bit_length() > _MAX_BITS:
                    yield node, f"a whole number of more than {MAX_DIGITS} digits"
            elif isinstance(node.value, str | bytes) and len(node.value) > MAX_STRING:
                yield node, f"a text of {len(node.value):,} characters; a policy may have {MAX_STRING:,} in one literal"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and node.operand in whole:
            whole[node] = -whole[node.operand]
        elif isinstance(node, ast.BinOp):
            problem = _operation(node, whole)
            if problem:
                yield node, problem


def _operation(node: ast.BinOp, whole: dict[ast.AST, int]) -> str | None:
    """Note the value of an operation on whole numbers that are written out, or say why it is too large."""
    left, right = whole.get(node.left), whole.get(node.right)
    if isinstance(node.op, ast.Mult):
        for part, times in ((node.left, right), (node.right, left)):
            if times is not None and times * _length(part) > MAX_REPEATED:
                return f"repeats a literal {times:,} times; a policy may make {MAX_REPEATED:,} elements so, or use np.zeros"
    if left is None or right is None:
        return None
    if _result_bits(node.op, left, right) > _MAX_BITS:
        return f"makes a whole number of more than {MAX_DIGITS} digits; a float such as 1e300 may do"
    if isinstance(node.op, ast.Pow | ast.LShift) and right >= 0:
        whole[node] = left**right if isinstance(node.op, ast.Pow) else left << right
    elif isinstance(node.op, ast.Mult):
        whole[node] = left * right
    elif isinstance(node.op, ast.Add | ast.Sub):
        whole[node] = left + (right if isinstance(node.op, ast.Add) else -right)
    return None


def _result_bits(op: ast.operator, left: int, right: int) -> float:
    """Return about how many bits the result has, without computing it."""
    if isinstance(op, ast.Pow):
        return math.log2(abs(left)) * max(right, 1) if left else 1
    if isinstance(op, ast.LShift):
        return left.bit_length() + max(right, 0)
    bits = left.bit_length(), right.bit_length()
    return sum(bits) if isinstance(op, ast.Mult) else max(bits)


def _length(node: ast.AST) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
        return len(node.value)
    return len(node.elts) if isinstance(node, ast.List | ast.Tuple) else 0


def _check_characters(source: str, name: str) -> None:
    size = len(source.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise PolicyError(f"{name} has {size:,} bytes; a policy file may have {MAX_BYTES:,}.")
    odd = _ODD.search(source)
    if odd:
        text = f"the character {odd.group()!a}, which no policy needs; save the file as plain UTF-8 text without it"
        raise problem_in(name, source, source.count("\n", 0, odd.start()) + 1, text)
    for number, line in enumerate(source.split("\n", 2)[:2], 1):
        cookie = _COOKIE.match(line)
        if cookie and cookie.group(1).lower().replace("_", "-") not in ("utf-8", "utf8"):
            text = f"the encoding {cookie.group(1)[:40]!r}, expected utf-8; remove the comment"
            raise problem_in(name, source, number, text)


def _check_tokens(text: str, name: str) -> None:
    """Measure the text without parsing it: brackets, words, numbers and strings, as Python would split it."""
    line, depth, tokens, points = 1, 0, 0, 0
    for token in _TOKEN.finditer(text):
        kind, length = token.lastgroup, token.end() - token.start()
        if kind in ("space", "comment", "line"):
            line += token.group() in ("\n", "\\\n")
            continue
        tokens += 1
        depth += (kind == "open") - (kind == "close" and depth > 0)
        points = points + 1 if kind == "point" else points if kind == "word" else 0
        problem = _token_problem(token, length, depth, tokens, points)
        if problem:
            raise problem_in(name, text, line, problem)
        line += text.count("\n", token.start(), token.end()) if kind == "string" else 0


def _token_problem(token: re.Match[str], length: int, depth: int, tokens: int, points: int) -> str | None:
    kind = token.lastgroup
    if tokens > MAX_TOKENS:
        return f"more than {MAX_TOKENS:,} words and signs, which is the most a policy may have"
    if depth > MAX_BRACKETS:
        return f"brackets nested more than {MAX_BRACKETS} deep; use intermediate names"
    if points > MAX_POINTS:
        return f"a name with more than {MAX_POINTS} points"
    if kind == "quote":
        return "syntax error: a string that does not end"
    if kind == "word" and length > MAX_WORD:
        return f"a name of {length:,} characters; a policy may use {MAX_WORD}"
    if kind == "number" and length > MAX_DIGITS:
        return f"a number of {length:,} characters; a policy may use {MAX_DIGITS}"
    if kind == "string" and length > (MAX_FORMATTED if "f" in token["prefix"].lower() else 2 * MAX_STRING):
        return f"a text of {length:,} characters; a policy may have {MAX_FORMATTED:,} in an f-string, {MAX_STRING:,} in others"
    return None
