-- Circles: people who may see the same rows. Every circle has a topic of its own, which ends when somebody is removed.
-- Teams are the first of them; chats are others.

-- A removal raises the epoch, and so the topic is another one: those who are left move, the one removed cannot. Epochs
-- rise in no other way.

create table live.circles (
  kind  text not null check (kind ~ '^[a-z]{2,20}$' and kind not in ('member', 'room')),
  id    uuid not null,
  epoch bigint not null default 1,
  primary key (kind, id)
);

comment on table live.circles is 'The epoch of each circle, and the lock by which removals wait for writes, and writes for removals';


-- Who is in which circle, of whatever kind. Every table of members enters itself here (`live.enlist`), so that one place
-- answers who may read what, and one table tells members of their circles.

create table public.circle_members (
  id         uuid primary key default gen_random_uuid(),
  kind       text not null check (char_length(kind) <= 20),
  circle_id  uuid not null,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  role       text not null check (char_length(role) <= 20),
  epoch      bigint not null,
  size       integer not null default 1,
  turned_at  timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (member_id, kind, circle_id)
);

comment on table public.circle_members is 'The circles a member is in; a row for each, which only they see';
comment on column public.circle_members.epoch is 'Which topic the circle has now: kind:circle_id:epoch';
comment on column public.circle_members.size is 'How many were left when the epoch rose: the more they are, the less at once they move';
comment on column public.circle_members.turned_at is 'When the member last turned to this circle among those of its kind';

create index circle_members_circle on public.circle_members (kind, circle_id);
create index circle_members_updated_at on public.circle_members (updated_at);

create trigger stamp before insert or update on public.circle_members for each row execute function live.stamp();

alter table public.circle_members enable row level security;

create policy "members see their circles" on public.circle_members
  for select to authenticated
  using (member_id = (select auth.uid()));

grant select on public.circle_members to authenticated, service_role;

select live.announce('public.circle_members', 'live.member_topic(member_id)');

create function public.turn_to_circle(kind text, circle_id uuid) returns public.circle_members
  language plpgsql security definer set search_path = ''
as $$
declare
  mine public.circle_members;
begin
  update public.circle_members m set turned_at = clock_timestamp()
  where m.kind = turn_to_circle.kind and m.circle_id = turn_to_circle.circle_id and m.member_id = auth.uid()
  returning * into mine;
  if not found then
    raise exception 'You are not in this circle' using errcode = 'PT404';
  end if;
  return mine;
end
$$;

comment on function public.turn_to_circle(text, uuid) is 'Remembers that the caller turned to this circle. PT404: it is none of theirs';


-- Asking. For policies: `team_id = any ((select live.mine('team'))::uuid[])` is asked once per statement and uses an index,
-- `live.is_member('team', team_id)` is asked row by row.

create function live.is_member(kind text, id uuid) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.circle_members m
    where m.member_id = auth.uid() and m.kind = is_member.kind and m.circle_id = is_member.id)
$$;

create function live.may_edit(kind text, id uuid) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select exists (
    select from public.circle_members m
    where m.member_id = auth.uid() and m.kind = may_edit.kind and m.circle_id = may_edit.id and m.role <> 'viewer')
$$;

create function live.mine(kind text) returns uuid[]
  language sql stable security definer set search_path = ''
as $$
  select array(select m.circle_id from public.circle_members m where m.member_id = auth.uid() and m.kind = mine.kind)
$$;

create function live.mine_to_edit(kind text) returns uuid[]
  language sql stable security definer set search_path = ''
as $$
  select array(
    select m.circle_id from public.circle_members m
    where m.member_id = auth.uid() and m.kind = mine_to_edit.kind and m.role <> 'viewer')
$$;

comment on function live.is_member(text, uuid) is 'Whether the caller is in this circle';
comment on function live.may_edit(text, uuid) is 'Whether the caller is in this circle as somebody who may change things';
comment on function live.mine(text) is 'The caller''s circles of a kind';
comment on function live.mine_to_edit(text) is 'Those of them in which the caller may change things';


