"""Files for spreadsheets: CSV in which no text is taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

# What begins so a spreadsheet may take for a formula; the last four are the wide forms of = + - @.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write(columns: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """Texts that a spreadsheet would take for a formula are marked as texts; numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([plain(value) if isinstance(value, str) else value for value in row])
    return out.getvalue()


def plain(text: str) -> str:
    """A text that no spreadsheet evaluates: an apostrophe in front says that it is one."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def unmarked(text: str) -> str:
    """A text as it was before `plain`: what was exported can be imported."""
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ").startswith(FORMULA) else text
