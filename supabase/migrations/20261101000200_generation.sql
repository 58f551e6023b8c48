-- Generation: models, the queue of jobs, and the finished pictures and clips.

-- Models ------------------------------------------------------------------------------------------------------------

create table public.models (
  id          uuid primary key default gen_random_uuid(),
  slug        text not null unique check (slug ~ '^[a-z0-9-]{2,40}$'),
  name        text not null check (char_length(name) between 1 and 60),
  description text not null default '' check (char_length(description) <= 300),
  kind        text not null check (kind in ('base', 'trained')),
  owner_id    uuid references public.profiles (id) on delete cascade,
  visibility  text not null default 'public' check (visibility in ('public', 'private')),
  makes       text[] not null default array['image', 'video'] check (makes <@ array['image', 'video'] and cardinality(makes) > 0),
  style       jsonb not null default '{}' check (jsonb_typeof(style) = 'object'),
  cost        integer not null default 2 check (cost between 0 and 1000),
  position    integer not null default 0,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0,
  check ((kind = 'base') = (owner_id is null))
);

comment on column public.models.style is 'How the worker draws with it: {"family": text, "palette": ["#rrggbb", …], …}';
comment on column public.models.cost is 'Credits a picture; a clip costs four times that';

create index models_owner on public.models (owner_id);
create index models_public on public.models (position) where visibility = 'public';
create index models_updated_at on public.models (updated_at);

create trigger stamp before insert or update on public.models for each row execute function live.stamp();

alter table public.models enable row level security;

create policy "everybody sees public models" on public.models
  for select to anon, authenticated
  using (visibility = 'public' or owner_id = (select auth.uid()));

grant select on public.models to anon, authenticated;
grant select, insert, update, delete on public.models to service_role;

select live.announce('public.models', $$array[
  case when visibility = 'public' then 'world' end,
  live.member_topic(owner_id)]$$);


-- Jobs --------------------------------------------------------------------------------------------------------------

create table public.generation_jobs (
  id              uuid primary key default gen_random_uuid(),
  owner_id        uuid not null references public.profiles (id) on delete cascade,
  kind            text not null check (kind in ('image', 'video')),
  prompt          text not null check (char_length(prompt) <= 1000 and prompt ~ '\S'),
  negative_prompt text not null default '' check (char_length(negative_prompt) <= 1000),
  model_id        uuid references public.models (id) on delete set null,
  params          jsonb not null check (
                    jsonb_typeof(params) = 'object'
                    and (params ->> 'width')::integer between 256 and 1536 and (params ->> 'width')::integer % 16 = 0
                    and (params ->> 'height')::integer between 256 and 1536 and (params ->> 'height')::integer % 16 = 0
                    and (params ->> 'count')::integer between 1 and 4
                    and (params ->> 'steps')::integer between 4 and 60
                    and (params ->> 'seed')::bigint between 0 and 4294967295
                    and (params ->> 'duration')::integer between 1 and 8),
  visibility      text not null default 'public' check (visibility in ('public', 'private')),
  status          text not null default 'waiting' check (status in ('waiting', 'active', 'completed', 'failed', 'cancelled')),
  progress        integer not null default 0 check (progress between 0 and 100),
  stage           text not null default '' check (char_length(stage) <= 40),
  eta_s           integer check (eta_s >= 0),
  preview_path    text unique check (char_length(preview_path) <= 300),
  error           text check (char_length(error) <= 500),
  cost            integer not null default 0 check (cost >= 0),
  attempt         integer not null default 0,
  failures        integer not null default 0,
  priority        integer not null default 0,
  batch           uuid,
  dismissed       boolean not null default false,
  retried_from    uuid references public.generation_jobs (id) on delete set null,
  started_at      timestamptz,
  finished_at     timestamptz,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  version         bigint not null default 0
);

comment on column public.generation_jobs.params is
  '{"width", "height": pixels, "count": pictures, "steps", "seed": of the first picture, "duration": seconds of a clip}';
