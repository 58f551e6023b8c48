"""How the tests are shared out among processes (pytest -n): by file, and one folder to one process as far as that goes.

The stacks, browsers and servers that tests share belong to a folder, and every process starts its own. So a process
stays in the folder that it is in; when that is done it takes one in which nobody is; and when there is none it helps
where the most is left. The long ones come first, so that nobody waits for another in the end.
"""

from __future__ import annotations

from collections import Counter

from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

# How many seconds a folder takes, about, alone: only their order matters.
SECONDS = {"browser": 150, "state": 150, "embedded": 100, "pages": 90, "supabase": 40, "worker": 40, "components": 20}

# The files that take longest, alone or in parts: first, lest the last of them is waited for.
LONG = ("leaks", "selftest", "live", "crowd", "member", "flood", "polling", "outage", "machine", "loss", "generation")


def folder_of(file: str) -> str:
    """The folder of `tests` that a file is in."""
    parts = file.split("::")[0].split("/")
    return parts[1] if len(parts) > 2 else ""


class Sharing(LoadFileScheduling):
    """Files go to whoever is at home in their folder."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self._next_for(node), last=False)
        super()._assign_work_unit(node)

    def _next_for(self, node: WorkerController) -> str:
        left = Counter(folder_of(file) for file in self.workqueue)
        home = {one: folder_of(list(files)[-1]) for one, files in self.assigned_work.items() if files}
        folder = home.pop(node, None)
        if folder not in left:
            alone = [name for name in left if name not in home.values()]
            folder = max(alone or left, key=lambda name: (SECONDS.get(name, 0) if alone else left[name], name))
        waiting = [file for file in self.workqueue if folder_of(file) == folder]
        return next((file for word in LONG for file in waiting if file.endswith(f"_{word}.py")), waiting[0])
