-- The board, where many are at it: one order of locks for those who edit by table as well; its list narrowed as its columns
-- are; and a first day of the demo members' team that does not look as if all of it had happened in one second.

-- Locks -------------------------------------------------------------------------------------------------------------

-- Functions take the team, its circle and the project before a task. An update of the table had the task already when it
-- came to announce itself to the circle, and a removal that held the circle waited for the task of whoever was leaving.
-- A policy is asked before a row is locked.

create function live.hold_project(team uuid, project uuid) returns boolean
  language plpgsql security definer set search_path = ''
as $$
begin
  if not live.may_edit('team', hold_project.team) then
    return false;
  end if;
  perform private.hold_team(hold_project.team);
  perform from public.projects p where p.id = hold_project.project for no key update;
  return live.may_edit('team', hold_project.team);  -- whom we waited for may have removed us
end
$$;

comment on function live.hold_project(uuid, uuid) is
  'For policies of what is in a project: whether the caller edits there, and if so the team, its circle and the project are held';

drop policy "editors edit tasks" on public.tasks;
drop policy "editors remove shots" on public.shots;

create policy "editors edit tasks" on public.tasks
  for update to authenticated
  using (team_id = any ((select live.mine_to_edit('team'))::uuid[]) and live.hold_project(team_id, project_id))
  with check (team_id = any ((select live.mine_to_edit('team'))::uuid[]));

create policy "editors remove shots" on public.shots
  for delete to authenticated
  using (team_id = any ((select live.mine_to_edit('team'))::uuid[]) and live.hold_project(team_id, project_id));

revoke all on function live.hold_project(uuid, uuid) from public, anon, authenticated;
grant execute on function live.hold_project(uuid, uuid) to authenticated;

-- Whoever closes their account leaves their circles before their profile is locked, which is asked for by whoever holds one
-- of these circles and gives them something to do there.

create trigger leave_circles before delete on auth.users for each row execute function private.leave_circles();


-- The list ----------------------------------------------------------------------------------------------------------

-- As `state.board.TaskFilter` has it. No search_path of its own, so that it is read as part of the query that asks.

create function public.narrowed_tasks(
  project_id uuid, status text default null, assignee uuid default null, label text default null, words text default null,
  due text default null
) returns setof public.tasks
  language sql stable security invoker
as $$
  select t.* from public.tasks t
  where t.project_id = narrowed_tasks.project_id
    and (narrowed_tasks.status is null or t.status = narrowed_tasks.status)
    and (narrowed_tasks.assignee is null or t.assignee = narrowed_tasks.assignee)
    and (narrowed_tasks.label is null or narrowed_tasks.label = any (t.labels))
    and case narrowed_tasks.due
          when 'late' then t.due_date < (now() at time zone 'utc')::date and t.status in ('queued', 'in_progress')
          when 'week' then t.due_date between (now() at time zone 'utc')::date and (now() at time zone 'utc')::date + 6
          when 'none' then t.due_date is null
          else true end
    and (narrowed_tasks.words is null or not exists (
      select from pg_catalog.regexp_split_to_table(lower(left(narrowed_tasks.words, 200)), '\s+') w
      where strpos(lower(t.title || ' ' || t.description || ' ' || array_to_string(t.labels, ' ')), w) = 0))
$$;

comment on function public.narrowed_tasks(uuid, text, uuid, text, text, text) is
  'The tasks of a project in one column, of one person, with a label, with all of these words, and that are due: late, week (from '
  'today), or none. Null narrows nothing';

drop function public.tasks_page(uuid, integer, integer, text);
drop function public.task_status_counts(uuid);

create function public.tasks_page(
  project_id uuid, page integer, page_size integer default 25, status text default null, assignee uuid default null,
  label text default null, words text default null, due text default null
) returns setof public.tasks
  language sql stable security invoker set search_path = ''
as $$
  select t.*
  from public.narrowed_tasks(
    tasks_page.project_id, tasks_page.status, tasks_page.assignee, tasks_page.label, tasks_page.words, tasks_page.due) t
  order by t.status desc, t.position, t.id
  limit least(greatest(tasks_page.page_size, 1), 100)
  offset greatest(tasks_page.page - 1, 0)::bigint * least(greatest(tasks_page.page_size, 1), 100)
$$;

create function public.task_status_counts(
  project_id uuid, assignee uuid default null, label text default null, words text default null, due text default null
) returns table (status text, tasks bigint)
  language sql stable security invoker set search_path = ''
as $$
  select t.status, count(*)
  from public.narrowed_tasks(
    task_status_counts.project_id, null, task_status_counts.assignee, task_status_counts.label, task_status_counts.words,
    task_status_counts.due) t
  group by 1
$$;

comment on function public.tasks_page(uuid, integer, integer, text, uuid, text, text, text) is
  'A page of the tasks of a project, from 1, at most 100 of them, narrowed as narrowed_tasks does';
comment on function public.task_status_counts(uuid, uuid, text, text, text) is
  'How many tasks of a project are in each column, narrowed as narrowed_tasks does';

revoke all on function
  public.narrowed_tasks(uuid, text, uuid, text, text, text),
  public.tasks_page(uuid, integer, integer, text, uuid, text, text, text),
  public.task_status_counts(uuid, uuid, text, text, text)
  from public, anon, authenticated;