comment on column public.generation_jobs.attempt is 'Rises with every claim: what an earlier claimant writes is refused';
comment on column public.generation_jobs.dismissed is 'Its owner does not want to see it in the queue any more';
comment on column public.generation_jobs.failures is 'Errors and lost leases so far; the third is final';

create index generation_jobs_owner on public.generation_jobs (owner_id, created_at desc);
create index generation_jobs_public on public.generation_jobs (created_at desc) where visibility = 'public';
create index generation_jobs_open on public.generation_jobs (owner_id, priority desc, created_at) where status in ('waiting', 'active');
create index generation_jobs_served on public.generation_jobs (owner_id, started_at desc) where started_at is not null;
create index generation_jobs_model on public.generation_jobs (model_id);
create index generation_jobs_retried_from on public.generation_jobs (retried_from);
create index generation_jobs_updated_at on public.generation_jobs (updated_at);

create trigger stamp before insert or update on public.generation_jobs for each row execute function live.stamp();

alter table public.generation_jobs enable row level security;

create policy "everybody sees public jobs" on public.generation_jobs
  for select to anon, authenticated
  using (visibility = 'public' or owner_id = (select auth.uid()));

create policy "members dismiss their own" on public.generation_jobs
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

grant select on public.generation_jobs to anon, authenticated, service_role;
grant update (dismissed) on public.generation_jobs to authenticated;

select live.announce('public.generation_jobs', $$array[
  case when visibility = 'public' then 'world' end,
  live.member_topic(owner_id)]$$);

create table private.job_leases (
  job_id     uuid primary key references public.generation_jobs (id) on delete cascade,
  worker     text not null,
  attempt    integer not null,
  expires_at timestamptz not null
);

create index job_leases_expires_at on private.job_leases (expires_at);


-- Generations -------------------------------------------------------------------------------------------------------

create table public.generations (
  id          uuid primary key default gen_random_uuid(),
  owner_id    uuid not null references public.profiles (id) on delete cascade,
  job_id      uuid references public.generation_jobs (id) on delete set null,
  ordinal     integer not null default 0 check (ordinal between 0 and 3),
  kind        text not null check (kind in ('image', 'video')),
  prompt      text not null check (char_length(prompt) between 1 and 1000),
  model_id    uuid references public.models (id) on delete set null,
  seed        bigint not null check (seed between 0 and 4294967295),
  media_path  text not null unique check (char_length(media_path) <= 300),
  poster_path text not null unique check (char_length(poster_path) <= 300),
  media_type  text not null check (media_type in ('image/png', 'image/webp', 'video/mp4')),
  bytes       integer not null check (bytes > 0),
  width       integer not null check (width between 16 and 4096),
  height      integer not null check (height between 16 and 4096),
  duration    real check (duration > 0),
  colour      text not null check (colour ~ '^#[0-9a-f]{6}$'),
  favourite   boolean not null default false,
  visibility  text not null default 'public' check (visibility in ('public', 'private')),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0,
  unique (job_id, ordinal),
  check ((kind = 'video') = (duration is not null))
);

comment on column public.generations.poster_path is 'A small WebP: the thumbnail of a picture, the first frame of a clip';
comment on column public.generations.colour is 'Its mean colour, shown until the picture has loaded';
comment on column public.generations.duration is 'Seconds; clips only';

create index generations_owner on public.generations (owner_id, created_at desc, id);
create index generations_public on public.generations (created_at desc, id) where visibility = 'public';
create index generations_model on public.generations (model_id);
create index generations_updated_at on public.generations (updated_at);

create trigger stamp before insert or update on public.generations for each row execute function live.stamp();

alter table public.generations enable row level security;

create policy "everybody sees public generations" on public.generations
  for select to anon, authenticated
  using (visibility = 'public' or owner_id = (select auth.uid()));

create policy "members mark and share their own" on public.generations
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "members delete their own" on public.generations
  for delete to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.generations to anon, authenticated, service_role;
grant update (favourite, visibility) on public.generations to authenticated;
grant delete on public.generations to authenticated;

select live.announce('public.generations', $$array[
  case when visibility = 'public' then 'world' end,
  live.member_topic(owner_id)]$$);

