"""What somebody wrote, as a tree of known parts: a small Markdown whose only way to the screen is text nodes.

No HTML is made of it anywhere. `chat_message.js` draws each part by its name, and links only if they lead to the web or
to a mail program; whatever is no part of this language is text, tags and scripts among it.

Parts are JSON: a string, or a list that begins with its kind: ["b" | "i" | "s" | "p" | "quote", parts], ["code" | "pre",
text], ["a", address, parts], ["at", user name, whether it is oneself], ["ul" | "ol", [["li", parts], …]], ["br"].
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, TypeAlias

Part: TypeAlias = Any  # str | list[Any]

DEEPEST = 4  # how far marks may stand inside each other
MOST_LINES = 400

FENCE = re.compile(r"^```[^\n`]*$")
BULLET = re.compile(r"^[-*•] +(.*)$")
NUMBER = re.compile(r"^\d{1,3}[.)] +(.*)$")
INLINE = re.compile(
    r"(?P<code>`[^`\n]+`)"
    r"|\[(?P<label>[^\[\]\n]{1,200})\]\((?P<target>(?:https?://|mailto:)[^\s()<>\"']{1,2000})\)"
    r"|(?P<url>https?://[^\s<>\"'`]{1,2000})"
    r"|(?<![\w@/.])@(?P<at>[A-Za-z0-9_]{3,24})(?![A-Za-z0-9_])"
    r"|\*\*(?P<bold>[^\s*](?:[^\n]*?[^\s])?)\*\*"
    r"|~~(?P<struck>[^\s~](?:[^\n]*?[^\s])?)~~"
    r"|(?<![\w*])\*(?P<star>[^\s*](?:[^\n*]*?[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<line>[^\s_](?:[^\n_]*?[^\s_])?)_(?![\w_])"
)
LINK = re.compile(r"\[([^\[\]\n]{1,200})\]\([^\s()]{1,2000}\)")
MARKS = re.compile(r"`+|\*\*|~~")
TRAILING = ".,;:!?)]}»”"


def parse(text: str, people: Collection[str] = (), me: str = "") -> list[Part]:
    """The parts of a message. `people` are the user names that an @ may mean, `me` one's own."""
    parts: list[Part] = []
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], "\n".join(lines[MOST_LINES:])]
    at = 0
    while at < len(lines):
        line = lines[at]
        if FENCE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == "```"), len(lines))
            parts.append(["pre", "\n".join(lines[at + 1 : end])])
            at = end + 1
        elif kind := _kind(line):
            end = next((n for n in range(at, len(lines)) if _kind(lines[n]) != kind), len(lines))
            block = lines[at:end]
            if kind == "quote":
                parts.append(["quote", _lines([row[1:].lstrip() for row in block], people, me)])
            else:
                pattern = BULLET if kind == "ul" else NUMBER
                rows = [match.group(1) for row in block if (match := pattern.match(row))]
                parts.append([kind, [["li", inline(row, people, me)] for row in rows]])
            at = end
        elif not line.strip():
            at += 1
        else:
            end = next(
                (n for n in range(at, len(lines)) if not lines[n].strip() or _kind(lines[n]) or FENCE.match(lines[n])),
                len(lines),
            )
            parts.append(["p", _lines(lines[at:end], people, me)])
            at = end
    return parts


def _kind(line: str) -> str:
    if line.startswith(">"):
        return "quote"
    return "ul" if BULLET.match(line) else "ol" if NUMBER.match(line) else ""


def _lines(lines: list[str], people: Collection[str], me: str) -> list[Part]:
    parts: list[Part] = []
    for n, line in enumerate(lines):
        parts += [["br"]] if n else []
        parts += inline(line, people, me)
    return parts


def inline(text: str, people: Collection[str] = (), me: str = "", depth: int = 0) -> list[Part]:
    """The parts of one line."""
    if depth > DEEPEST:
        return [text] if text else []
    parts: list[Part] = []
    at = 0
    for match in INLINE.finditer(text):
        part, end = _part(match, people, me, depth)
        if part is None:
            continue
        if match.start() > at:
            parts.append(text[at : match.start()])
        parts.append(part)
        at = end
    if at < len(text):
        parts.append(text[at:])
    return parts


def _part(match: re.Match[str], people: Collection[str], me: str, depth: int) -> tuple[Part | None, int]:
    kind, end = match.lastgroup, match.end()
    if match["code"]:
        return ["code", match["code"][1:-1]], end
    if match["target"]:
        return ["a", match["target"], [match["label"]]], end
    if match["url"]:
        url = match["url"]
        while url and url[-1] in TRAILING and not (url[-1] == ")" and url.count("(") >= url.count(")")):
            url = url[:-1]
        return ["a", url, [url]], match.start() + len(url)
    if match["at"]:
        name = match["at"].lower()
        return (["at", name, name == me], end) if name in people else (None, end)
    marks = {"bold": "b", "struck": "s", "star": "i", "line": "i"}
    return [marks[str(kind)], inline(match[str(kind)], people, me, depth + 1)], end


def plain(text: str, most: int = 120) -> str:
    """How a message begins, on one line and without its marks."""
    line = " ".join(LINK.sub(r"\1", MARKS.sub("", text)).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
