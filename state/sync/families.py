"""Families: which cached queries a change of a table concerns, in one place for all of them.

A family is the first part of a query's key; invalidating it reaches every key that begins with it:

| family                 | keys                                                                              |
|------------------------|-----------------------------------------------------------------------------------|
| `tasks`                | `("tasks", "paginated", project, page, limit, status, *filter)`, `("tasks", task)`|
| `task-status-counts`   | `("task-status-counts", project, *filter)`                                        |
| `unified-generations`  | `("unified-generations", "project", project, page, limit, filters)`,              |
|                        | `("unified-generations", "shot", shot)`,                                          |
|                        | `("unified-generations", "count", part, filter)`: see `state.gallery`,            |
|                        | `("unified-generations", "count", "project", project)`                            |
| `shots`                | `("shots", project)`                                                              |
| `unpositioned-count`   | `("unpositioned-count", shot)`                                                    |
| `project-video-counts` | `("project-video-counts", project)`                                               |
| `job-status-counts`    | `("job-status-counts", member)`                                                   |
| `projects`             | `("projects", team)`                                                              |
| `models`               | `("models", …)`                                                                   |
| `people`               | `("people", …)`                                                                   |
| `notifications`        | `("notifications", …)`                                                            |
| `credit-accounts`      | `("credit-accounts", …)`                                                          |
| `credit-spending`      | `("credit-spending", days, zone)`: see `state.credits`                            |
| `activities`           | `("activities", "count", team)`, `("activities", "days", team, days, zone)`       |
| `dashboards`           | `("dashboards", …)`                                                               |
| `contacts`             | `("contacts", "count", team, search, stage, tag, owner)`: see `state.contacts`    |
| `contact-counts`       | `("contact-counts", team)`: in all, by stage, by tag                              |
| `email-numbers`        | `("email-numbers", team)`, `("email-numbers", team, campaign)`: by status         |
| `contact-comments`     | `("contact-comments", …)`                                                         |
| `contact-filters`      | `("contact-filters", …)`                                                          |
| `prices`               | `("prices", "facts")`, `("prices", "sparklines")`, `("prices", "candles", symbol)`|
| `watchlists`           | `("watchlists", …)`                                                               |
| `price-alerts`         | `("price-alerts", …)`                                                             |

The first six are those of reference 5, which had them follow `tasks` alone and left the rest to polling; here each
table names what can be read from it. Tasks, shots and projects are the board's (`state.board_queries`).
"""

from __future__ import annotations

FAMILIES: dict[str, tuple[str, ...]] = {
    "profiles": ("people",),
    "models": ("models",),
    "generation_jobs": ("job-status-counts",),
    "generations": ("unified-generations", "shots", "unpositioned-count", "project-video-counts"),
    "notifications": ("notifications",),
    "notification_preferences": ("notifications",),
    "contacts": ("contacts", "contact-counts"),
    "sent_emails": ("email-numbers",),
    "contact_comments": ("contact-comments",),
    "contact_filters": ("contact-filters",),
    "credit_accounts": ("credit-accounts",),
    "credit_transactions": ("credit-spending",),
    "member_activities": ("activities",),
    "dashboards": ("dashboards",),
    "crypto_prices": ("prices",),  # heard by those who follow `market`: no query cache does, a tick refreshes nothing
    "market_status": ("prices",),
    "watchlists": ("watchlists",),
    "price_alerts": ("price-alerts",),
    "projects": ("projects", "project-video-counts"),
    "shots": ("shots", "unpositioned-count", "unified-generations", "project-video-counts"),
    "tasks": (
        "tasks",
        "task-status-counts",
        "unified-generations",
        "shots",
        "unpositioned-count",
        "project-video-counts",
    ),
    "task_comments": (),  # nothing is counted of them
}


def families_of(table: str) -> tuple[str, ...]:
    """The families that a change of `table` concerns; a table that nobody has entered is its own."""
    return FAMILIES.get(table, (table,))