alter publication supabase_realtime add table public.generations;


-- A job tells the prompt of its pictures: once the last public one is deleted or made private, so is the job.

create function private.hide_job() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  -- Of two that go at once the second waits here, and then sees that it was the last.
  perform 1 from public.generation_jobs j where j.id = old.job_id for no key update;
  update public.generation_jobs j
  set visibility = 'private'
  where j.id = old.job_id and j.visibility = 'public'
    and not exists (select 1 from public.generations g where g.job_id = j.id and g.visibility = 'public');
  return null;
end
$$;

create trigger hide_job after delete on public.generations
  for each row when (old.visibility = 'public') execute function private.hide_job();
create trigger hide_job_of_private after update of visibility on public.generations
  for each row when (old.visibility = 'public' and new.visibility = 'private') execute function private.hide_job();


-- Files outlive their rows for a while: the worker removes them through the Storage API -----------------------------

create table private.media_trash (
  path   text primary key,
  due_at timestamptz not null default now()
);

comment on table private.media_trash is 'Files of the bucket media to be removed; a path ending in / stands for all below it';

create index media_trash_due_at on private.media_trash (due_at);

create function private.discard_media() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.media_trash (path)
  select p from old_rows r, unnest(array[r.media_path, r.poster_path]) as p
  on conflict do nothing;
  return null;
end
$$;

create trigger discard_media after delete on public.generations
  referencing old table as old_rows for each statement execute function private.discard_media();

-- What an attempt uploaded is of no use once it ended without completing. A worker that lost its lease may still be
-- writing, hence the delay.

create function private.discard_attempt(job public.generation_jobs) returns void
  language sql security definer set search_path = ''
as $$
  insert into private.media_trash (path, due_at)
  values (format('%s/%s/%s/', job.owner_id, job.id, job.attempt), now() + interval '5 minutes')
  on conflict do nothing
$$;


-- What members do to the queue --------------------------------------------------------------------------------------

create function public.enqueue_generation(
  job_id uuid, kind text, prompt text, model_id uuid, params jsonb default '{}', visibility text default 'public',
  negative_prompt text default '', retried_from uuid default null
) returns public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  member constant uuid := auth.uid();
  wished jsonb;
  model  public.models;
  job    public.generation_jobs;
begin
  if member is null then
    raise exception 'Sign in to generate' using errcode = '42501';
  end if;

  -- One at a time for each member: of two calls with one id the second finds the first, and nobody queues past the limit.
  perform 1 from public.profiles p where p.id = member for no key update;

  -- Sent twice (a lost answer, a double click): the first one counts.
  select * into job from public.generation_jobs j where j.id = enqueue_generation.job_id;
  if found then
    if job.owner_id <> member then
      raise exception 'This id is taken' using errcode = '23505';
    end if;
    return job;
  end if;

  select * into model from public.models m
  where m.id = enqueue_generation.model_id and (m.visibility = 'public' or m.owner_id = member);
  if not found then
    raise exception 'There is no such model' using errcode = '22023', hint = 'model_id';
  end if;
  if enqueue_generation.kind <> all (model.makes) then
    raise exception '% does not make this kind', model.name using errcode = '22023', hint = 'kind';
  end if;
  if (select count(*) from public.generation_jobs j where j.owner_id = member and j.status = 'waiting') >= 100 then
    raise exception 'A hundred jobs are waiting already' using errcode = 'PT429', hint = 'Wait for some to finish, or cancel some.';
  end if;
  if enqueue_generation.retried_from is not null and not exists (
    select 1 from public.generation_jobs j where j.id = enqueue_generation.retried_from and j.owner_id = member
  ) then
    raise exception 'There is no such job' using errcode = 'PT404';
  end if;

  -- Everybody reads `params`: they are numbers, however they came, and nothing but what is known.
  select jsonb_build_object(
    'width', coalesce(p.width, 1024), 'height', coalesce(p.height, 1024), 'count', coalesce(p.count, 1),
    'steps', coalesce(p.steps, 28), 'duration', coalesce(p.duration, 4),
    'seed', coalesce(p.seed, floor(random() * 4294967296)::bigint))
  into wished
  from jsonb_to_record(enqueue_generation.params)
    as p (width integer, height integer, count integer, steps integer, duration integer, seed bigint);
  insert into public.generation_jobs (id, owner_id, kind, prompt, negative_prompt, model_id, params, visibility, cost, retried_from)
  values (
    enqueue_generation.job_id, member, enqueue_generation.kind, btrim(enqueue_generation.prompt),
    btrim(enqueue_generation.negative_prompt), model.id, wished, enqueue_generation.visibility,
    model.cost * (wished ->> 'count')::integer * case enqueue_generation.kind when 'video' then 4 else 1 end,
    enqueue_generation.retried_from)
  returning * into job;
  return job;
