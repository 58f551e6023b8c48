-- Presence: when somebody was here last. Who is here now is not a matter of the database: a room says it.

create table public.user_presence (
  id         uuid primary key references public.profiles (id) on delete cascade,
  status     text not null check (status in ('online', 'away', 'offline')),
  last_seen  timestamptz not null default now(),
  session    text check (char_length(session) <= 60),
  metadata   jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object' and octet_length(metadata::text) <= 1024),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on table public.user_presence is 'What is known of members who are not here: when they were seen last';
comment on column public.user_presence.session is 'Whoever said so: a process of the app in which they have a tab';

create index user_presence_updated_at on public.user_presence (updated_at);
create index user_presence_last_seen on public.user_presence (last_seen desc);

create trigger stamp before insert or update on public.user_presence for each row execute function live.stamp();

alter table public.user_presence enable row level security;

create policy "members see when others were here" on public.user_presence
  for select to authenticated
  using (true);

grant select on public.user_presence to authenticated, service_role;

-- Announced nowhere: `world` is read by guests, too, there is no topic for signed-in members alone, and a message for
-- each member and minute would say what nobody waits for. Pages ask when a list is opened.


-- What somebody chose to be seen as. Not in the row above: that they hide would be there for everybody to read.

create table private.presence_choices (
  id      uuid primary key references public.profiles (id) on delete cascade,
  by_hand text not null check (by_hand in ('online', 'away', 'offline'))
);

create function public.touch_presence(
  status text, by_hand text default null, metadata jsonb default '{}', session text default null
) returns table (chosen text, at timestamptz)
  language plpgsql security definer set search_path = ''
as $$
declare
  me     constant uuid := (select auth.uid());
  moment constant timestamptz := clock_timestamp();
  shown  text;
begin
  if touch_presence.by_hand = 'automatic' then
    delete from private.presence_choices c where c.id = me;
  elsif touch_presence.by_hand is not null then
    insert into private.presence_choices as c (id, by_hand) values (me, touch_presence.by_hand)
    on conflict (id) do update set by_hand = excluded.by_hand where c.by_hand <> excluded.by_hand;
  end if;
  select c.by_hand into chosen from private.presence_choices c where c.id = me;
  -- It counts first here, too: a process that has just started asks before it knows.
  shown := case when touch_presence.status = 'offline' then 'offline' else coalesce(chosen, touch_presence.status) end;
  -- Nothing of a row that is offline changes, not even its time stamps: whoever appears offline was last seen when they
  -- chose to. And one session that ends says nothing of another that was heard of lately.
  insert into public.user_presence as p (id, status, last_seen, session, metadata)
  values (me, shown, moment, touch_presence.session, case when chosen = 'offline' then '{}' else touch_presence.metadata end)
  on conflict (id) do update
  set status = excluded.status, last_seen = excluded.last_seen, session = excluded.session, metadata = excluded.metadata
  where excluded.status <> 'offline'
     or p.status <> 'offline'
        and (chosen = 'offline' or p.session is not distinct from excluded.session or p.last_seen < moment - interval '2 minutes');
  at := moment;
  return next;
end
$$;

comment on function public.touch_presence(text, text, jsonb, text) is
  'The member is online, away or offline now. `by_hand`: what they chose to be seen as, or automatic; null leaves it. '
  'Returns the choice that counts, and the time as the database has it';

revoke all on function public.touch_presence(text, text, jsonb, text) from public, anon, authenticated;
grant execute on function public.touch_presence(text, text, jsonb, text) to authenticated;

create function public.expire_presence(stale_s integer default 120) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  members integer;
begin
  update public.user_presence
  set status = 'offline'
  where status <> 'offline' and last_seen < now() - make_interval(secs => stale_s);
  get diagnostics members = row_count;
  return members;
end
$$;

comment on function public.expire_presence(integer) is
  'Nobody vouches any longer for members who were not heard of for stale_s seconds: they are offline; returns how many';

revoke all on function public.expire_presence(integer) from public, anon, authenticated;
grant execute on function public.expire_presence(integer) to service_role;
