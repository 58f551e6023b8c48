"""Related rows inside rows: to one, to many, across a junction, by function; hints, inner joins, spreads."""

from __future__ import annotations

from typing import Any

import pytest

from tests.embedded.rest_support import Api


@pytest.mark.parametrize(
    ("path", "rows"),
    [
        (
            "/projects?select=id,clients(name)&id=gt.2&order=id",
            [{"id": 3, "clients": {"name": "Bob"}}, {"id": 4, "clients": None}],
        ),
        ("/projects?select=c:clients(name)&id=eq.1", [{"c": {"name": "Ada"}}]),
        ("/projects?select=clients!projects_client_fkey(name)&id=eq.1", [{"clients": {"name": "Ada"}}]),
        ("/projects?select=client_id(name)&id=eq.1", [{"client_id": {"name": "Ada"}}]),
        ("/projects?select=client_id,c:clients(name)&client_id=eq.2", [{"client_id": 2, "c": {"name": "Bob"}}]),
        ("/clients?select=projects(id)&id=eq.1", [{"projects": [{"id": 1}, {"id": 2}]}]),
        (
            "/clients?select=projects(id,tasks(id,users(name)))&id=eq.2",
            [{"projects": [{"id": 3, "tasks": []}]}],
        ),
        (
            "/clients?select=id,projects(id)&projects.id=gt.1&projects.order=id.desc&projects.limit=1&order=id",
            [{"id": 1, "projects": [{"id": 2}]}, {"id": 2, "projects": [{"id": 3}]}],
        ),
        ("/clients?select=id,projects(id)&projects.or=(id.eq.3,id.eq.9)&id=eq.2", [{"id": 2, "projects": [{"id": 3}]}]),
        ("/clients?select=id,projects!inner(id)&projects.name=eq.Sun", [{"id": 2, "projects": [{"id": 3}]}]),
        (
            "/clients?select=id,projects!inner(id,tasks!inner(id))&projects.tasks.id=eq.3",
            [{"id": 1, "projects": [{"id": 2, "tasks": [{"id": 3}]}]}],
        ),
        ("/projects?select=id,clients!inner(name)&clients.name=eq.Bob", [{"id": 3, "clients": {"name": "Bob"}}]),
        ("/projects?select=id,clients()&clients=is.null", [{"id": 4}]),
        ("/clients?select=id,projects()&projects=not.is.null&order=id", [{"id": 1}, {"id": 2}]),
        ("/projects?select=id,clients()&or=(clients.is.null,id.eq.3)&order=id", [{"id": 3}, {"id": 4}]),
        ("/tasks?select=users(name)&id=eq.1", [{"users": [{"name": "Una"}, {"name": "Udo"}]}]),
        ("/users?select=tasks!assignments(id)&id=eq.2", [{"tasks": [{"id": 1}]}]),
        ("/users?select=profiles(bio)&order=id", [{"profiles": {"bio": "painter"}}, {"profiles": None}]),
        ("/profiles?select=users(name)", [{"users": {"name": "Una"}}]),
        (
            "/messages?select=s:users!sender(name),r:users!messages_recipient_fkey(name)&id=eq.1",
            [{"s": {"name": "Una"}, "r": {"name": "Udo"}}],
        ),
        ("/users?select=sent:messages!sender(id)&id=eq.2", [{"sent": [{"id": 2}]}]),
        ("/folders?select=folders(id)&id=eq.1", [{"folders": [{"id": 2}, {"id": 3}]}]),
        ("/folders?select=parent(name)&id=eq.4", [{"parent": {"name": "left"}}]),
        ("/projects?select=id,...clients(client:name)&id=eq.1", [{"id": 1, "client": "Ada"}]),
        ("/clients?select=name,...projects(project_ids:id)&id=eq.1", [{"name": "Ada", "project_ids": [1, 2]}]),
        ("/projects?select=id,lead(name)&id=eq.2", [{"id": 2, "lead": {"name": "Udo"}}]),
        ("/open_tasks?select=id,projects(name)&id=eq.3", [{"id": 3, "projects": {"name": "Sky"}}]),
        ("/clients?select=project_names(loud)&id=eq.2", [{"project_names": [{"loud": "SUN"}]}]),
        ("/projects?select=id,clients(name)&order=clients(name).desc.nullslast,id.desc&limit=2",
         [{"id": 3, "clients": {"name": "Bob"}}, {"id": 2, "clients": {"name": "Ada"}}]),
        ("/rpc/projects_from?first=3&select=id,clients(name)",
         [{"id": 3, "clients": {"name": "Bob"}}, {"id": 4, "clients": None}]),
    ],
)  # fmt: skip
async def test_embeds(api: Api, path: str, rows: list[dict[str, Any]]):
    assert await api.get(path) == rows


async def test_parameters_reach_an_embed_by_its_alias_or_its_target(api: Api):
    for name in ("mine", "projects"):
        path = f"/clients?select=mine:projects(id)&{name}.id=eq.2&id=eq.1"
        assert await api.get(path) == [{"mine": [{"id": 2}]}]


async def test_a_count_follows_inner_joins(api: Api):
    response = await api("GET", "/clients?select=id,projects!inner(id)&projects.id=gt.2", prefer="count=exact")
    assert response.headers["content-range"] == "0-0/1"


async def test_several_relationships_are_ambiguous(api: Api):
    response = await api("GET", "/messages?select=users(name)")
    assert response.status_code == 300
    assert response.json() == {
        "code": "PGRST201",
        "message": "Could not embed because more than one relationship was found for 'messages' and 'users'",
        "details": [
            {
                "cardinality": "many-to-one",
                "embedding": "messages with users",
                "relationship": f"{constraint} using messages({column}) and users(id)",
            }
            for constraint, column in (("messages_recipient_fkey", "recipient"), ("messages_sender_fkey", "sender"))
        ],
        "hint": "Try changing 'users' to one of the following: 'users!messages_recipient_fkey',"
        " 'users!messages_sender_fkey'. Find the desired relationship in the 'details' key.",
    }


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        (
            "/projects?select=nope(id)",
            "PGRST200",
            "Could not find a relationship between 'projects' and 'nope' in the schema cache",
        ),
        (
            "/projects?select=clients!nope(id)",
            "PGRST200",
            "Could not find a relationship between 'projects' and 'clients' in the schema cache",
        ),
        (
            "/projects?select=c:clients(id)&order=clients(id)",
            "PGRST108",
            "'clients' is not an embedded resource in this request",
        ),
        ("/projects?clients.id=eq.1", "PGRST108", "'clients' is not an embedded resource in this request"),
        (
            "/clients?select=projects(id)&order=projects(id)",
            "PGRST118",
            "A related order on 'projects' is not possible",
        ),
    ],
)
async def test_what_cannot_be_embedded(api: Api, path: str, code: str, message: str):
    response = await api("GET", path)
    assert (response.status_code, response.json()["code"], response.json()["message"]) == (400, code, message)
