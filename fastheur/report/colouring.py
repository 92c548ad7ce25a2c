"""Sources with colours, as HTML whose classes the report's own style sheet knows."""

from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer


def coloured(source: str) -> Markup:
    """Return Python source as escaped HTML, a ``span`` per token; without line numbers, so that it can be copied."""
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    return Markup(highlight(source, lexer, HtmlFormatter(nowrap=True)))
