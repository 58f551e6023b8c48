-- Activities: what members did, in words that pages find for a kind, a title and a few parameters; and how each member has
-- arranged their dashboard.
--
-- Later areas attach themselves: `select private.log_changes('public.tasks', 'task', 'team_id', 'title', array['title', 'status'])`
-- writes an activity for what a statement added, edited or deleted, and one for many rows; whatever is not of that shape calls
-- `private.log_activity` in a trigger of its own.

create table public.member_activities (
  id          uuid primary key default gen_random_uuid(),
  team_id     uuid references public.teams (id) on delete cascade,
  member_id   uuid not null references public.profiles (id) on delete cascade,
  kind        text not null check (kind ~ '^[a-z_]{3,40}$'),
  entity_type text check (entity_type ~ '^[a-z_]{2,60}$'),
  entity_id   uuid,
  title       text not null default '' check (char_length(title) <= 200),
  params      jsonb not null default '{}' check (jsonb_typeof(params) = 'object' and octet_length(params::text) <= 2000),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0,
  check (entity_id is null or entity_type is not null)
);

comment on column public.member_activities.team_id is 'Whose activity it is as well; null: their own alone, as what they generate is';
comment on column public.member_activities.member_id is 'Who did it';
comment on column public.member_activities.entity_type is 'What it was done to, if one thing: the table; it may be gone by now';
comment on column public.member_activities.title is 'Names the thing: a contact, a prompt, an amount';
comment on column public.member_activities.params is 'What else the description says: count, fields, amount, role';

create index member_activities_team on public.member_activities (team_id, created_at desc, id);
create index member_activities_member on public.member_activities (member_id, created_at desc, id);
create index member_activities_entity on public.member_activities (entity_id, created_at desc) where entity_id is not null;
create index member_activities_updated_at on public.member_activities (updated_at);

create trigger stamp before insert or update on public.member_activities for each row execute function live.stamp();

alter table public.member_activities enable row level security;

-- Whoever has left a team sees nothing more of it: not what they did there either.
create policy "members see their teams' and their own" on public.member_activities
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]) or team_id is null and member_id = (select auth.uid()));

grant select on public.member_activities to authenticated, service_role;

create function private.activity_topics(team uuid, member uuid) returns text[]
  language sql security definer set search_path = ''
as $$
  select array[
    live.topic('team', team),
    case when team is null or private.role_in_team(team, member) is not null then live.member_topic(member) end]
$$;

select live.announce('public.member_activities', 'private.activity_topics(team_id, member_id)');


-- Writing them ------------------------------------------------------------------------------------------------------

create function private.log_activity(
  member uuid, team uuid, kind text, title text, entity_type text default null, entity_id uuid default null, params jsonb default '{}'
) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (select from public.profiles p where p.id = log_activity.member)
     or log_activity.team is not null and not exists (select from live.circles c where c.kind = 'team' and c.id = log_activity.team) then
    return;
  end if;
  -- Field after field, as one fills in a form, is one edit.
  if log_activity.params ? 'fields' then
    update public.member_activities a
    set title = left(log_activity.title, 200),
        params = jsonb_set(a.params, '{fields}', (
          select jsonb_agg(distinct f) from jsonb_array_elements(a.params -> 'fields' || (log_activity.params -> 'fields')) f))
    where a.id = (
        select x.id from public.member_activities x
        where x.member_id = log_activity.member
        order by x.created_at desc, x.id limit 1)
      and a.team_id is not distinct from log_activity.team and a.kind = log_activity.kind
      and a.entity_id = log_activity.entity_id and a.params ? 'fields' and a.created_at > now() - interval '5 minutes';
    if found then
      return;
    end if;
  end if;
  insert into public.member_activities (team_id, member_id, kind, title, entity_type, entity_id, params)
  values (log_activity.team, log_activity.member, log_activity.kind, left(coalesce(log_activity.title, ''), 200),
          log_activity.entity_type, log_activity.entity_id, log_activity.params);
end
$$;

comment on function private.log_activity(uuid, uuid, text, text, text, uuid, jsonb) is
  'Writes that a member did something: in a team, or (null) for themselves. Nothing when either has gone. With `fields` in '
  'params, an edit of the same thing right after their last one joins it';

-- One statement, whatever it touches, is one activity of each team: an import, an edit of many, a deletion of many.

create function private.log_change() returns trigger
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  entity constant text := tg_argv[0];
  team   constant text := tg_argv[1];
  title  constant text := tg_argv[2];
  fields constant text[] := nullif(tg_argv[3], '')::text[];
  actor  constant uuid := auth.uid();
  touched jsonb[];
  one     record;
