"""One click to be somebody: the demo members, where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nicegui import ui

from components import session
from components.toasts import Toasts
from state.errors import StateError

if TYPE_CHECKING:
    from state.sign_in import DemoAccount


def demo_members(
    accounts: Sequence[DemoAccount], toasts: Toasts, *, to: str = "/studio", prominent: bool = True
) -> None:
    """A button for each account, the first of them as the one to press; what goes wrong is said in a toast."""
    for number, account in enumerate(accounts):
        DemoButton(account, toasts, to, primary=prominent and number == 0)


class DemoButton(ui.button):
    """Signs in as `account` and goes to `to`."""

    def __init__(self, account: DemoAccount, toasts: Toasts, to: str, *, primary: bool) -> None:
        super().__init__(f"Sign in as {account.name}", color=None, on_click=self._sign_in)
        self.classes("btn--large btn--primary" if primary else "btn--large").props("flat")
        self._account, self._toasts, self._to = account, toasts, to

    async def _sign_in(self) -> None:
        self.props("loading")
        try:
            await session.sign_in(self._account.email, self._account.password, to=self._to)
        except StateError as error:
            self._toasts.failed(f"{error}.")
        finally:
            self.props(remove="loading")
