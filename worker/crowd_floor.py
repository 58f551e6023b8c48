"""What the crowd says in the demo members' chat, and does with the contacts and tasks of their team: its part of `crowd.py`."""

from __future__ import annotations

import random
from typing import Any

MOST_NOTES = 6  # comments on one contact
KEEP_MESSAGES = 200
KEEP_CONTACTS = KEEP_TASKS = 12  # of those it made; whom it has let go of it may meet again

Call = tuple[str, dict[str, Any]]

NEXT_STAGES = {
    "lead": ("qualified",),
    "qualified": ("proposal", "proposal", "lost"),
    "proposal": ("won", "won", "lost"),
}

NEXT_COLUMNS = {
    "queued": ("in_progress",),
    "in_progress": ("completed", "completed", "completed", "failed"),
    "failed": ("queued",),
}

# Each is said line by line, by one after the other.
TALKS = (
    ("Does anybody still have the seed of the greenhouse at night?", "Pinned it in the studio. It is the one with the green lamps.",
     "Found it, thank you."),
    ("Tide pools with Aurora or with Gouache?", "Gouache, for the edges.", "Agreed, Aurora makes them too smooth."),
    ("The queue is quick this morning.", "Then I will risk the long clip now.", "Good luck. I have two small ones behind you."),
    ("Kestrel Games asked for another three environments.", "Basalt columns and sea spray would suit them.", "Making a few drafts."),
    ("Coffee in ten minutes?", "Give me fifteen, something is at ninety per cent.", "Fifteen it is."),
    ("My ink sketches have finished training.", "How do they look on people?", "Better on weather than on people, to be honest.",
     "Then paint us some weather."),
    ("Who changed the caption of the kite festival?", "I did, there was a letter missing.", "Much better, thanks."),
    ("Is anyone watching SOL today?", "I am. It has not made up its mind.", "Neither have I."),
    ("Trying one word less in every prompt this week.", "And?", "The pictures are calmer. So am I."),
    ("The harbour festival wants posters in four languages.", "Send me the sizes and I will lay them out.", "On their way."),
    ("Which of the dunes goes to the client?", "The wide crop, third row.", "Sent."),
    ("Anything left for the book fair?", "One cover. I would give it an hour.", "I can take it after lunch."),
    ("Has anybody tried a clip of the northern lights?", "Eight seconds of it, in the feed. It loops.", "It does, and beautifully."),
    ("I liked the lighthouse made of glass.", "Thank you. It took nine tries.", "It looks like one."),
)  # fmt: skip
ANSWERS = (
    "Good to see you here.", "I like that thought.", "Let me have a look in a minute.", "Makes sense to me.",
    "Could you put that next to yesterday's version?", "Noted, thank you.", "I would try it.", "Same here.",
)  # fmt: skip
NOTES = (
    "Spoke on the phone, friendly and brief.", "Sent three drafts.", "Asked for one more week.", "Would like the same in portrait.",
    "Budget is settled.", "Wants to see it printed first.", "Forwarded to their designer.", "Answered within the hour.",
    "Meeting moved to Friday.", "Happy with the second draft.",
)  # fmt: skip
PEOPLE = (
    ("Alma Berg", "Birchwood Toys", "Product Designer", "product"), ("Ravi Kapoor", "Tamarind Kitchen", "Owner", "brand"),
    ("Signe Aaberg", "Aaberg Ceramics", "Potter", "product"), ("Caleb Stone", "Stonefield Winery", "Head of Brand", "packaging"),
    ("Leila Farouk", "Cedar House Press", "Publisher", "publishing"), ("Emil Strand", "Strand Kajak", "Founder", "outdoor"),
    ("Nadia Ivanova", "Ballet of the North", "Producer", "stage"), ("Hugo Lambert", "Lambert Frames", "Owner", "print"),
    ("Aoife Brennan", "Peatland Trust", "Communications", "campaign"), ("Kenji Mori", "Mori Tea", "Director", "packaging"),
    ("Paula Santos", "Azulejo Hotel", "Marketing Lead", "travel"), ("Viktor Lang", "Alpine Post", "Art Editor", "publishing"),
    ("Thandi Dube", "Acacia Safaris", "Manager", "travel"), ("Milan Horvat", "Horvat Violins", "Luthier", "music"),
    ("Greta Olsen", "Driftwood Cafe", "Owner", "brand"), ("Omar Rahal", "Minaret Records", "Producer", "music"),
)  # fmt: skip
TASKS = (
    ("Grade the dawn two stops cooler", "colour"), ("Foghorn: record, or generate?", "sound"), ("Title card, three typefaces", "type"),
    ("Check the beam's direction in every frame", "review"), ("Crop everything to the wide format", "detail"),
    ("Rust on the railing", "detail"), ("Storyboard for the last minute", "planning"), ("Ask Northlight about the credits", "planning"),
    ("Wave loop without a seam", "detail"), ("Choose the cover frame", "review"), ("Softer rain on the window", "colour"),
    ("Light in the fishermen's huts", "colour"), ("Subtitles, first pass", "type"), ("Contact sheet for the producer", "review"),
    ("Wind in the microphones", "sound"), ("Moon: higher, or gone?", "review"),
)  # fmt: skip