-- Topics. A write locks the epoch it was announced under, in share, so that a removal waits for it; and waits itself for
-- a removal under way, to be announced under the new one. A circle that has ended has no topic.

create function live.topic(kind text, id uuid) returns text
  language plpgsql security definer set search_path = ''
as $$
declare
  current bigint;
begin
  select c.epoch into current from live.circles c where c.kind = topic.kind and c.id = topic.id for share;
  return topic.kind || ':' || topic.id || ':' || current;
end
$$;

create function live.member_topics(kind text, id uuid) returns text[]
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from live.circles c where c.kind = member_topics.kind and c.id = member_topics.id for share;
  return array(
    select live.member_topic(m.member_id) from public.circle_members m
    where m.kind = member_topics.kind and m.circle_id = member_topics.id);
end
$$;

comment on function live.topic(text, uuid) is
  'The topic of a circle as it is now, for live.announce; null when there is no such circle. Removals wait for the transaction';
comment on function live.member_topics(text, uuid) is 'The topics of all who are in a circle: for what they should know of it wherever they are';

-- `kind:id:epoch`, and for rooms `kind:id:epoch` with a part of the circle behind it, if they want one: `:board`.

create function live.in_circle(topic text, parts boolean) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select exists (
    select
    from regexp_match(in_circle.topic,
      '^([a-z]{2,20}):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}):([1-9][0-9]{0,17})(:[a-z0-9-]{1,64})?$') as name (part)
    join public.circle_members m on m.kind = part[1] and m.circle_id = part[2]::uuid and m.epoch = part[3]::bigint
    where m.member_id = auth.uid() and (in_circle.parts or part[4] is null))
$$;

create or replace function live.may_read(topic text, extension text) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select case
    when topic in ('world', 'market') then extension = 'broadcast'
    when topic like 'member:%'        then extension = 'broadcast' and topic = live.member_topic(auth.uid())
    when topic = 'room:studio'        then auth.uid() is not null
    when topic like 'room:%'          then live.in_circle(substr(topic, 6), true)
    else extension = 'broadcast' and live.in_circle(topic, false)
  end
$$;


-- Entering a table of members. Its rows belong to accounts and to circles; a circle's row is deleted last.

create function live.circle_joined() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into live.circles (kind, id)
  select distinct tg_argv[0], (to_jsonb(r) ->> tg_argv[1])::uuid from new_rows r order by 2
  on conflict do nothing;
  perform from live.circles c
  where c.kind = tg_argv[0] and c.id in (select (to_jsonb(r) ->> tg_argv[1])::uuid from new_rows r)
  order by c.id for share;
  insert into public.circle_members (kind, circle_id, member_id, role, epoch)
  select c.kind, c.id, (to_jsonb(r) ->> tg_argv[2])::uuid, coalesce(to_jsonb(r) ->> tg_argv[3], 'member'), c.epoch
  from new_rows r
  join live.circles c on c.kind = tg_argv[0] and c.id = (to_jsonb(r) ->> tg_argv[1])::uuid;
  return null;
end
$$;

create function live.circle_changed() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  update public.circle_members m set role = to_jsonb(r) ->> tg_argv[3]
  from new_rows r
  where m.kind = tg_argv[0] and m.circle_id = (to_jsonb(r) ->> tg_argv[1])::uuid
    and m.member_id = (to_jsonb(r) ->> tg_argv[2])::uuid and m.role <> to_jsonb(r) ->> tg_argv[3];
  return null;
end
$$;

-- Before anything else, even before the removal is announced: two removals that had both announced something, and so
-- held the epoch in share, would wait for each other.
create function live.circle_leaving() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from live.circles c where c.kind = tg_argv[0] and c.id = (to_jsonb(old) ->> tg_argv[1])::uuid for no key update;
  return old;
end
$$;

