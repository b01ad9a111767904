"""Commands that texts name: `tokentide …`, `python -m …` of our packages, and `make …`."""

import ast
import io
import re
import shlex
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# A value that a program fills in.
PLACEHOLDER = "…"
FENCED = re.compile(r"^ *(```+|~~~+)[^\n]*\n(.*?)^ *\1", re.M | re.S)
INDENTED = re.compile(r"(?:\A|\n\n)((?: {4}[^\n]*(?:\n|\Z))+)")
SPAN = re.compile(r"(?<!`)`(?!`)([^`]+)`(?!`)")
COMMAND = re.compile(
    r"(?:^|[ \t$;&|(]|(?<=bin/)|(?<=\)/))"
    r"(?P<name>tokentide|make|python3? -m (?:pipelines|models\.server|models\.loadgen))"
    r"[ \t]+(?=[a-z\[-])"
)
# In a text that is not code a command stands at the start of a line, or it is a path to a program.
LINE = re.compile(
    rf"^(?:[ \t]+|[ \t]*\$ |{PLACEHOLDER}|.*/)(?=(?:tokentide|make|python3?) )(.*)", re.M
)


@dataclass(frozen=True)
class Mention:
    """One command that a text names, as the words of a shell."""

    place: str
    words: tuple[str, ...]


def mentions_in(path: Path, root: Path) -> list[Mention]:
    """Return the commands that a file names."""
    text = path.read_text(errors="replace")
    # Parsing Python takes long, and most files name no command.
    if not re.search(r"\b(tokentide|make|python3? -m) ", text):
        return []
    fragments = {".md": _markdown, ".py": _python}.get(path.suffix, _plain)(text)
    place = str(path.relative_to(root))
    return [
        Mention(f"{place}: {' '.join(words)}", words)
        for fragment in fragments
        for words in commands_of(fragment)
    ]


def commands_of(code: str) -> Iterator[tuple[str, ...]]:
    """Yield the commands in a piece of code, each without redirections, comments and brackets."""
    code = code.replace("\\\n", " ")
    for match in COMMAND.finditer(code):
        # `python -m pipelines` is `tokentide`.
        name = match["name"].split()[-1].replace("pipelines", "tokentide")
        yield (name, *_words(code[match.end() :]))


def _words(code: str) -> Iterator[str]:
    lexer = shlex.shlex(code, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.commenters = " \t\r", ""
    lexer.whitespace_split = True
    while True:
        try:
            word = lexer.get_token()
        except ValueError:  # an apostrophe after the command
            return
        if not word or word[0] in "#();<>|&\n":
            return
        if word := word.strip("[]").rstrip(",.:"):
            yield word


def _markdown(text: str) -> Iterator[str]:
    for match in FENCED.finditer(text):
        yield match[2]
    text = FENCED.sub("", text)
    for match in INDENTED.finditer(text):
        yield match[1]
    # A span may be broken over two lines.
    for match in SPAN.finditer(INDENTED.sub("\n\n", text)):
        yield match[1].replace("\n", " ")


def _python(text: str) -> Iterator[str]:
    inner: set[ast.AST] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.JoinedStr):
            inner.update(node.values)
            yield from _plain("".join(map(_text_of, node.values)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in inner:
            yield from _plain(node.value)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield from _plain(token.string)


def _text_of(node: ast.expr) -> str:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else PLACEHOLDER


def _plain(text: str) -> Iterator[str]:
    for match in SPAN.finditer(text):
        yield match[1]
    for match in LINE.finditer(SPAN.sub("", text)):
        yield match[1]
