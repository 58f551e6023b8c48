-- Notifications: what a member is told of. Any area that has something to tell calls `private.notify`.

create table public.notification_kinds (
  id          uuid primary key default gen_random_uuid(),
  kind        text not null unique check (kind ~ '^[a-z_]{3,40}$'),
  section     text not null check (char_length(section) between 1 and 40),
  title       text not null check (char_length(title) between 1 and 60),
  description text not null default '' check (char_length(description) <= 200),
  position    integer not null default 0,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0
);

comment on table public.notification_kinds is 'What can be told of; each area enters its own kinds';

create index notification_kinds_updated_at on public.notification_kinds (updated_at);

create trigger stamp before insert or update on public.notification_kinds for each row execute function live.stamp();

alter table public.notification_kinds enable row level security;

create policy "members see the kinds" on public.notification_kinds
  for select to authenticated
  using (true);

grant select on public.notification_kinds to authenticated, service_role;

insert into public.notification_kinds (kind, section, title, description, position) values
  ('generation_finished', 'Studio', 'A picture or clip is finished', '', 10),
  ('generation_failed', 'Studio', 'A picture or clip failed', '', 11),
  ('training_finished', 'Training', 'A model is trained', '', 20),
  ('training_failed', 'Training', 'A training failed', '', 21),
  ('low_credits', 'Credits', 'Credits run low', '', 30),
  ('like', 'Feed', 'Somebody likes a post of yours', '', 40),
  ('comment', 'Feed', 'Somebody comments on a post of yours', '', 41);


create table public.notification_preferences (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null references public.profiles (id) on delete cascade,
  kind       text not null references public.notification_kinds (kind) on delete cascade,
  in_app     boolean not null default true,
  browser    boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (owner_id, kind)
);

comment on table public.notification_preferences is 'Only what differs from being told of everything';
comment on column public.notification_preferences.in_app is 'False: not told at all';
comment on column public.notification_preferences.browser is 'False: not by the browser while the page is hidden';

create index notification_preferences_kind on public.notification_preferences (kind);
create index notification_preferences_updated_at on public.notification_preferences (updated_at);

create trigger stamp before insert or update on public.notification_preferences for each row execute function live.stamp();

alter table public.notification_preferences enable row level security;

create policy "members see their own" on public.notification_preferences
  for select to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.notification_preferences to authenticated, service_role;

select live.announce('public.notification_preferences', 'live.member_topic(owner_id)');


create table public.notifications (
  id          uuid primary key default gen_random_uuid(),
  owner_id    uuid not null references public.profiles (id) on delete cascade,
  kind        text not null references public.notification_kinds (kind) on delete cascade,
  subject_id  uuid,
  title       text not null check (char_length(title) between 1 and 200),
  body        text not null default '' check (char_length(body) <= 300),
  path        text not null check (path ~ '^/([^/\\]|$)' and char_length(path) <= 300),
  actor_ids   uuid[] not null default '{}' check (cardinality(actor_ids) <= 100),
  times       integer not null default 1 check (times > 0),
  browser     boolean not null default true,
  happened_at timestamptz not null default now(),
  read_at     timestamptz,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0
);

comment on column public.notifications.subject_id is 'What it is about: unread ones of a kind about the same thing are one';
comment on column public.notifications.title is 'Names the thing: a prompt, a model, the beginning of a post';
comment on column public.notifications.path is 'The page that shows it';
comment on column public.notifications.actor_ids is 'Who did it, the last first: different people, a hundred at most';
comment on column public.notifications.times is 'How often it happened since it was read';
comment on column public.notifications.browser is 'Whether a browser may show it while its page is hidden';

create unique index notifications_unread on public.notifications (owner_id, kind, subject_id)
  where read_at is null and subject_id is not null;
create index notifications_owner on public.notifications (owner_id, happened_at desc, id);
create index notifications_kind on public.notifications (kind);
create index notifications_updated_at on public.notifications (updated_at);

create trigger stamp before insert or update on public.notifications for each row execute function live.stamp();

alter table public.notifications enable row level security;

create policy "members see their own" on public.notifications
  for select to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.notifications to authenticated, service_role;

select live.announce('public.notifications', 'live.member_topic(owner_id)');


