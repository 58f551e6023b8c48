"""Cuts an SQL script into statements as the Supabase CLI does, so that what we record equals what it would."""

from __future__ import annotations

import re

# What may hide a semicolon, and the words that open and close a function body without quotes (begin atomic … end).
TOKEN = re.compile(
    r"""
      (?P<line_comment> --[^\n]* )
    | (?P<block_comment> /\* )
    | (?P<escape_string> \b[eE]' (?: \\. | '' | [^'\\] )* ' )
    | (?P<string> ' (?: '' | [^'] )* ' )
    | (?P<name> " (?: "" | [^"] )* " )
    | (?P<dollar> (?<![\w$]) \$ (?: [A-Za-z_\x80-\uffff] [\w]* )? \$ )
    | (?P<atomic> \b begin \s+ atomic \b )
    | (?P<word> \b (?: case | end ) \b )
    | (?P<semicolon> ; )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
COMMENT_EDGE = re.compile(r"/\*|\*/")


def split(script: str) -> list[str]:
    """The statements of `script` in order, without their semicolons; comments stay with the statement they precede."""
    statements: list[str] = []
    start = position = 0
    nesting = 0  # inside begin atomic: itself and each open case
    while match := TOKEN.search(script, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "block_comment":
            position = _end_of_comment(script, position)
        elif kind == "dollar":
            closing = script.find(match[0], position)
            position = len(script) if closing < 0 else closing + len(match[0])
        elif kind == "atomic":
            nesting = 1
        elif kind == "word" and nesting:
            nesting += 1 if match[0].lower() == "case" else -1
        elif kind == "semicolon" and not nesting:
            statements.append(script[start : match.start()].strip())
            start = position
    statements.append(script[start:].strip())
    return [statement for statement in statements if statement]


def _end_of_comment(script: str, position: int) -> int:
    """Behind the end of a block comment whose opening ends at `position`; they nest."""
    depth = 1
    while depth and (edge := COMMENT_EDGE.search(script, position)):
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return len(script) if depth else position