create function live.circle_left() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.circle_members m using old_rows r
  where m.kind = tg_argv[0] and m.circle_id = (to_jsonb(r) ->> tg_argv[1])::uuid and m.member_id = (to_jsonb(r) ->> tg_argv[2])::uuid;
  with raised as (
    update live.circles c set epoch = c.epoch + 1
    where c.kind = tg_argv[0] and c.id in (select (to_jsonb(r) ->> tg_argv[1])::uuid from old_rows r)
    returning c.id, c.epoch
  ), counted as (
    select m.circle_id, r.epoch, count(*)::integer as size
    from raised r join public.circle_members m on m.kind = tg_argv[0] and m.circle_id = r.id
    group by 1, 2
  )
  update public.circle_members m set epoch = c.epoch, size = c.size
  from counted c where m.kind = tg_argv[0] and m.circle_id = c.circle_id;
  return null;
end
$$;

-- The end comes first: everybody hears that the circle is none of theirs any more, and nothing of what is deleted with it.
-- Whoever writes to it locks its row, in its table, before its epoch; so does this.
create function live.circle_ends() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  execute format('select from %s c where c.id = $1 for update', tg_relid::regclass) using old.id;
  perform from live.circles c where c.kind = tg_argv[0] and c.id = old.id for update;
  delete from public.circle_members m where m.kind = tg_argv[0] and m.circle_id = old.id;
  delete from live.circles c where c.kind = tg_argv[0] and c.id = old.id;
  return old;
end
$$;

create function live.enlist(
  target regclass, kind text, circles regclass, circle text, member text default 'member_id', role text default 'role'
) returns void
  language plpgsql set search_path = ''
as $$
declare
  arguments text := format('%L, %L, %L, %L', kind, circle, member, role);