begin
  if actor is null then
    return null;
  end if;
  case tg_op
    when 'INSERT' then
      select array_agg(jsonb_build_object('id', r.id, 'team', to_jsonb(r) -> team, 'title', to_jsonb(r) -> title))
      into touched from new_rows r;
    when 'DELETE' then
      select array_agg(jsonb_build_object('id', r.id, 'team', to_jsonb(r) -> team, 'title', to_jsonb(r) -> title))
      into touched from old_rows r;
    else
      select array_agg(jsonb_build_object('id', n.id, 'team', to_jsonb(n) -> team, 'title', to_jsonb(n) -> title, 'fields', c.changed))
      into touched
      from new_rows n join old_rows o on o.id = n.id
      cross join lateral (
        select jsonb_agg(f) as changed from unnest(fields) f where to_jsonb(n) -> f is distinct from to_jsonb(o) -> f) c
      where c.changed is not null;
  end case;
  if tg_op = 'UPDATE' and exists (  -- an import that completes those that are there is still one
    select from public.member_activities a
    where a.member_id = actor and a.kind = entity || '_imported' and a.xmin = pg_current_xact_id()::xid)
  then
    return null;
  end if;
  for one in
    select t ->> 'team' as team, count(*) as count, (array_agg(t))[1] as sample from unnest(touched) t
    where t ->> 'team' is not null group by 1 order by 1
  loop
    if one.count = 1 then
      perform private.log_activity(
        actor, one.team::uuid, entity || case tg_op when 'INSERT' then '_added' when 'DELETE' then '_deleted' else '_edited' end,
        one.sample ->> 'title', tg_table_name, (one.sample ->> 'id')::uuid,
        case tg_op when 'UPDATE' then jsonb_build_object('fields', one.sample -> 'fields') else '{}' end);
    else
      perform private.log_activity(
        actor, one.team::uuid, entity || case tg_op when 'INSERT' then '_imported' when 'DELETE' then '_deleted' else '_edited' end,
        '', tg_table_name, params => jsonb_build_object('count', one.count));
    end if;
  end loop;
  return null;
end
$$;

create function private.log_changes(target regclass, entity text, team text, title text, fields text[] default null) returns void
  language plpgsql set search_path = ''
as $$
declare
  call text := format('for each statement execute function private.log_change(%L, %L, %L, %L)', entity, team, title, coalesce(fields::text, ''));
begin
  execute format('create trigger log_insert after insert on %s referencing new table as new_rows %s', target, call);
  execute format('create trigger log_delete after delete on %s referencing old table as old_rows %s', target, call);
  if fields is not null then
    execute format('create trigger log_update after update on %s referencing old table as old_rows new table as new_rows %s', target, call);
  end if;
end
$$;

comment on function private.log_changes(regclass, text, text, text, text[]) is
  'Logs what members do to a table: entity_added, entity_edited (where one of `fields` is another), entity_deleted, and for many '
  'rows in one statement entity_imported, or one of the others with a count. `team` and `title` are its columns. What no member '
  'does (the worker, a cascade of an account) is not logged';


-- Pictures, clips and trainings: when they end. The owner did it, though the worker says so.

create function private.log_end() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(
    new.owner_id, null, tg_argv[0] || case new.status when 'completed' then '_finished' else '_failed' end,
    to_jsonb(new) ->> tg_argv[1], tg_table_name, new.id, jsonb_strip_nulls(jsonb_build_object('kind', to_jsonb(new) -> 'kind')));
  return null;
end
$$;

create trigger log_end after update of status on public.generation_jobs
  for each row when (old.status is distinct from new.status and new.status in ('completed', 'failed'))
  execute function private.log_end('generation', 'prompt');
create trigger log_end after update of status on public.training_jobs
  for each row when (old.status is distinct from new.status and new.status in ('completed', 'failed'))
  execute function private.log_end('training', 'name');

create function private.log_top_up() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(
    new.account_id, null, 'credits_added', private.credits(new.amount), 'credit_transactions', new.id, jsonb_build_object('amount', new.amount));
  return null;
end
$$;

create trigger log_top_up after insert on public.credit_transactions
  for each row when (new.kind = 'topup') execute function private.log_top_up();

create function private.log_post() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(new.author_id, null, 'post_published', coalesce(nullif(new.caption, ''), new.prompt), 'posts', new.id);
  return null;
end
$$;

create trigger log_post after insert on public.posts for each row execute function private.log_post();


-- Contacts: an import is one activity, whatever it adds and completes.

select private.log_changes(
  'public.contacts', 'contact', 'team_id', 'name',
  array['name', 'email', 'phone', 'company', 'title', 'stage', 'tags', 'notes', 'owner_id']);

