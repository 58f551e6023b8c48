-- Leaving, and the self-test: members who ask for it are forgotten with all that is theirs, throw-away members in any
-- case; and a member may see how the live tables are guarded.

-- Who is to be removed. SQL may not remove accounts and files (both belong to the platform): the worker does, through
-- their APIs. No foreign key: the entry outlives the account until the files are gone as well.

create table private.leavers (
  member_id  uuid primary key,
  throwaway  boolean not null default false,
  due_at     timestamptz not null default now()
);

comment on table private.leavers is 'Accounts that the worker shall remove, and from when on';
comment on column private.leavers.throwaway is 'Made by the self-test: its address, under a domain that can never exist, said so when it signed up';

create index leavers_due_at on private.leavers (due_at);

-- A throw-away account has its end from its first moment, in the transaction that makes it: whatever becomes of the
-- process that wanted it, it is gone after an hour. No mail reaches a domain under .invalid (RFC 2606), and nobody comes
-- by such a name by chance, so that no member can be taken for one.

create function private.expect_to_leave() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.leavers (member_id, throwaway, due_at)
  values (new.id, true, now() + interval '1 hour')
  on conflict (member_id) do nothing;
  return new;
end
$$;

create trigger expect_to_leave after insert on auth.users
  for each row when (new.email ~ '^selftest-[0-9a-f]{32}@starling\.invalid$') execute function private.expect_to_leave();

