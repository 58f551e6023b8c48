-- The board of a team: projects, their shots, and tasks in columns by status. A task of type render queues a generation, and
-- the two are kept in step; what comes of it is attached to the task's shot, where the team sees it.
--
-- Whoever writes locks in one order: the team, its circle, the project, a job, the task. Workers hold a job already, and take
-- team, circle and task after it: of projects they only need that they are there.

-- Projects and shots ------------------------------------------------------------------------------------------------

create table public.projects (
  id          uuid primary key default gen_random_uuid(),
  team_id     uuid not null references public.teams (id) on delete cascade,
  name        text not null check (char_length(name) <= 80 and name ~ '\S'),
  description text not null default '' check (char_length(description) <= 500),
  created_by  uuid references public.profiles (id) on delete set null,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0,
  unique (id, team_id)
);

create index projects_team on public.projects (team_id, created_at);
create index projects_created_by on public.projects (created_by);
create index projects_updated_at on public.projects (updated_at);

create table public.shots (
  id          uuid primary key default gen_random_uuid(),
  team_id     uuid not null,
  project_id  uuid not null,
  name        text not null check (char_length(name) <= 80 and name ~ '\S'),
  description text not null default '' check (char_length(description) <= 500),
  position    double precision not null,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0,
  unique (id, project_id),
  foreign key (project_id, team_id) references public.projects (id, team_id) on delete cascade
);

create index shots_project on public.shots (project_id, team_id);
create index shots_team on public.shots (team_id);
create index shots_updated_at on public.shots (updated_at);


-- Tasks -------------------------------------------------------------------------------------------------------------

create table public.tasks (
  id           uuid primary key default gen_random_uuid(),
  team_id      uuid not null,
  project_id   uuid not null,
  shot_id      uuid,
  type         text not null default 'task' check (type in ('task', 'render')),
  title        text not null check (char_length(title) <= 200 and title ~ '\S'),
  description  text not null default '' check (char_length(description) <= 4000),
  status       text collate "C" not null default 'queued' check (status in ('queued', 'in_progress', 'completed', 'failed', 'cancelled')),
  progress     integer not null default 0 check (progress between 0 and 100),
  position     double precision not null,
  assignee     uuid references public.profiles (id) on delete set null,
  labels       text[] not null default '{}' check (
                 cardinality(labels) <= 10 and char_length(array_to_string(labels, '')) <= 300
                 and array_position(labels, null) is null and array_position(labels, '') is null),
  due_date     date,
  render       jsonb check (
                 jsonb_typeof(render) = 'object' and octet_length(render::text) <= 8000
                 and render ->> 'kind' in ('image', 'video') and char_length(render ->> 'prompt') between 1 and 1000
                 and render ->> 'model_id' ~ '^[0-9a-f-]{36}$'),
  job_id       uuid references public.generation_jobs (id) on delete set null,
  stage        text not null default '' check (char_length(stage) <= 40),
  preview_path text check (char_length(preview_path) <= 300),
  error        text check (char_length(error) <= 500),
  created_by   uuid references public.profiles (id) on delete set null,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  version      bigint not null default 0,
  unique (id, team_id),
  check ((type = 'render') = (render is not null)),
  foreign key (project_id, team_id) references public.projects (id, team_id) on delete cascade,
  foreign key (shot_id, project_id) references public.shots (id, project_id) on delete set null (shot_id)
);

comment on column public.tasks.status is 'Its column. Sorted downwards what is to be done comes first, and what has ended last';
comment on column public.tasks.position is 'Its place in its column, the smallest first; between two others when it is moved there';
comment on column public.tasks.render is 'What a render task queues: {"kind", "prompt", "model_id", "params"}, as enqueue_generation takes it';
comment on column public.tasks.job_id is 'The job that a render task queued last';
comment on column public.tasks.preview_path is 'Of its job, while it is made: who sees the task sees the preview';

create index tasks_column on public.tasks (project_id, status desc, position, id);
create index tasks_project on public.tasks (project_id, team_id);
create index tasks_team on public.tasks (team_id);
create index tasks_shot on public.tasks (shot_id, project_id);
create index tasks_assignee on public.tasks (assignee);
create index tasks_created_by on public.tasks (created_by);
create index tasks_job on public.tasks (job_id);
create index tasks_preview on public.tasks (preview_path);
create index tasks_updated_at on public.tasks (updated_at);