create function private.log_comment() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(new.author_id, new.team_id, 'contact_commented', c.name, 'contacts', c.id)
  from public.contacts c where c.id = new.contact_id;
  return null;
end
$$;

create trigger log_comment after insert on public.contact_comments for each row execute function private.log_comment();


-- Teams.

create function private.log_team() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  actor constant uuid := auth.uid();
  who   text;
begin
  if actor is null then
    return null;
  end if;
  case tg_table_name
    when 'teams' then
      perform private.log_activity(actor, new.id, 'team_renamed', new.name, 'teams', new.id);
    when 'team_invitations' then
      select p.display_name into who from public.profiles p where p.id = new.invitee_id;
      perform private.log_activity(actor, new.team_id, 'team_invited', who, 'profiles', new.invitee_id, jsonb_build_object('role', new.role));
    else
      select p.display_name into who from public.profiles p where p.id = new.member_id;
      perform private.log_activity(actor, new.team_id, 'team_role', who, 'profiles', new.member_id, jsonb_build_object('role', new.role));
  end case;
  return null;
end
$$;

create trigger log_team after update of name on public.teams
  for each row when (old.name <> new.name) execute function private.log_team();
create trigger log_team after insert on public.team_invitations for each row execute function private.log_team();
create trigger log_team after update of role on public.team_members
  for each row when (old.role <> new.role) execute function private.log_team();

-- Behind `circle_joined` and `circle_left` (triggers fire by name): a team has a topic by then, and whoever was removed hears
-- nothing of it on the old one.

create function private.log_joining() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(
    r.member_id, r.team_id, case r.role when 'owner' then 'team_created' else 'team_joined' end, t.name, 'teams', t.id)
  from new_rows r join public.teams t on t.id = r.team_id where auth.uid() is not null;
  return null;
end
$$;

create function private.log_leaving() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(
    auth.uid(), r.team_id, case r.member_id when auth.uid() then 'team_left' else 'team_removed' end, p.display_name, 'profiles', r.member_id)
  from old_rows r left join public.profiles p on p.id = r.member_id where auth.uid() is not null;
  return null;
end
$$;

create trigger log_joining after insert on public.team_members
  referencing new table as new_rows for each statement execute function private.log_joining();
create trigger log_leaving after delete on public.team_members
  referencing old table as old_rows for each statement execute function private.log_leaving();


-- What members log themselves.

create function public.log_activity(
  activity_id uuid, team_id uuid, kind text, title text, entity_type text default null, entity_id uuid default null
) returns public.member_activities
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  kinds constant text[] := array['note', 'call', 'meeting', 'email', 'task'];
  made  public.member_activities;
begin
  if auth.uid() is null then
    raise exception 'Sign in to log an activity' using errcode = '42501';
  elsif log_activity.team_id is not null and not live.is_member('team', log_activity.team_id) then
    raise exception 'There is no such team' using errcode = 'PT404';
  elsif log_activity.team_id is not null and not live.may_edit('team', log_activity.team_id) then
    raise exception 'Viewers of a team change nothing in it' using errcode = '42501';
  elsif log_activity.kind is null or log_activity.kind <> all (kinds) then
    raise exception 'One of %', array_to_string(kinds, ', ') using errcode = '22023', hint = 'kind';
  elsif coalesce(btrim(log_activity.title), '') = '' or char_length(btrim(log_activity.title)) > 200 then
    raise exception 'Between 1 and 200 characters' using errcode = '22023', hint = 'title';
  elsif log_activity.entity_id is not null and log_activity.entity_type is null then
    raise exception 'Needed with an entity_id' using errcode = '22023', hint = 'entity_type';
  elsif log_activity.entity_type !~ '^[a-z_]{2,60}$' then
    raise exception 'Small letters and underscores' using errcode = '22023', hint = 'entity_type';
  end if;
  select a.* into made from public.member_activities a where a.id = log_activity.activity_id;
  if found and made.member_id = auth.uid() then  -- sent twice
    return made;
  end if;
  perform private.allow(auth.uid(), 'activity', 60, 1);
  insert into public.member_activities (id, team_id, member_id, kind, title, entity_type, entity_id)
  values (coalesce(log_activity.activity_id, gen_random_uuid()), log_activity.team_id, auth.uid(), log_activity.kind,
          btrim(log_activity.title), log_activity.entity_type, log_activity.entity_id)
  returning * into made;
  return made;
end
$$;

comment on function public.log_activity(uuid, uuid, text, text, text, uuid) is
  'Logs a note, call, meeting, email or task of the caller''s, in a team or for themselves; sent twice it is logged once. '
  'PT404: not in the team; 42501: only to look; 22023 with the field as hint; PT429: more than 60 at once';


-- Bounded: the newest of each team and of each member, and nothing that is old. In the order in which others lock circles.