create function private.notify(
  member uuid, kind text, title text, path text, actor uuid default null, subject uuid default null, body text default ''
) returns void
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  preference public.notification_preferences;
begin
  if notify.member is null or notify.member = notify.actor
     or not exists (select 1 from public.profiles p where p.id = notify.member) then
    return;
  end if;
  select * into preference from public.notification_preferences p where p.owner_id = notify.member and p.kind = notify.kind;
  if not preference.in_app then
    return;
  end if;
  insert into public.notifications as n (owner_id, kind, subject_id, title, body, path, actor_ids, browser)
  values (notify.member, notify.kind, notify.subject, left(notify.title, 200), left(notify.body, 300), notify.path,
          array_remove(array[notify.actor], null), coalesce(preference.browser, true))
  on conflict (owner_id, kind, subject_id) where read_at is null and subject_id is not null do update
  set title = excluded.title, body = excluded.body, path = excluded.path, browser = excluded.browser, times = n.times + 1,
      happened_at = now(), actor_ids = (excluded.actor_ids || array_remove(n.actor_ids, notify.actor))[:100];
end
$$;

comment on function private.notify(uuid, text, text, text, uuid, uuid, text) is
  'Tells a member of something, unless they did it themselves or do not want to know. The actor is who did it, the subject '
  'what it is about: while the last notification of a kind about a subject is unread, the next one joins it';

create function public.read_notifications(ids uuid[] default null) returns setof public.notifications
  language plpgsql security definer set search_path = ''
as $$
declare
  fresh uuid[];
begin
  -- Locked in one order, as whoever prunes does.
  select coalesce(array_agg(n.id), '{}') into fresh
  from (
    select x.id from public.notifications x
    where x.owner_id = auth.uid() and x.read_at is null and (read_notifications.ids is null or x.id = any (read_notifications.ids))
    order by x.id
    for update
  ) n;
  update public.notifications n set read_at = now() where n.id = any (fresh);
  return query
  select n.* from public.notifications n where n.owner_id = auth.uid() and n.id = any (coalesce(read_notifications.ids, fresh));
end
$$;

comment on function public.read_notifications(uuid[]) is
  'Marks the caller''s as read. With ids those, and returns them; without all, and returns those that were not read yet';

create function public.prefer_notification(
  kind text, in_app boolean, browser boolean, preference_id uuid default null
) returns public.notification_preferences
  language sql security definer set search_path = ''
as $$
  insert into public.notification_preferences as p (id, owner_id, kind, in_app, browser)
  values (coalesce(prefer_notification.preference_id, gen_random_uuid()), auth.uid(), prefer_notification.kind,
          prefer_notification.in_app, prefer_notification.browser)
  on conflict (owner_id, kind) do update set in_app = excluded.in_app, browser = excluded.browser
  returning p.*
$$;

comment on function public.prefer_notification(text, boolean, boolean, uuid) is
  'What the caller wants to be told of; the id is for a preference that is new. 23503: no such kind';

create function public.prune_notifications(most integer default 500, read_days integer default 30) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  pruned integer;
begin
  delete from public.notifications n
  where n.id in (
    select x.id
    from public.notifications x
    join (
      select y.id, row_number() over (partition by y.owner_id order by y.happened_at desc, y.id) as place
      from public.notifications y
    ) old on old.id = x.id
    where old.place > most or x.read_at < now() - make_interval(days => read_days)
    order by x.id
    for update of x);
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

comment on function public.prune_notifications(integer, integer) is
  'Deletes what was read long ago, and what is older than the newest of each member; returns how many';


-- Pictures and clips: told when a job ends. What came of one prompt is one notification; the page is that of the last.

create function private.tell_of_generation() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.notify(
    new.owner_id, 'generation_' || case new.status when 'completed' then 'finished' else 'failed' end, new.prompt,
    '/studio' || coalesce(
      (select '?picture=' || g.id from public.generations g where g.job_id = new.id order by g.ordinal limit 1), ''),
    subject => coalesce(new.batch, new.id), body => coalesce(new.error, ''));
  return null;
end
$$;

create trigger tell after update of status on public.generation_jobs
  for each row when (old.status is distinct from new.status and new.status in ('completed', 'failed'))
  execute function private.tell_of_generation();


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.notify(uuid, text, text, text, uuid, uuid, text), private.tell_of_generation(),
  public.read_notifications(uuid[]), public.prefer_notification(text, boolean, boolean, uuid),
  public.prune_notifications(integer, integer)
  from public, anon, authenticated;
grant execute on function
  public.read_notifications(uuid[]), public.prefer_notification(text, boolean, boolean, uuid) to authenticated;
grant execute on function public.prune_notifications(integer, integer) to service_role;