create table public.task_comments (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null,
  task_id    uuid not null,
  author_id  uuid references public.profiles (id) on delete set null,
  body       text not null check (char_length(body) <= 2000 and body ~ '\S'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  foreign key (task_id, team_id) references public.tasks (id, team_id) on delete cascade
);

create index task_comments_task on public.task_comments (task_id, team_id);
create index task_comments_team on public.task_comments (team_id);
create index task_comments_author on public.task_comments (author_id);
create index task_comments_updated_at on public.task_comments (updated_at);


-- Pictures and clips in a shot: their team sees them, private ones too ------------------------------------------------

alter table public.generations
  add column team_id    uuid,
  add column project_id uuid,
  add column shot_id    uuid,
  add column position   double precision,
  add check ((team_id is null) = (project_id is null)),
  add check (shot_id is null or project_id is not null),
  add check (position is null or shot_id is not null),
  add foreign key (project_id, team_id) references public.projects (id, team_id) on delete set null,
  add foreign key (shot_id, project_id) references public.shots (id, project_id) on delete set null (shot_id);

comment on column public.generations.team_id is 'The team of the project it is attached to, which sees it whatever its visibility';
comment on column public.generations.position is 'Its place in its shot; null: attached, and not placed yet';

create index generations_project on public.generations (project_id, team_id);
create index generations_shot on public.generations (shot_id, project_id);
create index generations_team on public.generations (team_id);

-- The policy asks for the team as well: counting reads no row all the same.
drop index public.generations_owner;
create index generations_owner on public.generations (owner_id, created_at desc, id) include (visibility, kind, favourite, team_id);

create policy "teams see what is attached to their projects" on public.generations
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

-- Records carry the columns that a table had when it was announced.

drop function live.announce_generations_insert() cascade;
drop function live.announce_generations_update() cascade;
drop function live.announce_generations_delete() cascade;

select live.announce('public.generations', $$array[
  case when visibility = 'public' then 'world' end,
  live.member_topic(owner_id),
  live.topic('team', team_id)]$$);


-- Who sees and writes -----------------------------------------------------------------------------------------------

create trigger stamp before insert or update on public.projects for each row execute function live.stamp();
create trigger stamp before insert or update on public.shots for each row execute function live.stamp();
create trigger stamp before insert or update on public.tasks for each row execute function live.stamp();
create trigger stamp before insert or update on public.task_comments for each row execute function live.stamp();

alter table public.projects enable row level security;
alter table public.shots enable row level security;
alter table public.tasks enable row level security;
alter table public.task_comments enable row level security;

create policy "members see their teams' projects" on public.projects
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

create policy "members see their teams' shots" on public.shots
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

create policy "members see their teams' tasks" on public.tasks
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

create policy "members see what is said of their teams' tasks" on public.task_comments
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

create policy "editors name projects" on public.projects
  for update to authenticated
  using (team_id = any ((select live.mine_to_edit('team'))::uuid[]))
  with check (team_id = any ((select live.mine_to_edit('team'))::uuid[]));

create policy "editors name shots" on public.shots
  for update to authenticated
  using (team_id = any ((select live.mine_to_edit('team'))::uuid[]))
  with check (team_id = any ((select live.mine_to_edit('team'))::uuid[]));

create policy "editors remove shots" on public.shots
  for delete to authenticated
  using (team_id = any ((select live.mine_to_edit('team'))::uuid[]));

create policy "editors edit tasks" on public.tasks
  for update to authenticated
  using (team_id = any ((select live.mine_to_edit('team'))::uuid[]))
  with check (team_id = any ((select live.mine_to_edit('team'))::uuid[]));

create policy "editors take back what they said" on public.task_comments
  for delete to authenticated
  using (author_id = (select auth.uid()) and team_id = any ((select live.mine_to_edit('team'))::uuid[]));

grant select on public.projects, public.shots, public.tasks, public.task_comments to authenticated, service_role;
grant update (name, description) on public.projects, public.shots to authenticated;
grant update (title, description, labels, due_date, assignee, shot_id, render) on public.tasks to authenticated;
grant delete on public.shots, public.task_comments to authenticated;

select live.announce('public.projects', $$live.topic('team', team_id)$$);
select live.announce('public.shots', $$live.topic('team', team_id)$$);
select live.announce('public.tasks', $$live.topic('team', team_id)$$);
select live.announce('public.task_comments', $$live.topic('team', team_id)$$);

alter publication supabase_realtime add table public.tasks;

create policy "previews follow their task" on storage.objects
  for select to authenticated
  using (bucket_id = 'media' and exists (select 1 from public.tasks t where t.preview_path = objects.name));

insert into public.notification_kinds (kind, section, title, description, position) values
  ('task_assigned', 'Work', 'A task is given to you', '', 62),
  ('task_mention', 'Work', 'Somebody names you in a task', '', 63),
  ('task_finished', 'Work', 'A task of yours is finished', 'One that you made, or that is yours to do', 64),
  ('task_failed', 'Work', 'A task of yours failed', '', 65);


-- What every function begins with -----------------------------------------------------------------------------------

create function private.hold_team(team uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from public.teams t where t.id = hold_team.team for key share;
  perform live.topic('team', hold_team.team);
end
$$;

create function private.edit_in_team(team uuid, what text) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  role text := private.role_in_team(edit_in_team.team, auth.uid());
begin
  if role is null then
    raise exception 'There is no such %', edit_in_team.what using errcode = 'PT404';
  elsif role = 'viewer' then
    raise exception 'Viewers of a team only look' using errcode = '42501';
  end if;
  perform private.hold_team(edit_in_team.team);
end
$$;

comment on function private.hold_team(uuid) is 'Removals from the team, and its end, wait for this transaction';
comment on function private.edit_in_team(uuid, text) is
  'Goes on if the caller may change what is in the team, and holds it. 42501: a viewer; PT404: not even in it';

create function private.project_to_edit(project uuid) returns public.projects
  language plpgsql security definer set search_path = ''
as $$
declare
  found_ public.projects;
begin
  select * into found_ from public.projects p where p.id = project_to_edit.project;
  perform private.edit_in_team(found_.team_id, 'project');
  select * into found_ from public.projects p where p.id = project_to_edit.project for no key update;
  if not found then
    raise exception 'There is no such project' using errcode = 'PT404';
  end if;
  return found_;
end
$$;

create function private.task_to_edit(task uuid) returns public.tasks
  language plpgsql security definer set search_path = ''
as $$
declare
  found_ public.tasks;
  job    uuid;
begin
  select * into found_ from public.tasks t where t.id = task_to_edit.task;
  perform private.edit_in_team(found_.team_id, 'task');
  perform from public.projects p where p.id = found_.project_id for no key update;
  select t.job_id into job from public.tasks t where t.id = task_to_edit.task;
  perform from public.generation_jobs j where j.id = job for no key update;
  select * into found_ from public.tasks t where t.id = task_to_edit.task for no key update;
  if not found then
    raise exception 'There is no such task' using errcode = 'PT404';
  elsif found_.job_id is distinct from job then
    raise exception 'Somebody else does something to this task' using errcode = '40001';
  end if;
  return found_;
end
$$;

comment on function private.project_to_edit(uuid) is 'A project, locked: who moves things in it does so one after the other';
comment on function private.task_to_edit(uuid) is 'A task, locked with its project and its job. 40001: it was just run; try again';

create function private.running(task public.tasks) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select exists (select from public.generation_jobs j where j.id = task.job_id and j.status in ('waiting', 'active'))
$$;

create function private.cancel_job(job_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  update public.generation_jobs j
  set status = 'cancelled', stage = '', eta_s = null, finished_at = now()
  where j.id = cancel_job.job_id and j.status in ('waiting', 'active')
  returning * into job;
  if found then
    delete from private.job_leases l where l.job_id = job.id;
    perform private.discard_attempt(job);
  end if;
end
$$;

comment on function private.cancel_job(uuid) is 'Ends a job, whoever''s it is; what was held for it goes back to its owner';


-- Projects and shots ------------------------------------------------------------------------------------------------

create function public.create_project(project_id uuid, team_id uuid, name text, description text default '') returns public.projects
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  made public.projects;
begin
  perform private.edit_in_team(create_project.team_id, 'team');
  select * into made from public.projects p where p.id = create_project.project_id;
  if found then  -- sent twice
    if made.team_id = create_project.team_id then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif (select count(*) from public.projects p where p.team_id = create_project.team_id) >= 200 then
    raise exception 'A team has at most 200 projects' using errcode = 'PT409';
  end if;
  insert into public.projects (id, team_id, name, description, created_by)
  values (create_project.project_id, create_project.team_id, btrim(create_project.name), btrim(create_project.description), auth.uid())
  returning * into made;
  return made;
end
$$;

create function public.delete_project(project_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  project public.projects := private.project_to_edit(delete_project.project_id);
  job     uuid;
begin
  for job in
    select j.id from public.generation_jobs j
    where j.status in ('waiting', 'active') and j.id in (select t.job_id from public.tasks t where t.project_id = project.id)
    order by j.id for no key update
  loop
    perform private.cancel_job(job);
  end loop;
  delete from public.projects p where p.id = project.id;
end
$$;

comment on function public.create_project(uuid, uuid, text, text) is
  'A new project of a team; the same id twice is the same project. 42501: a viewer; PT404: no such team; PT409: too many';
comment on function public.delete_project(uuid) is 'With its shots and tasks; what runs is cancelled, and what was attached stays its owners''';

create function public.create_shot(shot_id uuid, project_id uuid, name text) returns public.shots
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  project public.projects := private.project_to_edit(create_shot.project_id);
  made    public.shots;
begin
  select * into made from public.shots s where s.id = create_shot.shot_id;
  if found then
    if made.project_id = project.id then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif (select count(*) from public.shots s where s.project_id = project.id) >= 200 then
    raise exception 'A project has at most 200 shots' using errcode = 'PT409';
  end if;
  insert into public.shots (id, team_id, project_id, name, position)
  select create_shot.shot_id, project.team_id, project.id, btrim(create_shot.name), coalesce(max(s.position), 0) + 1
  from public.shots s where s.project_id = project.id
  returning * into made;
  return made;
end
$$;

comment on function public.create_shot(uuid, uuid, text) is 'A new shot behind those of a project; the same id twice is the same shot';

-- How a place between two others is found is the same for tasks and for pictures: half way, and when no number is left
-- between the two, all get room again.

create function private.between(above double precision, below double precision) returns double precision
  language sql immutable set search_path = ''
as $$
  select case
    when above is null and below is null then 1
    when below is null then above + 1
    when above is null then below - 1
    when (above + below) / 2 > above and (above + below) / 2 < below then (above + below) / 2
  end
$$;

comment on function private.between(double precision, double precision) is 'A place between two; null where no number is left';

create function public.move_shot(shot_id uuid, before uuid default null) returns public.shots
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  shot   public.shots;
  anchor public.shots;
  above  double precision;
  place  double precision;
begin
  select * into shot from public.shots s where s.id = move_shot.shot_id;
  perform private.edit_in_team(shot.team_id, 'shot');
  perform from public.projects p where p.id = shot.project_id for no key update;
  if shot.id = move_shot.before then
    return shot;
  end if;
  for again in 1..2 loop
    anchor := null;
    above := null;
    if move_shot.before is not null then
      select * into anchor from public.shots s where s.id = move_shot.before and s.project_id = shot.project_id;
    end if;
    select s.position into above from public.shots s
    where s.project_id = shot.project_id and s.id <> shot.id
      and (anchor.id is null or (s.position, s.id) < (anchor.position, anchor.id))
    order by s.position desc, s.id desc limit 1;
    place := private.between(above, anchor.position);
    exit when place is not null;
    update public.shots s set position = room.position
    from (
      select o.id, row_number() over (order by o.position, o.id) as position
      from public.shots o where o.project_id = shot.project_id
    ) room
    where s.id = room.id;
  end loop;
  update public.shots s set position = place where s.id = shot.id returning * into shot;
  if not found then
    raise exception 'There is no such shot' using errcode = 'PT404';
  end if;
  return shot;
end
$$;

comment on function public.move_shot(uuid, uuid) is 'Puts a shot before another one of its project, or last';


-- Tasks -------------------------------------------------------------------------------------------------------------

create function private.keep_task() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if new.assignee is not null and (tg_op = 'INSERT' or new.assignee is distinct from old.assignee) then
    perform private.hold_team(new.team_id);  -- they may be leaving just now
    if private.role_in_team(new.team_id, new.assignee) is null then
      raise exception 'They are not in this team' using errcode = '22023', hint = 'assignee';
    end if;
  end if;
  if tg_op = 'UPDATE' then
    if old.job_id is not null and new.job_id is null and new.status = 'in_progress' then
      new.status := 'cancelled';  -- its job went with the member who had run it
      new.preview_path := null;
    end if;
  end if;
  return new;
end
$$;

create trigger keep before insert or update of assignee, job_id on public.tasks for each row execute function private.keep_task();

-- Whoever leaves a team has nothing to do in it any more. The circle is locked by then, and has its new topic.

create function private.unassign_left() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  update public.tasks t set assignee = null
  from old_rows r
  where t.team_id = r.team_id and t.assignee = r.member_id
    and exists (select from public.teams m where m.id = r.team_id);
  return null;
end
$$;

create trigger unassign after delete on public.team_members
  referencing old table as old_rows for each statement execute function private.unassign_left();

create function public.create_task(
  task_id uuid, project_id uuid, title text, status text default 'queued', description text default '', shot_id uuid default null,
  assignee uuid default null, labels text[] default '{}', due_date date default null, render jsonb default null
) returns public.tasks
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  project public.projects := private.project_to_edit(create_task.project_id);
  made    public.tasks;
begin
  select * into made from public.tasks t where t.id = create_task.task_id;
  if found then
    if made.project_id = project.id then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif create_task.render is not null and create_task.status <> 'queued' then
    raise exception 'What is rendered begins as queued' using errcode = '22023', hint = 'status';
  elsif (select count(*) from public.tasks t where t.project_id = project.id) >= 5000 then
    raise exception 'A project has at most 5000 tasks' using errcode = 'PT409';
  end if;
  insert into public.tasks
    (id, team_id, project_id, shot_id, type, title, description, status, progress, position, assignee, labels, due_date, render, created_by)
  select create_task.task_id, project.team_id, project.id, create_task.shot_id,
         case when create_task.render is null then 'task' else 'render' end, btrim(create_task.title), btrim(create_task.description),
         create_task.status, case create_task.status when 'completed' then 100 else 0 end, coalesce(max(t.position), 0) + 1,
         create_task.assignee, create_task.labels, create_task.due_date, create_task.render, auth.uid()
  from public.tasks t where t.project_id = project.id and t.status = create_task.status
  returning * into made;
  return made;
end
$$;

comment on function public.create_task(uuid, uuid, text, text, text, uuid, uuid, text[], date, jsonb) is
  'A new task at the end of its column; the same id twice is the same task. With `render` one that is rendered when it is run';

create function public.move_task(task_id uuid, status text, before uuid default null) returns public.tasks
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  task   public.tasks := private.task_to_edit(move_task.task_id);
  anchor public.tasks;
  above  double precision;
  place  double precision;
begin
  if task.id = move_task.before then
    return task;
  end if;
  if move_task.status <> task.status and task.type = 'render' then
    if private.running(task) then
      if move_task.status <> 'cancelled' then
        raise exception 'It is being rendered' using errcode = 'PT409', hint = 'Cancel it first.';
      end if;
      perform private.cancel_job(task.job_id);
    elsif move_task.status = 'in_progress' then
      raise exception 'Run it, and it goes there by itself' using errcode = 'PT409';
    end if;
  end if;
  for again in 1..2 loop
    anchor := null;
    above := null;
    if move_task.before is not null then
      select * into anchor from public.tasks t
      where t.id = move_task.before and t.project_id = task.project_id and t.status = move_task.status;
    end if;
    -- What it was to be put before may have left the column meanwhile: then it comes last.
    select t.position into above from public.tasks t
    where t.project_id = task.project_id and t.status = move_task.status and t.id <> task.id
      and (anchor.id is null or (t.position, t.id) < (anchor.position, anchor.id))
    order by t.position desc, t.id desc limit 1;
    place := private.between(above, anchor.position);
    exit when place is not null;
    update public.tasks t set position = room.position
    from (
      select o.id, row_number() over (order by o.position, o.id) as position
      from public.tasks o where o.project_id = task.project_id and o.status = move_task.status
    ) room
    where t.id = room.id;
  end loop;
  update public.tasks t
  set status = move_task.status, position = place,
      progress = case when t.type = 'render' then t.progress
                      else case move_task.status when 'completed' then 100 when 'queued' then 0 else t.progress end end,
      error = case when move_task.status = 'failed' then t.error end
  where t.id = task.id
  returning * into task;
  return task;
end
$$;

comment on function public.move_task(uuid, text, uuid) is
  'Puts a task into a column, before another one or last. Of what is rendered the job decides: moved to cancelled it is '
  'cancelled. PT409: not while it is rendered';

create function public.delete_task(task_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  task public.tasks := private.task_to_edit(delete_task.task_id);
begin
  perform private.cancel_job(task.job_id);
  delete from public.tasks t where t.id = task.id;
end
$$;


-- Rendering: a task and its job, in step ----------------------------------------------------------------------------

create function public.run_task(task_id uuid, job_id uuid) returns public.tasks
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  task public.tasks;
begin
  select * into task from public.tasks t where t.id = run_task.task_id;
  perform private.edit_in_team(task.team_id, 'task');
  if task.job_id = run_task.job_id then  -- sent twice
    return task;
  elsif task.type <> 'render' then
    raise exception 'This is nothing to render' using errcode = '22023', hint = 'type';
  end if;
  -- The job first: of two who run it at once, the second waits for the task, and then finds it running.
  perform from private.enqueue(
    array[run_task.job_id], null, task.render ->> 'kind', task.render ->> 'prompt', (task.render ->> 'model_id')::uuid,
    coalesce(task.render -> 'params', '{}'), coalesce(task.render ->> 'visibility', 'private'),
    coalesce(task.render ->> 'negative_prompt', ''), null, null);
  select * into task from public.tasks t where t.id = run_task.task_id for no key update;
  if not found then
    raise exception 'There is no such task' using errcode = 'PT404';
  elsif private.running(task) then
    raise exception 'It is being rendered already' using errcode = 'PT409';
  elsif exists (select from public.tasks t where t.job_id = run_task.job_id) then
    raise exception 'This id is taken' using errcode = '23505';
  end if;
  update public.tasks t
  set job_id = run_task.job_id, status = 'queued', progress = 0, stage = '', preview_path = null, error = null,
      position = case when t.status = 'queued' then t.position else coalesce((
        select max(o.position) from public.tasks o where o.project_id = t.project_id and o.status = 'queued'), 0) + 1 end
  where t.id = task.id
  returning * into task;
  return task;
end
$$;

comment on function public.run_task(uuid, uuid) is
  'Queues what a render task wishes for as a job of the caller''s, who pays for it; again, once it has ended. PT409: it is '
  'running; and what enqueue_generation refuses';

create function public.cancel_task(task_id uuid) returns public.tasks
  language plpgsql security definer set search_path = ''
as $$
declare
  task public.tasks := private.task_to_edit(cancel_task.task_id);
begin
  if private.running(task) then
    perform private.cancel_job(task.job_id);
    select * into task from public.tasks t where t.id = task.id;
    return task;
  elsif task.status in ('queued', 'in_progress') then
    return public.move_task(task.id, 'cancelled');
  end if;
  return task;
end
$$;

comment on function public.cancel_task(uuid) is 'Ends a task, and its job whoever ran it; one that has ended stays as it is';

create function private.follow_jobs() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  team uuid;
begin
  for team in
    select distinct t.team_id from public.tasks t join new_rows j on j.id = t.job_id order by 1
  loop
    perform private.hold_team(team);
  end loop;
  if team is null then
    return null;
  end if;
  update public.tasks t
  set status = s.status, progress = s.progress, stage = s.stage, preview_path = s.preview_path, error = s.error,
      position = case when t.status = s.status then t.position else coalesce((
        select min(o.position) from public.tasks o where o.project_id = t.project_id and o.status = s.status), 1) - 1 end
  from (
    select j.id, j.progress, j.stage, j.error,
           case j.status when 'waiting' then 'queued' when 'active' then 'in_progress' else j.status end as status,
           case when j.status = 'active' then j.preview_path end as preview_path
    from new_rows j
  ) s
  where t.job_id = s.id
    and (t.status, t.progress, t.stage, t.preview_path, t.error)
        is distinct from (s.status, s.progress, s.stage, s.preview_path, s.error)
    and exists (
      select from old_rows o join new_rows n on n.id = o.id
      where n.id = s.id and (o.status, o.progress, o.stage, o.preview_path, o.error)
            is distinct from (n.status, n.progress, n.stage, n.preview_path, n.error));
  return null;
end
$$;

comment on function private.follow_jobs() is 'A task is as its job is: queued, in progress, ended; one message for all of a team';

create trigger follow_jobs after update on public.generation_jobs
  referencing old table as old_rows new table as new_rows for each statement execute function private.follow_jobs();

-- What comes of it belongs to the shot, though not to a place in it; that is for people to choose.

create function private.attach_result() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  task public.tasks;
begin
  if new.project_id is null and new.job_id is not null then
    select * into task from public.tasks t where t.job_id = new.job_id;
    if found then
      perform private.hold_team(task.team_id);
      if exists (select from public.projects p where p.id = task.project_id) then
        new.team_id := task.team_id;
        new.project_id := task.project_id;
        new.shot_id := task.shot_id;
      end if;
    end if;
  end if;
  return new;
end
$$;

create trigger attach before insert on public.generations for each row execute function private.attach_result();

-- A shot or project that goes lets go of what was attached.

create function private.keep_place() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if new.project_id is null then
    new.shot_id := null;
  end if;
  if new.shot_id is null then
    new.position := null;
  end if;
  return new;
end
$$;

create trigger keep_place before update of project_id, shot_id on public.generations
  for each row execute function private.keep_place();


-- Results in a shot -------------------------------------------------------------------------------------------------

create function public.place_generation(
  generation_id uuid, shot_id uuid, before uuid default null, placed boolean default true
) returns public.generations
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  shot    public.shots;
  picture public.generations;
  anchor  public.generations;
  above   double precision;
  place   double precision;
begin
  select * into shot from public.shots s where s.id = place_generation.shot_id;
  perform private.edit_in_team(shot.team_id, 'shot');
  perform from public.projects p where p.id = shot.project_id for no key update;
  select * into picture from public.generations g where g.id = place_generation.generation_id for no key update;
  if not found or picture.team_id is distinct from shot.team_id and picture.owner_id <> auth.uid() then
    raise exception 'There is no such picture' using errcode = 'PT404';
  elsif picture.id = place_generation.before then
    return picture;
  elsif picture.shot_id is distinct from shot.id
     and (select count(*) from public.generations g where g.shot_id = shot.id) >= 200 then
    raise exception 'A shot has at most 200 results' using errcode = 'PT409';
  end if;
  if place_generation.placed then
    for again in 1..2 loop
      anchor := null;
      above := null;
      if place_generation.before is not null then
        select * into anchor from public.generations g
        where g.id = place_generation.before and g.shot_id = shot.id and g.position is not null;
      end if;
      select g.position into above from public.generations g
      where g.shot_id = shot.id and g.position is not null and g.id <> picture.id
        and (anchor.id is null or (g.position, g.id) < (anchor.position, anchor.id))
      order by g.position desc, g.id desc limit 1;
      place := private.between(above, anchor.position);
      exit when place is not null;
      update public.generations g set position = room.position
      from (
        select o.id, row_number() over (order by o.position, o.id) as position
        from public.generations o where o.shot_id = shot.id and o.position is not null
      ) room
      where g.id = room.id;
    end loop;
  end if;
  update public.generations g
  set team_id = shot.team_id, project_id = shot.project_id, shot_id = shot.id, position = place
  where g.id = picture.id
  returning * into picture;
  return picture;
end
$$;

create function public.detach_generation(generation_id uuid) returns public.generations
  language plpgsql security definer set search_path = ''
as $$
declare
  picture public.generations;
begin
  select * into picture from public.generations g where g.id = detach_generation.generation_id;
  if not found or picture.owner_id <> auth.uid() and picture.team_id is null then
    raise exception 'There is no such picture' using errcode = 'PT404';
  elsif picture.owner_id <> auth.uid() then
    perform private.edit_in_team(picture.team_id, 'picture');
  else
    perform private.hold_team(picture.team_id);
  end if;
  update public.generations g set team_id = null, project_id = null, shot_id = null, position = null
  where g.id = picture.id and g.team_id is not distinct from picture.team_id
  returning * into picture;
  return picture;
end
$$;

comment on function public.place_generation(uuid, uuid, uuid, boolean) is
  'Puts a picture of the caller''s, or one that their team has already, into a shot: before another one, last, or (placed '
  'false) in no place. Its team sees it from then on. 42501: a viewer; PT404: no such shot or picture';
comment on function public.detach_generation(uuid) is 'Takes it out of its project: whoever edits there may, and whose it is';


-- Comments ----------------------------------------------------------------------------------------------------------

create function private.task_path(task public.tasks) returns text
  language sql stable security definer set search_path = ''
as $$
  select format('/board/%s?team=%s&task=%s', task.project_id, task.team_id, task.id)
$$;

create function public.comment_on_task(comment_id uuid, task_id uuid, body text) returns public.task_comments
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  task public.tasks;
  made public.task_comments;
begin
  select * into task from public.tasks t where t.id = comment_on_task.task_id;
  perform private.edit_in_team(task.team_id, 'task');
  perform from public.tasks t where t.id = task.id for key share;
  if not found then
    raise exception 'There is no such task' using errcode = 'PT404';
  end if;
  select * into made from public.task_comments c where c.id = comment_on_task.comment_id;
  if found then
    if made.author_id = auth.uid() then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif (select count(*) from public.task_comments c where c.task_id = task.id) >= 1000 then
    raise exception 'A task has at most 1000 comments' using errcode = 'PT409';
  elsif (select count(*) from public.task_comments c
         where c.author_id = auth.uid() and c.created_at > now() - interval '1 minute') >= 60 then
    raise exception 'Too much at once' using errcode = 'PT429', hint = 'Wait a minute, then try again.';
  end if;
  insert into public.task_comments (id, team_id, task_id, author_id, body)
  values (comment_on_task.comment_id, task.team_id, task.id, auth.uid(), btrim(comment_on_task.body))
  returning * into made;
  perform private.notify(m.member_id, 'task_mention', task.title, private.task_path(task), auth.uid(), task.id, made.body)
  from public.team_members m join public.profiles p on p.id = m.member_id
  where m.team_id = task.team_id
    and p.username in (select lower(f[1]) from regexp_matches(made.body, '(?:^|[^[:alnum:]_])@([[:alnum:]_]{3,24})', 'g') f);
  return made;
end
$$;

comment on function public.comment_on_task(uuid, uuid, text) is
  'Says something of a task; whoever is named by @username, and in the team, is told. The same id twice is the same comment';


-- Telling -----------------------------------------------------------------------------------------------------------

create function private.tell_of_task() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  member uuid;
begin
  if new.assignee is not null and (tg_op = 'INSERT' or new.assignee is distinct from old.assignee) then
    perform private.notify(new.assignee, 'task_assigned', new.title, private.task_path(new), auth.uid(), new.id);
  end if;
  if tg_op = 'UPDATE' and new.status is distinct from old.status and new.status in ('completed', 'failed') then
    for member in
      select distinct m from unnest(array[new.assignee, new.created_by]) m
      where private.role_in_team(new.team_id, m) is not null
        -- who ran it is told of the picture
        and not exists (select from public.generation_jobs j where j.id = new.job_id and j.owner_id = m)
      order by 1
    loop
      perform private.notify(
        member, 'task_' || case new.status when 'completed' then 'finished' else 'failed' end, new.title, private.task_path(new),
        auth.uid(), new.id, coalesce(new.error, ''));
    end loop;
  end if;
  return null;
end
$$;

create trigger tell after insert or update of assignee, status on public.tasks
  for each row execute function private.tell_of_task();


-- Counting, as the caller sees it -----------------------------------------------------------------------------------

create function public.task_status_counts(project_id uuid) returns table (status text, tasks bigint)
  language sql stable security invoker set search_path = ''
as $$
  select t.status, count(*) from public.tasks t where t.project_id = task_status_counts.project_id group by 1
$$;

create function public.shot_counts(project_id uuid) returns table (shot_id uuid, results bigint, placed bigint, videos bigint, tasks bigint)
  language sql stable security invoker set search_path = ''
as $$
  select s.id,
         (select count(*) from public.generations g where g.shot_id = s.id and g.project_id = s.project_id),
         (select count(*) from public.generations g where g.shot_id = s.id and g.project_id = s.project_id and g.position is not null),
         (select count(*) from public.generations g where g.shot_id = s.id and g.project_id = s.project_id and g.kind = 'video'),
         (select count(*) from public.tasks t where t.shot_id = s.id and t.project_id = s.project_id
            and t.status in ('queued', 'in_progress'))
  from public.shots s where s.project_id = shot_counts.project_id
$$;

create function public.project_video_counts(project_id uuid)
  returns table (shots bigint, videos bigint, images bigint, unplaced bigint)
  language sql stable security invoker set search_path = ''
as $$
  select (select count(*) from public.shots s where s.project_id = project_video_counts.project_id),
         count(*) filter (where g.kind = 'video'), count(*) filter (where g.kind = 'image'), count(*) filter (where g.position is null)
  from public.generations g where g.project_id = project_video_counts.project_id
$$;

-- Pages by number, for lists that one turns over.

create function public.tasks_page(project_id uuid, page integer, page_size integer default 25, status text default null)
  returns setof public.tasks
  language sql stable security invoker set search_path = ''
as $$
  select t.* from public.tasks t
  where t.project_id = tasks_page.project_id and (tasks_page.status is null or t.status = tasks_page.status)
  order by t.status desc, t.position, t.id
  limit least(greatest(tasks_page.page_size, 1), 100)
  offset greatest(tasks_page.page - 1, 0)::bigint * least(greatest(tasks_page.page_size, 1), 100)
$$;

create function public.results_page(project_id uuid, page integer, page_size integer default 25, kind text default null)
  returns setof public.generations
  language sql stable security invoker set search_path = ''
as $$
  select g.* from public.generations g
  where g.project_id = results_page.project_id and (results_page.kind is null or g.kind = results_page.kind)
  order by g.created_at desc, g.id
  limit least(greatest(results_page.page_size, 1), 100)
  offset greatest(results_page.page - 1, 0)::bigint * least(greatest(results_page.page_size, 1), 100)
$$;

comment on function public.tasks_page(uuid, integer, integer, text) is 'A page of the tasks of a project, from 1, at most 100 of them';
comment on function public.results_page(uuid, integer, integer, text) is 'A page of what has come of a project, the newest first';
comment on function public.task_status_counts(uuid) is 'How many tasks of a project are in each column';
comment on function public.shot_counts(uuid) is 'Per shot of a project: results, those in a place, clips, and tasks that are open';
comment on function public.project_video_counts(uuid) is 'What has come of a project: clips, pictures, and how many of them are in no place';


-- Activities, where they are kept -----------------------------------------------------------------------------------

do $$
begin
  if to_regproc('private.log_changes') is not null then
    perform private.log_changes('public.projects', 'project', 'team_id', 'name', array['name', 'description']);
    perform private.log_changes('public.shots', 'shot', 'team_id', 'name', array['name', 'description']);
    perform private.log_changes(
      'public.tasks', 'task', 'team_id', 'title', array['title', 'description', 'status', 'assignee', 'labels', 'due_date', 'shot_id']);
  end if;
end
$$;


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.hold_team(uuid), private.edit_in_team(uuid, text), private.project_to_edit(uuid), private.task_to_edit(uuid),
  private.running(public.tasks), private.cancel_job(uuid), private.between(double precision, double precision),
  private.keep_task(), private.unassign_left(), private.follow_jobs(), private.attach_result(), private.keep_place(), private.task_path(public.tasks),
  private.tell_of_task(),
  public.create_project(uuid, uuid, text, text), public.delete_project(uuid), public.create_shot(uuid, uuid, text),
  public.move_shot(uuid, uuid),
  public.create_task(uuid, uuid, text, text, text, uuid, uuid, text[], date, jsonb), public.move_task(uuid, text, uuid),
  public.delete_task(uuid), public.run_task(uuid, uuid), public.cancel_task(uuid),
  public.place_generation(uuid, uuid, uuid, boolean), public.detach_generation(uuid), public.comment_on_task(uuid, uuid, text),
  public.task_status_counts(uuid), public.shot_counts(uuid), public.project_video_counts(uuid),
  public.tasks_page(uuid, integer, integer, text), public.results_page(uuid, integer, integer, text)
  from public, anon, authenticated;

grant execute on function
  public.create_project(uuid, uuid, text, text), public.delete_project(uuid), public.create_shot(uuid, uuid, text),
  public.move_shot(uuid, uuid),
  public.create_task(uuid, uuid, text, text, text, uuid, uuid, text[], date, jsonb), public.move_task(uuid, text, uuid),
  public.delete_task(uuid), public.run_task(uuid, uuid), public.cancel_task(uuid),
  public.place_generation(uuid, uuid, uuid, boolean), public.detach_generation(uuid), public.comment_on_task(uuid, uuid, text),
  public.task_status_counts(uuid), public.shot_counts(uuid), public.project_video_counts(uuid),
  public.tasks_page(uuid, integer, integer, text), public.results_page(uuid, integer, integer, text)
  to authenticated;