end
$$;

comment on function public.enqueue_generation(uuid, text, text, uuid, jsonb, text, text, uuid) is
  'Queues a job of the caller''s; the same id twice is the same job. 22023: model or kind; 22P02: no number; 23514: a value out of '
  'range; 23505: somebody else''s id; PT404: no such job to retry; PT429: queue full';

create function public.cancel_generation(job_id uuid) returns public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  update public.generation_jobs j
  set status = 'cancelled', stage = '', eta_s = null, finished_at = now()
  where j.id = cancel_generation.job_id and j.owner_id = auth.uid() and j.status in ('waiting', 'active')
  returning * into job;
  if found then
    delete from private.job_leases l where l.job_id = job.id;
    perform private.discard_attempt(job);
    return job;
  end if;
  select * into job from public.generation_jobs j where j.id = cancel_generation.job_id and j.owner_id = auth.uid();
  if not found then
    raise exception 'There is no such job' using errcode = 'PT404';
  end if;
  return job;
end
$$;

comment on function public.cancel_generation(uuid) is 'Ends a waiting or active job of the caller''s; an ended one stays as it is';

create function public.retry_generation(job_id uuid, new_id uuid) returns public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  select * into job from public.generation_jobs j
  where j.id = retry_generation.job_id and j.owner_id = auth.uid();
  if not found then
    raise exception 'There is no such job' using errcode = 'PT404';
  end if;
  if job.status not in ('failed', 'cancelled') then
    raise exception 'Only a failed or cancelled job can be retried' using errcode = 'PT409';
  end if;
  update public.generation_jobs j set dismissed = true where j.id = job.id and not j.dismissed;
  return public.enqueue_generation(
    retry_generation.new_id, job.kind, job.prompt, job.model_id, job.params, job.visibility, job.negative_prompt, job.id);
end
$$;

comment on function public.retry_generation(uuid, uuid) is 'Queues a failed or cancelled job of the caller''s anew, under a new id';


-- What workers do to it. Every one is fenced: only the holder of the lease, on its attempt, changes anything --------

create function private.holds(job public.generation_jobs, worker text, attempt integer) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select job.status = 'active' and job.attempt = holds.attempt and exists (
    select 1 from private.job_leases l where l.job_id = job.id and l.worker = holds.worker and l.attempt = holds.attempt)
$$;

create function public.claim_generation_jobs(worker text, n integer, lease_s integer default 30) returns setof public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
begin
  -- Round robin: a member's k-th job, counting those already running, comes after everybody's (k-1)-th; between equals
  -- it is the turn of whoever was served longest ago. By age alone, one place would serve one member's hundred jobs first.
  return query
  with running as (
    select j.owner_id, count(*) as jobs from public.generation_jobs j where j.status = 'active' group by j.owner_id
  ), served as (
    select w.owner_id, (select max(j.started_at) from public.generation_jobs j where j.owner_id = w.owner_id) as at
    from (select distinct j.owner_id from public.generation_jobs j where j.status = 'waiting') as w
  ), line as (
    select j.id, j.priority, j.created_at, served.at as served_at,
           coalesce(running.jobs, 0)
             + row_number() over (partition by j.owner_id order by j.priority desc, j.created_at, j.id) as turn
    from public.generation_jobs j
    join served on served.owner_id = j.owner_id
    left join running on running.owner_id = j.owner_id
    where j.status = 'waiting'
  ), taken as (
    select j.id
    from line
    join public.generation_jobs j on j.id = line.id
    where j.status = 'waiting'
    order by line.turn, line.served_at nulls first, line.priority desc, line.created_at
    limit greatest(n, 0)
    for update of j skip locked
  ), started as (
    update public.generation_jobs j
    set status = 'active', attempt = j.attempt + 1, progress = 0, stage = 'Preparing', eta_s = null, error = null,
        preview_path = null, started_at = now(), finished_at = null
    from taken where j.id = taken.id
    returning j.*
  ), leased as (
    insert into private.job_leases (job_id, worker, attempt, expires_at)
    select s.id, claim_generation_jobs.worker, s.attempt, now() + make_interval(secs => lease_s) from started s
    on conflict (job_id) do update set worker = excluded.worker, attempt = excluded.attempt, expires_at = excluded.expires_at
  )
  select * from started;