grant execute on function
  public.narrowed_tasks(uuid, text, uuid, text, text, text),
  public.tasks_page(uuid, integer, integer, text, uuid, text, text, text),
  public.task_status_counts(uuid, uuid, text, text, text)
  to authenticated;


-- The first day, spread over the weeks before -------------------------------------------------------------------------

-- What is written belongs to the moment in which it is written, but for what never really happened.

create or replace trigger stamp before insert or update on public.projects
  for each row when (current_setting('starling.furnishing', true) is distinct from 'on') execute function live.stamp();
create or replace trigger stamp before insert or update on public.shots
  for each row when (current_setting('starling.furnishing', true) is distinct from 'on') execute function live.stamp();
create or replace trigger stamp before insert or update on public.tasks
  for each row when (current_setting('starling.furnishing', true) is distinct from 'on') execute function live.stamp();
create or replace trigger stamp before insert or update on public.contacts
  for each row when (current_setting('starling.furnishing', true) is distinct from 'on') execute function live.stamp();
create or replace trigger stamp before insert or update on public.contact_comments
  for each row when (current_setting('starling.furnishing', true) is distinct from 'on') execute function live.stamp();
create or replace trigger stamp before insert or update on public.member_activities
  for each row when (current_setting('starling.furnishing', true) is distinct from 'on') execute function live.stamp();

create function private.at_work(days integer, nr bigint) returns timestamptz
  language sql stable set search_path = ''
as $$
  select least(date_trunc('day', now()) - make_interval(days => at_work.days) + interval '8 hours'
               + make_interval(mins => (at_work.nr * 97 % 540)::integer), now())
$$;

comment on function private.at_work(integer, bigint) is 'So many days ago, between 8 and 17, always at the same minute for a number';

create function private.spread_floor() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  demo  constant uuid := '5d3c1e0a-7000-4000-8000-000000000001';
  board constant uuid := '5d3c1e0a-7000-4000-8000-000000000003';
  this  constant xid := pg_current_xact_id()::xid;
begin
  perform set_config('starling.furnishing', 'on', true), set_config('request.jwt.claims', '', true);  -- nobody did this

  update public.projects p set created_at = private.at_work(24, 1), version = nextval('live.versions') where p.id = board and p.xmin = this;
  update public.shots s set created_at = private.at_work(24, 1) + s.position * interval '4 minutes', version = nextval('live.versions')
  where s.project_id = board and s.xmin = this;
  update public.tasks t
  set created_at = w.at, version = nextval('live.versions'),
      due_date = case when t.status = 'completed' then w.at::date + 4 else t.due_date end
  from (
    select o.id, private.at_work(
             22 - (percent_rank() over (order by o.created_at) * 20)::integer, row_number() over (order by o.created_at)) as at
    from private.crowd_tasks x join public.tasks o on o.id = x.task_id where x.seeded and o.xmin = this
  ) w
  where t.id = w.id;

  -- Contacts came with the import of whoever looks after them; since then somebody has had to do with each.
  update public.contacts c
  set created_at = w.at, updated_at = greatest(w.at + interval '3 hours', private.at_work((1 + w.nr * 13 % 20)::integer, w.nr)),
      version = nextval('live.versions')
  from (
    select o.id, row_number() over (order by o.name) as nr,
           private.at_work(
             25 - (percent_rank() over (order by o.owner_id) * 22)::integer, dense_rank() over (order by o.owner_id)) as at
    from private.crowd_contacts x join public.contacts o on o.id = x.contact_id where x.seeded and o.xmin = this
  ) w
  where c.id = w.id;
  update public.contact_comments n
  set created_at = c.updated_at - interval '1 hour' * (2 - o.nr), version = nextval('live.versions')
  from (
    select m.id, row_number() over (partition by m.contact_id order by m.created_at) as nr from public.contact_comments m
    where m.team_id = demo and m.xmin = this
  ) o, public.contacts c
  where n.id = o.id and c.id = n.contact_id;

  -- What was done is as old as what it was done to.
  update public.member_activities a
  set created_at = coalesce(
        (select n.created_at from public.contact_comments n
         where a.kind = 'contact_commented' and n.contact_id = a.entity_id and n.author_id = a.member_id limit 1),
        (select p.created_at from public.projects p where p.id = a.entity_id),
        (select s.created_at from public.shots s where s.id = a.entity_id),
        (select t.created_at from public.tasks t where t.id = a.entity_id),
        (select min(c.created_at) from public.contacts c where a.kind = 'contact_imported' and c.team_id = demo and c.owner_id = a.member_id),
        a.created_at),
      version = nextval('live.versions')
  where a.team_id = demo and a.xmin = this;

  perform set_config('starling.furnishing', '', true);
  return null;
end
$$;

comment on function private.spread_floor() is
  'When the demo members'' team has just been furnished: what was put there is days and weeks old, oldest first';

create constraint trigger spread after insert on private.demo_seeds
  deferrable initially deferred for each row when (new.what = 'floor') execute function private.spread_floor();

revoke all on function private.at_work(integer, bigint), private.spread_floor() from public, anon, authenticated;
