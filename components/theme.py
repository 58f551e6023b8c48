"""Starling's visual language: every colour, radius, shadow and time, mapped once onto Quasar.

The values become CSS variables; `static/*.css` use them by name, and no page has a colour or a pixel of its own.
Text colours keep at least 4.5:1 against every surface they may stand on (tests/components/test_theme.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from nicegui import app, ui

from components.kept import kept

STATIC = Path(__file__).parent / "static"
DARK_CHOICE = "dark"  # key in `kept`: what this browser chose; absent until somebody chooses
ICON = "sym_r_"  # prefix of icon names: Material Symbols Rounded, bundled with NiceGUI


@dataclass(frozen=True)
class Palette:
    """The colours of one mode. `brand` draws lines and marks, `brand_fill` carries `on_brand`, `brand_text` is read."""

    bg: str
    surface: str
    raised: str
    hover: str
    line: str
    line_strong: str
    text: str
    muted: str
    faint: str
    brand: str
    brand_fill: str
    brand_fill_hover: str
    brand_text: str
    brand_soft: str
    on_brand: str
    live: str
    wait: str
    fail: str
    info: str
    shadow: str
    shadow_float: str
    scrim: str


DARK = Palette(
    bg="#0b0d12",
    surface="#12151c",
    raised="#191d26",
    hover="rgba(152,161,179,.09)",
    line="#252a35",
    line_strong="#343b4a",
    text="#e8ebf1",
    muted="#98a1b3",
    faint="#828ca0",
    brand="#7c6cff",
    brand_fill="#6f5ef5",
    brand_fill_hover="#6353ec",
    brand_text="#a397ff",
    brand_soft="rgba(124,108,255,.16)",
    on_brand="#ffffff",
    live="#2fd08c",
    wait="#f2b84b",
    fail="#ff6b6b",
    info="#55b7ff",
    shadow="0 1px 0 rgba(255,255,255,.03) inset, 0 8px 24px rgba(0,0,0,.28)",
    shadow_float="0 1px 0 rgba(255,255,255,.04) inset, 0 16px 40px rgba(0,0,0,.5)",
    scrim="rgba(5,6,10,.66)",
)

LIGHT = Palette(
    bg="#f6f7f9",
    surface="#ffffff",
    raised="#ffffff",
    hover="rgba(91,101,119,.07)",
    line="#e5e8ee",
    line_strong="#cfd5df",
    text="#131722",
    muted="#5b6577",
    faint="#646e80",
    brand="#5b4bf0",
    brand_fill="#5b4bf0",
    brand_fill_hover="#4c3ddd",
    brand_text="#5142e6",
    brand_soft="rgba(91,75,240,.10)",
    on_brand="#ffffff",
    live="#08704a",
    wait="#8a5800",
    fail="#bb2d2d",
    info="#1563aa",
    shadow="0 1px 2px rgba(16,24,40,.05), 0 6px 18px rgba(16,24,40,.06)",
    shadow_float="0 2px 6px rgba(16,24,40,.06), 0 18px 44px rgba(16,24,40,.16)",
    scrim="rgba(19,23,34,.42)",
)

SHARED = {
    "radius-s": "8px",
    "radius": "12px",
    "radius-l": "18px",
    "control": "32px",
    "control-l": "40px",
    "rail": "216px",
    "rail-slim": "64px",
    "header": "56px",
    "content": "1500px",
    "gutter": "24px",
    "fast": "120ms",
    "calm": "260ms",
    "fade": "2s",
    "ease": "cubic-bezier(.2,.7,.2,1)",
    "mark": "conic-gradient(from 210deg,#7c6cff,#55b7ff,#2fd08c,#7c6cff)",
    "font": '"Inter", system-ui, sans-serif',
    "mono": 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, monospace',
}

# Quasar paints with these names; each is one of ours, so that both modes follow.
QUASAR = {
    "primary": "brand-fill",
    "secondary": "info",
    "accent": "brand",
    "dark": "surface",
    "dark_page": "bg",
    "positive": "live",
    "negative": "fail",
    "info": "info",
    "warning": "wait",
}


def install() -> None:
    """Give every page of the process the look; called once, before the pages are served."""
    place = f"/_starling/{_fingerprint()}"
    app.add_static_files(place, STATIC, max_cache_age=365 * 24 * 3600)
    ui.menu_item.default_props("role=menuitem")  # Quasar makes items of a list of them
    app.colors(**{quasar: f"var(--{ours})" for quasar, ours in QUASAR.items()})
    sheets = "".join(f'<link rel="stylesheet" href="{place}/{sheet.name}">' for sheet in sorted(STATIC.glob("*.css")))
    scripts = "".join(f'<script src="{place}/{script.name}"></script>' for script in sorted(STATIC.glob("*.js")))
    ui.add_head_html(
        f'<link rel="preload" href="{place}/fonts/inter-latin-wght-normal.woff2" as="font" type="font/woff2" crossorigin>'
        f"<style>{variables()}</style>{sheets}{scripts}",
        shared=True,
    )


def variables() -> str:
    """The CSS variables: dark by default, `:root.light` swaps the colours."""
    shared = "".join(f"--{name}:{value};" for name, value in SHARED.items())
    return f":root{{color-scheme:dark;{shared}{_declare(DARK)}}}:root.light{{color-scheme:light;{_declare(LIGHT)}}}"


def wants_dark() -> bool:
    """What whoever asks for something has chosen in this browser; dark by default."""
    return bool(kept().get(DARK_CHOICE, True))


class Mode:
    """Dark or light on one page. Made while the page is built: the choice is in the page before its first paint."""

    def __init__(self) -> None:
        self._client = ui.context.client
        self._element = ui.dark_mode(wants_dark())
        self._listeners: list[Callable[[bool], None]] = []
        if not self.dark:
            ui.add_head_html('<script>document.documentElement.classList.add("light")</script>')

    @property
    def dark(self) -> bool:
        return bool(self._element.value)

    def toggle(self) -> None:
        """Switch, and remember it for this browser."""
        self._element.value = not self.dark
        kept(self._client)[DARK_CHOICE] = self.dark
        ui.run_javascript(f'document.documentElement.classList.toggle("light", {"false" if self.dark else "true"})')
        for listener in self._listeners:
            listener(self.dark)

    def on_change(self, listener: Callable[[bool], None]) -> None:
        """Call `listener` with whether it is dark, after each switch; it lives as long as the page."""
        self._listeners.append(listener)


def _declare(palette: Palette) -> str:
    return "".join(f"--{name.replace('_', '-')}:{value};" for name, value in asdict(palette).items())


def _fingerprint() -> str:
    """Changes with the content of the static files, so that browsers may keep them for a year."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