end
$$;

comment on function public.claim_generation_jobs(text, integer, integer) is 'Takes up to n waiting jobs for a worker, fairly between members, under a lease of lease_s seconds';

create function public.report_progress(worker text, reports jsonb, lease_s integer default 30) returns setof uuid
  language plpgsql security definer set search_path = ''
as $$
begin
  -- One statement for all jobs, so that each circle gets one message; locked in one order, so that workers cannot deadlock.
  return query
  with report as (
    select * from jsonb_to_recordset(reports)
      as r (id uuid, attempt integer, progress integer, stage text, eta_s integer, preview_path text)
  ), held as (
    select j.id
    from public.generation_jobs j
    join report on report.id = j.id
    where private.holds(j, report_progress.worker, report.attempt)
    order by j.id
    for update of j
  ), renewed as (
    update private.job_leases l
    set expires_at = now() + make_interval(secs => lease_s)
    from held where l.job_id = held.id
  ), moved as (
    update public.generation_jobs j
    set progress = report.progress, stage = report.stage, eta_s = report.eta_s,
        preview_path = coalesce(report.preview_path, j.preview_path)
    from held join report on report.id = held.id
    where j.id = held.id and j.status = 'active'
      and (j.progress, j.stage, j.eta_s, j.preview_path)
          is distinct from (report.progress, report.stage, report.eta_s, coalesce(report.preview_path, j.preview_path))
    returning j.id
  )
  select held.id from held;
end
$$;

comment on function public.report_progress(text, jsonb, integer) is
  'Progress of all jobs of a worker: [{"id", "attempt", "progress", "stage", "eta_s", "preview_path"}]. '
  'Renews their leases and returns the ids still held: the others were cancelled or belong to another worker now';

create function public.complete_generation(worker text, job_id uuid, attempt integer, results jsonb) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  select * into job from public.generation_jobs j where j.id = complete_generation.job_id for update;
  if not found or not private.holds(job, complete_generation.worker, complete_generation.attempt) then
    return false;
  end if;
  insert into public.generations
    (owner_id, job_id, ordinal, kind, prompt, model_id, seed, media_path, poster_path, media_type, bytes, width, height, duration, colour, visibility)
  select job.owner_id, job.id, r.ordinal, job.kind, job.prompt, job.model_id, r.seed, r.media_path, r.poster_path, r.media_type,
         r.bytes, r.width, r.height, r.duration, r.colour, job.visibility
  from jsonb_to_recordset(results) as r (
    ordinal integer, seed bigint, media_path text, poster_path text, media_type text, bytes integer, width integer, height integer,
    duration real, colour text);
  update public.generation_jobs j
  set status = 'completed', progress = 100, stage = '', eta_s = null, finished_at = now()
  where j.id = job.id;
  delete from private.job_leases l where l.job_id = job.id;
  -- Earlier attempts were discarded when they ended; of this one only the previews go.
  insert into private.media_trash (path, due_at)
  values (format('%s/%s/%s/previews/', job.owner_id, job.id, job.attempt), now() + interval '5 minutes')
  on conflict do nothing;
  return true;
