"""A small button that shows a symbol: plain HTML, because long lists have hundreds of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from components.tag import Tag


class IconButton(Tag):
    """`icon` is a name of Material Symbols without prefix; `name` is what screen readers say and the tooltip shows."""

    def __init__(self, icon: str, name: str, action: Callable[[], Any] | None, classes: str = "") -> None:
        super().__init__("button", icon, f"icon-button material-symbols-rounded {classes}")
        self.props("type=button")
        self.rename(name)
        if action is not None:
            self.on("click.stop", action, args=[])

    def rename(self, name: str) -> None:
        """Say something else from now on."""
        self.props["aria-label"] = self.props["title"] = name