create function public.prune_activities(most integer default 2000, days integer default 180) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  doomed uuid[];
begin
  select array_agg(x.id) into doomed from (
    select a.id, a.created_at,
           row_number() over (partition by coalesce(a.team_id, a.member_id), a.team_id is null order by a.created_at desc, a.id) as place
    from public.member_activities a
  ) x
  where x.place > most or x.created_at < now() - make_interval(days => days);
  perform from live.circles c
  where c.kind = 'team' and c.id in (select a.team_id from public.member_activities a where a.id = any (doomed))
  order by c.id for share;
  delete from public.member_activities a where a.id = any (doomed);
  return coalesce(cardinality(doomed), 0);
end
$$;

comment on function public.prune_activities(integer, integer) is
  'Deletes all but the newest of each team, and of each member''s own; and those that are old. Returns how many';

create function public.activity_days(team_id uuid default null, days integer default 14, zone text default 'UTC')
  returns table (day date, activities bigint)
  language sql stable set search_path = ''
as $$
  select d::date, (
    select count(*) from public.member_activities a
    where (activity_days.team_id is not null and a.team_id = activity_days.team_id
           or activity_days.team_id is null and a.member_id = (select auth.uid()))
      and a.created_at >= d::timestamp at time zone activity_days.zone
      and a.created_at < (d + interval '1 day')::timestamp at time zone activity_days.zone)
  from generate_series(
    (now() at time zone activity_days.zone)::date - (least(greatest(activity_days.days, 1), 90) - 1),
    (now() at time zone activity_days.zone)::date, interval '1 day') d
  order by 1
$$;

comment on function public.activity_days(uuid, integer, text) is
  'How many activities each of the last days had, of a team, or (null) of the caller; days as they are in `zone`';


-- The dashboard of each member: which cards, in which order. It is theirs, whichever browser they use.

create table public.dashboards (
  id         uuid primary key references public.profiles (id) on delete cascade,
  cards      text[] not null default '{}',
  hidden     text[] not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on column public.dashboards.id is 'The member''s';
comment on column public.dashboards.cards is 'In this order; those that are not named come behind, in the order of the page';

create index dashboards_updated_at on public.dashboards (updated_at);

create trigger stamp before insert or update on public.dashboards for each row execute function live.stamp();

alter table public.dashboards enable row level security;

create policy "members see their own" on public.dashboards
  for select to authenticated
  using (id = (select auth.uid()));

grant select on public.dashboards to authenticated, service_role;

select live.announce('public.dashboards', 'live.member_topic(id)');

create function private.open_dashboard() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.dashboards (id) values (new.id) on conflict do nothing;
  return null;
end
$$;

create trigger open_dashboard after insert on public.profiles for each row execute function private.open_dashboard();

insert into public.dashboards (id) select p.id from public.profiles p;

create function public.arrange_dashboard(cards text[], hidden text[]) returns public.dashboards
  language plpgsql security definer set search_path = ''
as $$
declare
  arranged public.dashboards;
begin
  if coalesce(cardinality(arrange_dashboard.cards || arrange_dashboard.hidden), 0) > 80
     or exists (select from unnest(arrange_dashboard.cards || arrange_dashboard.hidden) c where c is null or c !~ '^[a-z_]{2,40}$') then
    raise exception 'There are no such cards' using errcode = '22023';
  end if;
  update public.dashboards d
  set cards = coalesce(arrange_dashboard.cards, '{}'), hidden = coalesce(arrange_dashboard.hidden, '{}')
  where d.id = auth.uid()
  returning * into arranged;
  if not found then
    raise exception 'Sign in to arrange your dashboard' using errcode = '42501';
  end if;
  return arranged;
end
$$;

comment on function public.arrange_dashboard(text[], text[]) is 'Puts the caller''s cards in this order, and hides some. 22023: those are no names of cards';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.activity_topics(uuid, uuid), private.log_activity(uuid, uuid, text, text, text, uuid, jsonb), private.log_change(),
  private.log_changes(regclass, text, text, text, text[]), private.log_end(), private.log_top_up(), private.log_post(), private.log_comment(),
  private.log_team(), private.log_joining(), private.log_leaving(), private.open_dashboard(),
  public.log_activity(uuid, uuid, text, text, text, uuid), public.prune_activities(integer, integer),
  public.activity_days(uuid, integer, text), public.arrange_dashboard(text[], text[])
  from public, anon, authenticated;

grant execute on function
  public.log_activity(uuid, uuid, text, text, text, uuid), public.activity_days(uuid, integer, text),
  public.arrange_dashboard(text[], text[])
  to authenticated;
grant execute on function public.prune_activities(integer, integer) to service_role;