def possible(floor: dict[str, Any], members: list[str], rng: random.Random) -> dict[str, list[Call]]:
    """What those `members` could do on a floor, as `crowd_floor` describes it: by act, the calls to choose from."""
    talkers = [member for member in floor["talkers"] if member in members]
    editors = [member for member in floor["editors"] if member in members]
    known = set(floor["met"])
    met = [fields for fields in map(_fields, PEOPLE) if fields["email"] not in known]
    calls: dict[str, list[Call]] = {
        "talk": [_talk(floor["said"], member, rng) for member in _others(talkers, floor["said"])],
        "meet": [("crowd_meet", {"member": rng.choice(editors), "fields": fields}) for fields in met if editors],
        "move": [],
        "note": [],
        "task": [],
        "plan": [],
    }
    for contact in floor["contacts"] if editors else ():
        chosen = {"member": rng.choice(editors), "contact_id": contact["id"]}
        calls["move"] += [("crowd_move", {**chosen, "stage": stage}) for stage in NEXT_STAGES.get(contact["stage"], ())]
        if contact["notes"] < MOST_NOTES:
            calls["note"].append(("crowd_note", {**chosen, "body": rng.choice(NOTES)}))
    for task in floor["tasks"] if editors else ():
        for status in NEXT_COLUMNS.get(task["status"], ()):
            calls["task"].append(
                ("crowd_task", {"member": rng.choice(editors), "task_id": task["id"], "status": status})
            )
    for title, label in TASKS if editors and floor["plans"] else ():
        if title not in floor["planned"]:
            calls["plan"].append(("crowd_plan", {"member": rng.choice(editors), "title": title, "label": label}))
    return calls


def _others(talkers: list[str], said: list[dict[str, Any]]) -> list[str]:
    """Nobody answers themselves."""
    return [member for member in talkers if not said or member != said[-1]["author"]]


def _talk(said: list[dict[str, Any]], member: str, rng: random.Random) -> Call:
    """The next line: a visitor is answered, a talk goes on, or one begins that was not heard lately."""
    last = said[-1] if said else None
    if last is not None and not last["ours"]:
        return "crowd_say", {"member": member, "content": rng.choice(ANSWERS)}
    if last is not None:
        for talk in TALKS:
            if last["content"] in talk[:-1]:
                return "crowd_say", {"member": member, "content": talk[talk.index(last["content"]) + 1]}
    heard = {message["content"] for message in said}
    fresh = [talk for talk in TALKS if talk[0] not in heard] or list(TALKS)
    return "crowd_say", {"member": member, "content": rng.choice(fresh)[0]}


def _fields(person: tuple[str, str, str, str]) -> dict[str, Any]:
    name, company, title, tag = person
    domain = "".join(letter for letter in company.lower() if letter.isalpha())
    address = f"{name.split()[0].lower()}@{domain}.example"
    return {"name": name, "company": company, "title": title, "email": address, "tags": [tag]}