create function public.forget_me(member_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  -- Whoever means themselves can say who they are; a page of somebody who was signed in here before cannot.
  if auth.uid() is distinct from forget_me.member_id or not exists (
    select 1 from public.profiles p where p.id = forget_me.member_id
  ) then
    raise exception 'This is not your account' using errcode = 'PT404';
  end if;
  if (select p.is_demo from public.profiles p where p.id = forget_me.member_id) then
    raise exception 'A demo account is everybody''s, and stays' using errcode = 'PT409';
  end if;
  insert into private.leavers as l (member_id) values (forget_me.member_id)
  on conflict on constraint leavers_pkey do update set due_at = least(l.due_at, excluded.due_at);
end
$$;

comment on function public.forget_me(uuid) is
  'Removes the caller''s account and all that is theirs, files included, within some seconds and for good. The id must be '
  'the caller''s own. PT404: it is not; PT409: a demo account';

create function public.take_leavers(n integer default 20) returns setof uuid
  language sql security definer set search_path = ''
as $$
  update private.leavers l
  set due_at = now() + interval '1 minute'
  where l.member_id in (
    select d.member_id from private.leavers d
    where d.due_at <= now()
    order by d.due_at
    limit greatest(n, 0)
    for update skip locked)
  returning l.member_id
$$;

create function public.clear_leavers(members uuid[]) returns void
  language sql security definer set search_path = ''
as $$
  delete from private.leavers where member_id = any (members)
$$;

comment on function public.take_leavers(integer) is
  'Accounts that the worker shall remove now; none is handed out again before a minute has passed, and all are until they are cleared';
comment on function public.clear_leavers(uuid[]) is 'These accounts and their files have been removed';


-- Whichever way an account goes, its folder goes as well: previews and half-written attempts have no row that would take
-- them along. A worker may still be writing, hence the delay.

create function private.discard_folder() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.media_trash (path, due_at)
  select r.id || '/', now() + interval '5 minutes' from old_rows r
  on conflict do nothing;
  return null;
end
$$;

create trigger discard_folder after delete on public.profiles
  referencing old table as old_rows for each statement execute function private.discard_folder();


-- What two throw-away members try to see of each other. Members cannot write these rows themselves, and a worker's would
-- take as long as its queue; so the database gives a throw-away member, who is gone within the hour, one of each.

create function public.furnish_selftest() returns jsonb
  language plpgsql security definer set search_path = ''
as $$
declare
  member constant uuid := auth.uid();
  model  uuid;
  job    uuid;
  made   public.generations;
begin
  perform 1 from private.leavers l where l.member_id = member and l.throwaway for update;
  if not found then
    raise exception 'Only for throw-away members' using errcode = 'PT404';
  end if;
  select * into made from public.generations g where g.owner_id = member order by g.created_at limit 1;
  if not found then
    insert into public.models (slug, name, kind, owner_id, visibility)
    values ('selftest-' || left(replace(member::text, '-', ''), 24), 'Self-test', 'trained', member, 'private')
    returning id into model;
    insert into public.generation_jobs (owner_id, kind, prompt, model_id, visibility, status, finished_at, params)
    values (member, 'image', 'Self-test', model, 'private', 'cancelled', now(),
            '{"width": 256, "height": 256, "count": 1, "steps": 4, "seed": 1, "duration": 1}')
    returning id into job;
    insert into public.generations
      (owner_id, job_id, kind, prompt, model_id, seed, media_path, poster_path, media_type, bytes, width, height, colour, visibility)
    values (member, job, 'image', 'Self-test', model, 1, member || '/selftest/0.webp', member || '/selftest/0.poster.webp',
            'image/webp', 1, 16, 16, '#9bdcff', 'private')
    returning * into made;
  end if;
  return jsonb_build_object(
    'rows', jsonb_build_object('models', made.model_id, 'generation_jobs', made.job_id, 'generations', made.id),
    'media_path', made.media_path);
end
$$;

comment on function public.furnish_selftest() is
  'One private row of each kind for a throw-away member, the same ones each time: {"rows": {table: id}, "media_path"}. PT404: for nobody else';


-- How the live tables are guarded. Names only, which are in the migrations for everybody to read: neither what a policy
-- asks for, nor anything of the schemas that are not served.

create function public.live_catalog() returns jsonb
  language sql stable security definer set search_path = ''
as $$
  with relations as (
    select c.oid, c.relname as name, n.nspname as schema, c.relrowsecurity as guarded
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p')
      and (n.nspname = 'public' or (n.nspname, c.relname) in (('storage', 'objects'), ('realtime', 'messages')))
  ), described as (
    select r.schema || '.' || r.name as name, r.guarded,
      array(select format('%s (%s)', p.policyname, lower(p.cmd)) from pg_catalog.pg_policies p
            where p.schemaname = r.schema and p.tablename = r.name order by p.policyname) as policies,
      -- announced: it has the functions of live.announce, and each of them hangs on it
      array(select e.event from unnest(array['insert', 'update', 'delete']) as e (event)
            where r.schema = 'public' and exists (
              select 1 from pg_catalog.pg_proc f join pg_catalog.pg_namespace s on s.oid = f.pronamespace
              where s.nspname = 'live' and f.proname = format('announce_%s_%s', r.name, e.event))) as announced,
      array(select e.event from unnest(array['insert', 'update', 'delete']) as e (event)
            where exists (
              select 1 from pg_catalog.pg_trigger t join pg_catalog.pg_proc f on f.oid = t.tgfoid
              where t.tgrelid = r.oid and t.tgenabled in ('O', 'A') and f.proname = format('announce_%s_%s', r.name, e.event))) as triggers,
      exists (select 1 from pg_catalog.pg_publication_tables p
              where p.pubname = 'supabase_realtime' and p.schemaname = r.schema and p.tablename = r.name) as published
    from relations r
  )
  select jsonb_agg(to_jsonb(d) order by d.name) from described d
$$;

comment on function public.live_catalog() is
  'Tables of the API and those behind Storage and Realtime: [{"name", "guarded", "policies", "announced", "triggers", "published"}]';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.expect_to_leave(), private.discard_folder(), public.forget_me(uuid), public.take_leavers(integer), public.clear_leavers(uuid[]),
  public.furnish_selftest(), public.live_catalog()
  from public, anon, authenticated;

grant execute on function public.forget_me(uuid), public.furnish_selftest(), public.live_catalog() to authenticated;
grant execute on function public.take_leavers(integer), public.clear_leavers(uuid[]) to service_role;
