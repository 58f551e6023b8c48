"""What an activity says: who, what they did, to what, and where to see it. Pure.

A kind that nobody has entered says itself: `board_moved` is "board moved". Later areas enter theirs in a line.
"""

from __future__ import annotations

from dataclasses import dataclass

from state.models import Activity


@dataclass(frozen=True)
class Words:
    """`verb` follows a name: "added the contact"; `thing` is what it was done to; `path` the page that shows it."""

    verb: str
    thing: str
    icon: str
    path: str = ""

    @property
    def did(self) -> str:
        """added the contact Anna Bell"""
        return f"{self.verb} {self.thing}".strip()


# The icon of a kind, its verb, and the page that shows it.
KINDS: dict[str, tuple[str, str, str]] = {
    "generation_finished": ("imagesmode", "made", "/studio"),
    "generation_failed": ("error", "could not make", "/studio"),
    "training_finished": ("model_training", "trained the model", "/training"),
    "training_failed": ("error", "could not train", "/training"),
    "credits_added": ("add_card", "added", "/credits"),
    "post_published": ("dynamic_feed", "published", "/feed"),
    "post_commented": ("chat_bubble", "commented on", "/feed"),
    "team_created": ("group_add", "started the team", "/team"),
    "team_renamed": ("edit", "renamed the team to", "/team"),
    "team_joined": ("group_add", "joined", "/team"),
    "team_left": ("group_remove", "left the team", "/team"),
    "team_removed": ("group_remove", "removed from the team", "/team"),
    "team_invited": ("mail", "invited", "/team"),
    "team_role": ("shield_person", "changed the role of", "/team"),
    "contact_added": ("person_add", "added the contact", "/contacts"),
    "contact_edited": ("edit", "edited", "/contacts"),
    "contact_deleted": ("person_remove", "deleted the contact", "/contacts"),
    "contact_imported": ("upload_file", "imported", "/contacts"),
    "contact_commented": ("chat_bubble", "commented on", "/contacts"),
    "email_sent": ("send", "wrote to", "/emails"),
    "template_added": ("description", "added the template", "/emails"),
    "template_edited": ("description", "edited the template", "/emails"),
    "template_deleted": ("description", "deleted the template", "/emails"),
    "project_added": ("view_kanban", "started the project", "/board"),
    "project_edited": ("edit", "edited the project", "/board"),
    "project_deleted": ("delete", "deleted the project", ""),
    "shot_added": ("movie", "added the shot", "/board"),
    "shot_edited": ("edit", "edited the shot", "/board"),
    "shot_deleted": ("delete", "deleted the shot", "/board"),
    "task_added": ("add_task", "added the task", "/board"),
    "task_edited": ("edit", "changed the task", "/board"),
    "task_deleted": ("delete", "deleted the task", "/board"),
    "note": ("sticky_note_2", "noted", ""),
    "call": ("call", "logged a call:", ""),
    "meeting": ("event", "logged a meeting:", ""),
    "email": ("mail", "logged an e-mail:", ""),
    "task": ("task_alt", "finished", ""),
}
QUOTED = ("generation_finished", "generation_failed", "post_published", "post_commented")  # somebody's own words
NOTHING = {"team_left": ""}


def words(activity: Activity) -> Words:
    """In the words of its kind."""
    params = activity.params if isinstance(activity.params, dict) else {}
    icon, verb, path = KINDS.get(activity.kind, ("bolt", activity.kind.replace("_", " "), ""))
    thing = NOTHING.get(activity.kind, activity.title)
    if (count := number(params.get("count"))) is not None:
        thing = f"{count:,} contacts" if activity.kind.startswith("contact") else f"{count:,}"
        verb = verb.removesuffix(" the contact")
        if activity.kind == "email_sent":
            thing = f"{'one contact' if count == 1 else f'{count:,} contacts'}: {activity.title}"
            path = f"{path}/{activity.entity_id}"
            if params.get("later") is True:
                icon, verb = "schedule_send", "scheduled an e-mail to"
    elif activity.kind == "team_role":
        thing = f"{thing} to {params.get('role', '')}"
    elif activity.kind == "contact_edited":
        verb = f"edited {fields(params.get('fields'))} of".replace("edited  of", "edited")
    elif activity.kind == "contact_deleted":
        path = ""
    elif activity.kind in QUOTED:
        thing = f"“{thing}”"
    contact = f"&contact={activity.entity_id}" if path == "/contacts" and activity.entity_id is not None else ""
    if path and activity.team_id is not None:  # which need not be the team that one has turned to
        path = f"{path}?team={activity.team_id}{contact}"
    elif path == "/feed" and activity.entity_id is not None:
        path = f"{path}?post={activity.entity_id}"
    return Words(verb, thing, icon, path)


def number(value: object) -> int | None:
    """What `params` holds is the database's, but it is JSON."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


FIELDS = {"owner_id": "who looks after it", "name": "the name", "email": "the e-mail", "phone": "the phone", "company": "the company",
          "title": "the title", "stage": "the stage", "tags": "the tags", "notes": "the notes"}  # fmt: skip


def fields(names: object) -> str:
    """the stage; the name and the e-mail; 4 fields."""
    if not isinstance(names, list) or not names:
        return ""
    said = [FIELDS.get(str(name), str(name).replace("_", " ")) for name in names]
    return said[0] if len(said) == 1 else f"{said[0]} and {said[1]}" if len(said) == 2 else f"{len(said)} fields"
