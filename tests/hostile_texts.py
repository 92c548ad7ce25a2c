"""Texts that make a careless reader hang, crash or fill the memory; run as a program, it lets the static check read each."""

import sys
import time

from fastheur.errors import PolicyError
from fastheur.static_check import check

TEXTS = {
    "brackets": lambda: "(" * 10**6,
    "braces": lambda: "{1:" * 300_000,
    "calls": lambda: "f(a=" * 200_000,
    "closing brackets": lambda: ")" * 10**6,
    "mixed brackets": lambda: "([{" * 300_000,
    "not": lambda: "x=" + "not " * 200_000 + "1",
    "minus": lambda: "x=" + "-" * 900_000 + "1",
    "lambda": lambda: "x=" + "lambda:" * 100_000 + "1",
    "power": lambda: "x=" + "1**" * 120_000 + "1",
    "sum": lambda: "x=" + "1+" * 60_000 + "1",
    "attributes": lambda: "x=a" + ".b" * 120_000,
    "spaced attributes": lambda: "x=a" + " \\\n.b" * 120_000,
    "called": lambda: "x=a" + "()" * 80_000,
    "indexed": lambda: "x=a" + "[0]" * 60_000,
    "ternary": lambda: "x=" + "1 if 1 else " * 50_000 + "1",
    "elif": lambda: "if 1:pass\n" + "elif 1:pass\n" * 30_000,
    "indents": lambda: "".join(" " * depth + "if 1:\n" for depth in range(1200)),
    "unions": lambda: "x:" + "a|" * 60_000 + "b",
    "statements": lambda: "x=1\n" * 35_000,
    "list": lambda: "x=[" + "1," * 101_000 + "]",
    "tokens": lambda: "x=[" + "1," * 400_000 + "]",
    "decimal digits": lambda: "x=" + "9" * 10**6,
    "hexadecimal digits": lambda: "x=0x" + "f" * 900_000,
    "exponent": lambda: "x=1e" + "9" * 900_000,
    "import": lambda: "import a" + ".a" * 400_000,
    "dots": lambda: "from " + "." * 900_000 + "a import b",
    "quotes": lambda: '"' * 900_001,
    "triple quotes": lambda: "'''\"\"\"" * 150_000 + "'",
    "escaped quotes": lambda: '"""\\"""' * 100_000,
    "fields": lambda: "x=f'" + "{1}" * 300_000 + "'",
    "f-strings": lambda: "x=" + "f'{1}'" * 50_000,
    "field widths": lambda: "x=f'" + "{1:{2}}" * 100_000 + "'",
    "nested f-strings": lambda: "f'{" * 200_000,
    "many f-strings": lambda: ("f'" + "{1}" * 660 + "'\n") * 60,
    "joined strings": lambda: "x=" + "''" * 400_000,
    "combining marks": lambda: "a" + "\u0301\u0316" * 150_000 + "=1",
    "marked words": lambda: ("a" + "\u0301\u0316" * 90 + "\n") * 900,
    "surrogate": lambda: "x = '\ud800'",
    "surrogates": lambda: "\udfff" * 100_000,
    "nulls": lambda: "\0" * 10**5,
    "too long": lambda: "#" * 2_000_000,
    "continued lines": lambda: "\\\n" * 300_000,
    "decorators": lambda: "@a\n" * 90_000 + "def f(): pass",
    "targets": lambda: "x=" * 101_000 + "1",
    "comments": lambda: "#\n" * 450_000,
    "semicolons": lambda: "x;" * 60_000,
    "arguments": lambda: "def f(" + "".join(f"a{number}," for number in range(30_000)) + "): pass",
    "scopes": lambda: "".join(" " * n + "def f():\n" for n in range(90)) + " " * 90 + "x=[" + "dir," * 20_000 + "]",
    "wrong inside": lambda: "(" * 45 + "1 1" + ")" * 45,
    "unclosed calls": lambda: "f(a=" * 49,
    "unclosed lambdas": lambda: "lambda x:(" * 49,
    "unclosed dicts": lambda: "{**" * 49,
    "unclosed comprehensions": lambda: "[x for x in " * 49,
    "odd lines": lambda: "x\f=\r1\r\n" * 20_000,
}

if __name__ == "__main__":
    for name, text in TEXTS.items():
        began = time.perf_counter()
        try:
            check(text(), "p.py")
            end = "passed"
        except PolicyError as error:
            end = f"refused in {len(str(error))} characters: {str(error)[:100]!r}"
        print(f"{name}: {end}", flush=True)
        print(f"{name}: {time.perf_counter() - began:.2f} s", file=sys.stderr)
