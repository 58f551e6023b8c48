"""What a project finds before its first migration."""

from __future__ import annotations

import asyncpg
import pytest

from embedded.bootstrap import bootstrap, owner_dsn
from embedded.database import Database
from embedded.keys import Keys
from embedded.postgres import Postgres


async def test_it_can_be_applied_again_over_a_project(postgres: Postgres, database: Database, keys: Keys) -> None:
    owner = await asyncpg.connect(owner_dsn(postgres, keys))
    await owner.execute("create policy kept on storage.objects for select to anon using (false)")
    await database.admin.execute("update _embedded.bootstrap set hash = 'another version'")
    await bootstrap(postgres, keys)
    assert await owner.fetchval("select count(*) from pg_policies where policyname = 'kept'") == 1
    await owner.execute("drop policy kept on storage.objects")
    await owner.close()


async def test_roles_are_as_on_the_platform(database: Database) -> None:
    rows = await database.admin.fetch(
        "select rolname, rolsuper, rolcanlogin, rolbypassrls, rolinherit, rolreplication from pg_roles where rolname !~ '^pg_'"
    )
    roles = {row["rolname"]: row for row in rows}
    assert {name for name, role in roles.items() if role["rolsuper"]} == {"supabase_admin"}
    assert {name for name, role in roles.items() if role["rolcanlogin"]} == {
        "supabase_admin",
        "postgres",
        "authenticator",
    }
    assert {name for name, role in roles.items() if role["rolbypassrls"]} == {
        "supabase_admin",
        "postgres",
        "service_role",
    }
    assert not roles["authenticator"]["rolinherit"]
    assert roles["postgres"]["rolreplication"]


async def test_only_who_knows_the_password_comes_in(postgres: Postgres) -> None:
    for user in ("supabase_admin", "postgres", "authenticator"):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.dsn(user, "guess"))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("storage.foldername('a/b/c.png')", ["a", "b"]),
        ("storage.foldername('c.png')", []),
        ("storage.filename('a/b/c.png')", "c.png"),
        ("storage.extension('a/b/c.tar.gz')", "gz"),
        ("auth.uid()", None),
        ("auth.role()", None),
        ("auth.jwt()", None),
        ("realtime.topic()", None),
    ],
)
async def test_functions_of_the_platform(database: Database, expression: str, value: object) -> None:
    assert await database.admin.fetchval(f"select {expression}") == value


async def test_broadcast_changes_sends_the_row(database: Database) -> None:
    async with database.admin.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("""
            create table public.noted (id int);
            create function public.announce_noted() returns trigger language plpgsql as $$
              begin
                perform realtime.broadcast_changes('noted room', 'noted', tg_op, tg_table_name, tg_table_schema, new, old);
                return null;
              end $$;
            create trigger announce after insert on public.noted for each row execute function public.announce_noted();
            insert into public.noted values (7);
        """)
        row = await connection.fetchrow(
            "select *, payload ->> 'id' = id::text as named, payload -> 'record' ->> 'id' as record from realtime.messages where topic = 'noted room'"
        )
        assert (row["event"], row["private"], row["extension"]) == ("noted", True, "broadcast")
        assert (row["named"], row["record"]) == (True, "7")
        await transaction.rollback()


async def test_a_message_that_may_not_be_sent_is_a_warning(database: Database) -> None:
    async with database.acting({"role": "anon"}) as connection:
        await connection.execute("""select realtime.send('{"a": 1}', 'event', 'room', true)""")
        assert await connection.fetchval("select count(*) from realtime.messages") == 0
