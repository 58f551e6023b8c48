"""The self-test: does this Supabase do for Starling what Starling counts on? `python -m state.selftest`, or a button.

Two throw-away members do what members do, through the same layer as the pages, and try what members must not be able to.

T1  Each check has a name, a time limit of its own, and one sentence to say. It passes, fails, or is skipped: because what
    it needs has failed (so that something has, in any case), or because it cannot be tried here (which is no failure).
T2  Nothing stays behind: no socket, no task, no file, no row, no member; whatever fails, and when it is cancelled. Where
    the process dies or nobody answers, the database ends the two members after an hour by itself.
T3  It needs no secret key. With one the members are made and removed by the Admin API; without it they sign up, and the
    worker removes them when they say so.
T4  What must not happen is waited for behind something that must: its arrival is the end of the wait.
"""

from state.selftest.result import Outcome, Result
from state.selftest.runner import run

__all__ = ["Outcome", "Result", "run"]