end
$$;

comment on function public.complete_generation(text, uuid, integer, jsonb) is
  'Stores the results and ends the job; false when the lease is lost: [{"ordinal", "seed", "media_path", "poster_path", '
  '"media_type", "bytes", "width", "height", "duration", "colour"}]';

create function public.fail_generation(worker text, job_id uuid, attempt integer, error text, final boolean default false) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  select * into job from public.generation_jobs j where j.id = fail_generation.job_id for update;
  if not found or not private.holds(job, fail_generation.worker, fail_generation.attempt) then
    return false;
  end if;
  perform private.fail(job, fail_generation.error, fail_generation.final);
  return true;
end
$$;

comment on function public.fail_generation(text, uuid, integer, text, boolean) is
  'An attempt failed: back to the queue, or failed for good when final or the third time; false when the lease is lost';

create function private.fail(job public.generation_jobs, reason text, final boolean) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  over constant boolean := final or job.failures >= 2;
begin
  update public.generation_jobs j
  set status = case when over then 'failed' else 'waiting' end, failures = j.failures + 1, progress = case when over then j.progress else 0 end,
      stage = '', eta_s = null, preview_path = null, error = left(reason, 500), finished_at = case when over then now() end
  where j.id = job.id;
  delete from private.job_leases l where l.job_id = job.id;
  perform private.discard_attempt(job);
end
$$;

create function public.release_generation_jobs(worker text) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  job  public.generation_jobs;
  jobs integer := 0;
begin
  for job in
    select j.* from public.generation_jobs j
    join private.job_leases l on l.job_id = j.id
    where l.worker = release_generation_jobs.worker and j.status = 'active'
    order by j.id
    for update of j
  loop
    perform private.discard_attempt(job);
    jobs := jobs + 1;
  end loop;
  update public.generation_jobs j
  set status = 'waiting', progress = 0, stage = '', eta_s = null, preview_path = null, started_at = null
  from private.job_leases l
  where l.job_id = j.id and l.worker = release_generation_jobs.worker and j.status = 'active';
  delete from private.job_leases l where l.worker = release_generation_jobs.worker;
  return jobs;
end
$$;

comment on function public.release_generation_jobs(text) is 'A worker that stops gives its jobs back; returns how many';

create function public.release_expired_leases() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  job  public.generation_jobs;
  jobs integer := 0;
begin
  for job in
    select j.* from public.generation_jobs j
    left join private.job_leases l on l.job_id = j.id
    where j.status = 'active' and (l.job_id is null or l.expires_at < now())
    order by j.id
    for update of j skip locked
  loop
    perform private.fail(job, 'The renderer stopped answering', false);
    jobs := jobs + 1;
  end loop;
  return jobs;
end
$$;

comment on function public.release_expired_leases() is 'Puts the jobs of dead workers back into the queue; returns how many';

create function public.due_media_trash(n integer default 100) returns setof text
  language sql stable security definer set search_path = ''
as $$
  select path from private.media_trash where due_at <= now() order by due_at limit n
$$;

create function public.clear_media_trash(paths text[]) returns void
  language sql security definer set search_path = ''
as $$
  delete from private.media_trash where path = any (paths)
$$;

comment on function public.due_media_trash(integer) is 'Paths of the bucket media that the worker shall remove';
comment on function public.clear_media_trash(text[]) is 'These have been removed';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on all functions in schema public from public, anon, authenticated;
revoke all on all functions in schema private from public, anon, authenticated;

grant execute on function
  public.enqueue_generation(uuid, text, text, uuid, jsonb, text, text, uuid),
  public.cancel_generation(uuid),
  public.retry_generation(uuid, uuid)
  to authenticated;

grant execute on function
  public.claim_generation_jobs(text, integer, integer),
  public.report_progress(text, jsonb, integer),
  public.complete_generation(text, uuid, integer, jsonb),
  public.fail_generation(text, uuid, integer, text, boolean),
  public.release_generation_jobs(text),
  public.release_expired_leases(),
  public.due_media_trash(integer),
  public.clear_media_trash(text[])
  to service_role;