begin
  execute format('create trigger circle_joined after insert on %s referencing new table as new_rows
                  for each statement execute function live.circle_joined(%s)', target, arguments);
  execute format('create trigger circle_left after delete on %s referencing old table as old_rows
                  for each statement execute function live.circle_left(%s)', target, arguments);
  execute format('create trigger circle_leaving before delete on %s
                  for each row execute function live.circle_leaving(%s)', target, arguments);
  if exists (select from pg_catalog.pg_attribute a where a.attrelid = target and a.attname = role) then
    execute format('create trigger circle_changed after update on %s referencing new table as new_rows
                    for each statement execute function live.circle_changed(%s)', target, arguments);
  end if;
  execute format('create trigger circle_ends before delete on %s
                  for each row execute function live.circle_ends(%L)', circles, kind);
end
$$;

comment on function live.enlist(regclass, text, regclass, text, text, text) is
  'Makes the rows of `target` memberships of circles of a kind: column `circle` refers to a row of `circles`, `member` to a '
  'profile, `role` (which need not exist) says what they may; whoever is deleted from it is removed. Rows do not move '
  'between circles or members. A function that removes somebody takes private.lock_circle before it writes anything else';

create function private.lock_circle(kind text, id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from live.circles c where c.kind = lock_circle.kind and c.id = lock_circle.id for no key update;
end
$$;

comment on function private.lock_circle(text, uuid) is 'Waits for writes in flight, and lets the next ones wait for this transaction';

-- Somebody who goes for good leaves all their circles: locked in one order, before anything is announced.

create function private.leave_circles() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from live.circles c
  where (c.kind, c.id) in (select m.kind, m.circle_id from public.circle_members m where m.member_id = old.id)
  order by c.kind, c.id for no key update;
  return old;
end
$$;

create trigger leave_circles before delete on public.profiles for each row execute function private.leave_circles();


-- Teams -------------------------------------------------------------------------------------------------------------

create table public.teams (
  id          uuid primary key default gen_random_uuid(),
  name        text not null check (char_length(name) <= 60 and name ~ '\S'),
  personal_of uuid unique references public.profiles (id) on delete cascade,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0
);

comment on column public.teams.personal_of is 'Whose own team it is, from the start: they stay its only owner, and it goes with them';

create index teams_updated_at on public.teams (updated_at);

create table public.team_members (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null references public.teams (id) on delete cascade,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  role       text not null check (role in ('owner', 'editor', 'viewer')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (team_id, member_id)
);

create index team_members_member on public.team_members (member_id);
create index team_members_updated_at on public.team_members (updated_at);

create table public.team_invitations (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null references public.teams (id) on delete cascade,
  team_name  text not null check (char_length(team_name) <= 60),
  invitee_id uuid not null references public.profiles (id) on delete cascade,
  inviter_id uuid references public.profiles (id) on delete set null,
  role       text not null check (role in ('editor', 'viewer')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (team_id, invitee_id)
);

comment on column public.team_invitations.team_name is 'Those who are invited do not see the team itself';

create index team_invitations_invitee on public.team_invitations (invitee_id);
create index team_invitations_inviter on public.team_invitations (inviter_id);
create index team_invitations_updated_at on public.team_invitations (updated_at);

create trigger stamp before insert or update on public.teams for each row execute function live.stamp();
create trigger stamp before insert or update on public.team_members for each row execute function live.stamp();
create trigger stamp before insert or update on public.team_invitations for each row execute function live.stamp();

alter table public.teams enable row level security;
alter table public.team_members enable row level security;
alter table public.team_invitations enable row level security;

create policy "members see their teams" on public.teams
  for select to authenticated
  using (id = any ((select live.mine('team'))::uuid[]));

create policy "members see who is in their teams" on public.team_members
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

create policy "members see invitations to them and to their teams" on public.team_invitations
  for select to authenticated
  using (invitee_id = (select auth.uid()) or team_id = any ((select live.mine('team'))::uuid[]));

grant select on public.teams, public.team_members, public.team_invitations to authenticated, service_role;

select live.enlist('public.team_members', 'team', 'public.teams', 'team_id');

select live.announce('public.teams', $$live.member_topics('team', id)$$);
select live.announce('public.team_members', $$live.topic('team', team_id)$$);
select live.announce('public.team_invitations', $$array[live.member_topic(invitee_id), live.topic('team', team_id)]$$);

insert into public.notification_kinds (kind, section, title, description, position) values
  ('invitation', 'Work', 'Somebody invites you to a team', '', 60);


-- Everybody has a team of their own.

create function private.create_personal_team() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  team uuid;
begin
  insert into public.teams (name, personal_of) values (left(new.display_name, 53) || '’s team', new.id) returning id into team;
  insert into public.team_members (team_id, member_id, role) values (team, new.id, 'owner');
  return null;
end
$$;

create trigger create_personal_team after insert on public.profiles for each row execute function private.create_personal_team();

with made as (
  insert into public.teams (name, personal_of) select left(p.display_name, 53) || '’s team', p.id from public.profiles p
  returning id, personal_of
)
insert into public.team_members (team_id, member_id, role) select id, personal_of, 'owner' from made;


-- Demo accounts share a team, so that whoever tries them sees people at work.

create function private.join_demo_team() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  demo constant uuid := '5d3c1e0a-7000-4000-8000-000000000001';
begin
  insert into public.teams (id, name) values (demo, 'Starling') on conflict do nothing;
  insert into public.team_members (team_id, member_id, role)
  values (demo, new.id, case when exists (select from public.team_members m where m.team_id = demo) then 'editor' else 'owner' end)
  on conflict do nothing;
  return null;
end
$$;

create trigger join_demo_team after update of is_demo on public.profiles
  for each row when (new.is_demo and not old.is_demo) execute function private.join_demo_team();

with demo as (
  insert into public.teams (id, name)
  select '5d3c1e0a-7000-4000-8000-000000000001', 'Starling' where exists (select from public.profiles p where p.is_demo)
  returning id
)
insert into public.team_members (team_id, member_id, role)
select d.id, p.id, case when row_number() over (order by p.created_at, p.id) = 1 then 'owner' else 'editor' end
from demo d, public.profiles p where p.is_demo;


-- What members do with teams. Whoever is not in a team is told that there is none.

create function private.role_in_team(team uuid, member uuid) returns text
  language sql stable security definer set search_path = ''
as $$
  select m.role from public.team_members m where m.team_id = team and m.member_id = member
$$;

comment on function private.role_in_team(uuid, uuid) is 'owner, editor or viewer; null: not in the team';

create function private.own_team(team uuid) returns public.teams
  language plpgsql security definer set search_path = ''
as $$
declare
  mine public.teams;
begin
  if private.role_in_team(team, auth.uid()) is not null then
    select * into mine from public.teams t where t.id = team for no key update;
    perform private.lock_circle('team', team);
  end if;
  case private.role_in_team(team, auth.uid())
    when 'owner' then return mine;
    when 'editor', 'viewer' then
      raise exception 'Only an owner of the team may do this' using errcode = '42501';
    else
      raise exception 'There is no such team' using errcode = 'PT404';
  end case;
end
$$;

comment on function private.own_team(uuid) is 'The team, locked, if the caller is an owner of it. 42501: they are not; PT404: they are not even in it';

create function private.room_in_teams(member uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  if (select count(*) from public.team_members m where m.member_id = member) >= 50 then
    raise exception 'Nobody can be in more than 50 teams' using errcode = 'PT409';
  end if;
end
$$;

create function public.create_team(team_id uuid, name text) returns public.teams
  language plpgsql security definer set search_path = ''
as $$
declare
  made public.teams;
begin
  select * into made from public.teams t where t.id = create_team.team_id;
  if found then  -- sent twice
    if private.role_in_team(made.id, auth.uid()) = 'owner' then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  end if;
  perform private.room_in_teams(auth.uid());
  insert into public.teams (id, name) values (create_team.team_id, btrim(create_team.name)) returning * into made;
  insert into public.team_members (team_id, member_id, role) values (made.id, auth.uid(), 'owner');
  return made;
end
$$;

create function public.rename_team(team_id uuid, name text) returns public.teams
  language plpgsql security definer set search_path = ''
as $$
declare
  mine public.teams := private.own_team(rename_team.team_id);
begin
  update public.teams t set name = btrim(rename_team.name) where t.id = mine.id returning * into mine;
  update public.team_invitations i set team_name = mine.name where i.team_id = mine.id;
  return mine;
end
$$;

create function public.delete_team(team_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from public.teams t
  where t.id = delete_team.team_id and private.role_in_team(t.id, auth.uid()) is not null for update;
  if (private.own_team(delete_team.team_id)).personal_of is not null then
    raise exception 'Your own team stays' using errcode = 'PT409';
  end if;
  delete from public.teams t where t.id = delete_team.team_id;
end
$$;

create function public.invite_to_team(invitation_id uuid, team_id uuid, username text, role text) returns public.team_invitations
  language plpgsql security definer set search_path = ''
as $$
declare
  team    public.teams := private.own_team(invite_to_team.team_id);
  invited public.profiles;
  made    public.team_invitations;
begin
  select * into invited from public.profiles p where p.username = lower(ltrim(btrim(invite_to_team.username), '@'));
  if not found then
    raise exception 'Nobody has this user name' using errcode = '22023', hint = 'username';
  elsif private.role_in_team(team.id, invited.id) is not null then
    raise exception '% is in this team already', invited.display_name using errcode = '22023', hint = 'username';
  elsif (select count(*) from public.team_members m where m.team_id = team.id)
      + (select count(*) from public.team_invitations i where i.team_id = team.id and i.invitee_id <> invited.id) >= 100 then
    raise exception 'A team has at most 100 members, those invited among them' using errcode = 'PT409';
  elsif (select count(*) from public.team_invitations i where i.invitee_id = invited.id and i.team_id <> team.id) >= 50 then
    raise exception '% has too many invitations to answer', invited.display_name using errcode = 'PT409';
  end if;
  insert into public.team_invitations as i (id, team_id, team_name, invitee_id, inviter_id, role)
  values (invite_to_team.invitation_id, team.id, team.name, invited.id, auth.uid(), invite_to_team.role)
  on conflict on constraint team_invitations_team_id_invitee_id_key do update set role = excluded.role
  returning * into made;
  if made.id = invite_to_team.invitation_id then
    perform private.notify(invited.id, 'invitation', team.name, '/team', auth.uid(), team.id);
  end if;
  return made;
end
$$;

create function public.withdraw_invitation(invitation_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  team uuid;
begin
  select i.team_id into team from public.team_invitations i where i.id = withdraw_invitation.invitation_id;
  perform private.own_team(team);
  delete from public.team_invitations i where i.id = withdraw_invitation.invitation_id;
end
$$;

create function public.accept_invitation(invitation_id uuid) returns public.teams
  language plpgsql security definer set search_path = ''
as $$
declare
  invitation public.team_invitations;
  team       public.teams;
begin
  select i.* into invitation from public.team_invitations i
  where i.id = accept_invitation.invitation_id and i.invitee_id = auth.uid();
  -- The team before its invitation, as everybody does: it may be going.
  select t.* into team from public.teams t where t.id = invitation.team_id for no key update;
  perform from public.team_invitations i where i.id = invitation.id for update;
  if not found then
    raise exception 'This invitation is no longer there' using errcode = 'PT404';
  end if;
  perform private.room_in_teams(auth.uid());
  insert into public.team_members (team_id, member_id, role) values (team.id, auth.uid(), invitation.role);
  delete from public.team_invitations i where i.id = invitation.id;
  return team;
end
$$;

create function public.decline_invitation(invitation_id uuid) returns void
  language sql security definer set search_path = ''
as $$
  delete from public.team_invitations i where i.id = decline_invitation.invitation_id and i.invitee_id = auth.uid()
$$;

create function public.set_team_role(team_id uuid, member_id uuid, role text) returns public.team_members
  language plpgsql security definer set search_path = ''
as $$
declare
  team    public.teams := private.own_team(set_team_role.team_id);
  changed public.team_members;
begin
  if team.personal_of is not null and (set_team_role.role = 'owner' or set_team_role.member_id = team.personal_of) then
    if set_team_role.member_id = team.personal_of and set_team_role.role <> 'owner' then
      raise exception 'Your own team stays yours' using errcode = 'PT409';
    elsif set_team_role.member_id <> team.personal_of then
      raise exception 'Your own team has no other owner' using errcode = 'PT409';
    end if;
  end if;
  if set_team_role.role <> 'owner' and not exists (
    select from public.team_members m where m.team_id = team.id and m.role = 'owner' and m.member_id <> set_team_role.member_id
  ) then
    raise exception 'A team has at least one owner' using errcode = 'PT409', hint = 'Make somebody else an owner first.';
  end if;
  update public.team_members m set role = set_team_role.role
  where m.team_id = team.id and m.member_id = set_team_role.member_id
  returning * into changed;
  if not found then
    raise exception 'They are not in this team' using errcode = 'PT404';
  end if;
  return changed;
end
$$;

create function public.transfer_team(team_id uuid, member_id uuid) returns public.teams
  language plpgsql security definer set search_path = ''
as $$
declare
  team public.teams := private.own_team(transfer_team.team_id);
begin
  if transfer_team.member_id <> auth.uid() then
    perform public.set_team_role(team.id, transfer_team.member_id, 'owner');
    perform public.set_team_role(team.id, auth.uid(), 'editor');
  end if;
  return team;
end
$$;

create function public.remove_from_team(team_id uuid, member_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  team public.teams := private.own_team(remove_from_team.team_id);
begin
  if remove_from_team.member_id = auth.uid() then
    perform public.leave_team(team.id);
  else
    delete from public.team_members m where m.team_id = team.id and m.member_id = remove_from_team.member_id;
  end if;
end
$$;

create function public.leave_team(team_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  role text := private.role_in_team(leave_team.team_id, auth.uid());
begin
  if role is null then
    return;
  end if;
  perform private.lock_circle('team', leave_team.team_id);
  if exists (select from public.teams t where t.id = leave_team.team_id and t.personal_of = auth.uid()) then
    raise exception 'Your own team stays yours' using errcode = 'PT409';
  elsif not exists (
    select from public.team_members m where m.team_id = leave_team.team_id and m.role = 'owner' and m.member_id <> auth.uid()
  ) then
    raise exception 'A team has at least one owner' using errcode = 'PT409', hint = 'Make somebody else an owner first, or delete the team.';
  end if;
  delete from public.team_members m where m.team_id = leave_team.team_id and m.member_id = auth.uid();
end
$$;

comment on function public.create_team(uuid, text) is 'A team of the caller''s under an id of theirs; sent twice it is made once. PT409: too many';
comment on function public.rename_team(uuid, text) is 'For owners';
comment on function public.delete_team(uuid) is 'For owners: the team and all that is in it, for good. PT409: it is somebody''s own';
comment on function public.invite_to_team(uuid, uuid, text, text) is
  'For owners. Whoever is invited already keeps their invitation, with this role. 22023: nobody has this name, or they are in it; PT409: too many';
comment on function public.withdraw_invitation(uuid) is 'For owners of the team';
comment on function public.accept_invitation(uuid) is 'For whoever is invited. PT404: it is no longer there; PT409: in too many teams';
comment on function public.decline_invitation(uuid) is 'For whoever is invited; one that is gone is no error';
comment on function public.set_team_role(uuid, uuid, text) is 'For owners. PT409: there would be no owner, or it is somebody''s own team; PT404: not in the team';
comment on function public.transfer_team(uuid, uuid) is 'For owners: somebody else becomes owner, and the caller an editor';
comment on function public.remove_from_team(uuid, uuid) is 'For owners; somebody who is not in it is no error';
comment on function public.leave_team(uuid) is 'PT409: there would be no owner, or it is the caller''s own; somebody who is not in it is no error';


-- An owner whose account is closed leaves the team to whoever has been in it longest, editors first; an empty one goes.

create function private.keep_owner() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.teams t
  where t.id in (select r.team_id from old_rows r) and not exists (select from public.team_members m where m.team_id = t.id);
  update public.team_members m set role = 'owner'
  where m.id in (
    select (select h.id from public.team_members h where h.team_id = t.id order by h.role, h.created_at, h.id limit 1)
    from public.teams t
    where t.id in (select r.team_id from old_rows r)
      and not exists (select from public.team_members o where o.team_id = t.id and o.role = 'owner'));
  return null;
end
$$;

create trigger keep_owner after delete on public.team_members
  referencing old table as old_rows for each statement execute function private.keep_owner();


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  live.is_member(text, uuid), live.may_edit(text, uuid), live.mine(text), live.mine_to_edit(text), live.topic(text, uuid),
  live.member_topics(text, uuid), live.in_circle(text, boolean), live.circle_joined(), live.circle_changed(),
  live.circle_leaving(), live.circle_left(), live.circle_ends(), live.enlist(regclass, text, regclass, text, text, text),
  private.lock_circle(text, uuid), private.leave_circles(), private.create_personal_team(), private.join_demo_team(),
  private.role_in_team(uuid, uuid), private.own_team(uuid), private.room_in_teams(uuid), private.keep_owner(),
  public.turn_to_circle(text, uuid), public.create_team(uuid, text), public.rename_team(uuid, text), public.delete_team(uuid),
  public.invite_to_team(uuid, uuid, text, text), public.withdraw_invitation(uuid), public.accept_invitation(uuid),
  public.decline_invitation(uuid), public.set_team_role(uuid, uuid, text), public.transfer_team(uuid, uuid),
  public.remove_from_team(uuid, uuid), public.leave_team(uuid)
  from public, anon, authenticated;

grant execute on function
  live.is_member(text, uuid), live.may_edit(text, uuid), live.mine(text), live.mine_to_edit(text),
  public.turn_to_circle(text, uuid), public.create_team(uuid, text), public.rename_team(uuid, text), public.delete_team(uuid),
  public.invite_to_team(uuid, uuid, text, text), public.withdraw_invitation(uuid), public.accept_invitation(uuid),
  public.decline_invitation(uuid), public.set_team_role(uuid, uuid, text), public.transfer_team(uuid, uuid),
  public.remove_from_team(uuid, uuid), public.leave_team(uuid)
  to authenticated;
