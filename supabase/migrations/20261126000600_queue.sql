-- The queue in its members' hands: paused and resumed, put in another order, filled and emptied by many jobs at once; and
-- what one member may take of it: jobs at work, jobs that wait, calls in a minute.

-- A queue for each member, who alone sees it. Its row is also the lock of all that they do to their queue -------------

create table public.generation_queues (
  id          uuid primary key references public.profiles (id) on delete cascade,
  paused      boolean not null default false,
  max_active  integer not null default 8 check (max_active between 1 and 1000),
  max_waiting integer not null default 100 check (max_waiting between 1 and 1000),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0
);

comment on column public.generation_queues.id is 'The member''s';
comment on column public.generation_queues.paused is 'Nothing of theirs is begun; what is at work goes on';
comment on column public.generation_queues.max_active is 'Of their jobs, so many at work at once';
comment on column public.generation_queues.max_waiting is 'Of their jobs, so many waiting';

create index generation_queues_updated_at on public.generation_queues (updated_at);

create trigger stamp before insert or update on public.generation_queues for each row execute function live.stamp();

alter table public.generation_queues enable row level security;

create policy "members see their own" on public.generation_queues
  for select to authenticated
  using (id = (select auth.uid()));

grant select on public.generation_queues to authenticated, service_role;

select live.announce('public.generation_queues', 'live.member_topic(id)');

create function private.open_queue() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.generation_queues (id) values (new.id) on conflict do nothing;
  return null;
end
$$;

create trigger open_queue after insert on public.profiles for each row execute function private.open_queue();

insert into public.generation_queues (id) select p.id from public.profiles p;


-- A job knows its place among its owner's, whether it is held back, and the how manieth try it is ---------------------

alter table public.generation_jobs
  add column position double precision,
  add column held     boolean not null default false,
  add column tries    integer not null default 1 check (tries > 0);

update public.generation_jobs j set position = extract(epoch from j.created_at);

with recursive lineage as (
  select j.id, 1 as tries from public.generation_jobs j where j.retried_from is null
  union all
  select j.id, l.tries + 1 from lineage l join public.generation_jobs j on j.retried_from = l.id
)
update public.generation_jobs j set tries = lineage.tries from lineage where lineage.id = j.id and lineage.tries > 1;

alter table public.generation_jobs
  alter column position set default extract(epoch from clock_timestamp()),
  alter column position set not null;

comment on column public.generation_jobs.position is
  'Its place among its owner''s, the smallest first: when it was queued, in seconds, until it is moved between two others';
comment on column public.generation_jobs.held is 'It waits, but its owner has paused their queue: it stands in no line';
comment on column public.generation_jobs.tries is '1: the first; one more than the job that it was retried from';

drop index public.generation_jobs_open;
create index generation_jobs_open on public.generation_jobs (owner_id, priority desc, position) where status in ('waiting', 'active');

-- Records carry the columns that a table had when it was announced.

drop function live.announce_generation_jobs_insert() cascade;
drop function live.announce_generation_jobs_update() cascade;
drop function live.announce_generation_jobs_delete() cascade;

select live.announce('public.generation_jobs', $$array[
  case when visibility = 'public' then 'world' end,
  live.member_topic(owner_id)]$$);

-- Whatever puts a job into the line: queued, failed, given back. The lock makes it wait for a pause that is under way, or
-- the pause for it, so that the one sees the other.

create function private.hold_back() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  new.held := false;
  if new.status = 'waiting' then
    select q.paused into new.held from public.generation_queues q where q.id = new.owner_id for share;
    new.held := coalesce(new.held, false);
  end if;
  return new;
end
$$;

create trigger hold_back before insert or update of status on public.generation_jobs
  for each row execute function private.hold_back();


-- What members ask of their queue -----------------------------------------------------------------------------------

-- The caller's queue, locked until the end of the transaction: one call at a time for each member.

create function private.my_queue() returns public.generation_queues
  language plpgsql security definer set search_path = ''
as $$
declare
  queue public.generation_queues;
begin
  if auth.uid() is null then
    raise exception 'Sign in to generate' using errcode = '42501';
  end if;
  select * into queue from public.generation_queues q where q.id = auth.uid() for no key update;
  if not found then
    raise exception 'Sign in to generate' using errcode = '42501';
  end if;
  return queue;
end
$$;


-- Queueing: one job, or several of one prompt, all of them or none ---------------------------------------------------

create function private.enqueue(
  job_ids uuid[], seeds bigint[], kind text, prompt text, model_id uuid, params jsonb, visibility text, negative_prompt text,
  retried_from uuid, batch uuid
) returns setof public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  queue   public.generation_queues;
  wanted  constant integer := cardinality(enqueue.job_ids);
  model   public.models;
  p       record;
  before  public.generation_jobs;
  waiting integer;
  last    double precision;
begin
  queue := private.my_queue();

  -- Sent twice (a lost answer, a double click): the first one counts.
  if exists (select 1 from public.generation_jobs j where j.id = any (enqueue.job_ids)) then
    if exists (select 1 from public.generation_jobs j where j.id = any (enqueue.job_ids) and j.owner_id <> queue.id) then
      raise exception 'This id is taken' using errcode = '23505';
    end if;
    if (select count(*) from public.generation_jobs j where j.id = any (enqueue.job_ids)) <> wanted then
      raise exception 'Some of these jobs are queued already' using errcode = '23505';
    end if;
    return query select j.* from public.generation_jobs j where j.id = any (enqueue.job_ids) order by j.position, j.id;
    return;
  end if;

  select * into model from public.models m
  where m.id = enqueue.model_id and (m.visibility = 'public' or m.owner_id = queue.id);
  if not found then
    raise exception 'There is no such model' using errcode = '22023', hint = 'model_id';
  end if;
  if enqueue.kind <> all (model.makes) then
    raise exception '% does not make this kind', model.name using errcode = '22023', hint = 'kind';
  end if;
  select count(*) into waiting from public.generation_jobs j where j.owner_id = queue.id and j.status = 'waiting';
  if waiting + wanted > queue.max_waiting then
    raise exception '%', case
        when waiting < queue.max_waiting then format('Only %s more can wait', queue.max_waiting - waiting)
        when queue.max_waiting = 100 then 'A hundred jobs are waiting already'
        else format('%s jobs are waiting already', waiting)
      end
      using errcode = 'PT429', hint = 'Wait for some to finish, or cancel some.';
  end if;
  if enqueue.retried_from is not null then
    select * into before from public.generation_jobs j where j.id = enqueue.retried_from and j.owner_id = queue.id;
    if not found then
      raise exception 'There is no such job' using errcode = 'PT404';
    end if;
  end if;
  perform private.allow(queue.id, 'queue', 240, 0.25, wanted);

  -- Everybody reads `params`: they are numbers, however they came, and nothing but what is known.
  select coalesce(r.width, 1024) as width, coalesce(r.height, 1024) as height, coalesce(r.count, 1) as count,
         coalesce(r.steps, 28) as steps, coalesce(r.duration, 4) as duration, r.seed
  into p
  from jsonb_to_record(enqueue.params)
    as r (width integer, height integer, count integer, steps integer, duration integer, seed bigint);

  -- Behind all that wait, though one may have been moved behind what was queued last.
  select coalesce(max(j.position), 0) into last from public.generation_jobs j where j.owner_id = queue.id and j.status = 'waiting';
  last := greatest(extract(epoch from clock_timestamp()), last + 1);
  return query
  insert into public.generation_jobs
    (id, owner_id, kind, prompt, negative_prompt, model_id, params, visibility, cost, retried_from, tries, batch, position)
  select w.id, queue.id, enqueue.kind, btrim(enqueue.prompt), btrim(enqueue.negative_prompt), model.id,
         jsonb_build_object(
           'width', p.width, 'height', p.height, 'count', p.count, 'steps', p.steps, 'duration', p.duration,
           'seed', coalesce(
             enqueue.seeds[w.n],
             case when w.n = 1 then p.seed else (p.seed + (w.n - 1) * p.count) % 4294967296 end,
             floor(random() * 4294967296)::bigint)),
         enqueue.visibility, model.cost * p.count * case enqueue.kind when 'video' then 4 else 1 end,
         enqueue.retried_from, coalesce(before.tries, 0) + 1, coalesce(enqueue.batch, before.batch), last + w.n - 1
  from unnest(enqueue.job_ids) with ordinality as w (id, n)
  order by w.n
  returning *;
end
$$;

create or replace function public.enqueue_generation(
  job_id uuid, kind text, prompt text, model_id uuid, params jsonb default '{}', visibility text default 'public',
  negative_prompt text default '', retried_from uuid default null
) returns public.generation_jobs
  language sql security definer set search_path = ''
as $$
  select * from private.enqueue(array[job_id], null, kind, prompt, model_id, params, visibility, negative_prompt, retried_from, null)
$$;

create function public.enqueue_generations(
  job_ids uuid[], batch uuid, kind text, prompt text, model_id uuid, params jsonb default '{}', visibility text default 'public',
  negative_prompt text default '', seeds bigint[] default null
) returns setof public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  if coalesce(cardinality(enqueue_generations.job_ids), 0) not between 1 and 8
     or (select count(distinct id) from unnest(enqueue_generations.job_ids) as id) <> cardinality(enqueue_generations.job_ids) then
    raise exception 'From one to eight jobs, each with an id of its own' using errcode = '22023', hint = 'job_ids';
  end if;
  return query select * from private.enqueue(
    enqueue_generations.job_ids, enqueue_generations.seeds, enqueue_generations.kind, enqueue_generations.prompt,
    enqueue_generations.model_id, enqueue_generations.params, enqueue_generations.visibility,
    enqueue_generations.negative_prompt, null, enqueue_generations.batch);
end
$$;

comment on function public.enqueue_generations(uuid[], uuid, text, text, uuid, jsonb, text, text, bigint[]) is
  'Queues one to eight jobs of one prompt, all of them or none, each with its seed; the same ids twice are the same jobs. '
  'Refuses what enqueue_generation does';


-- Pausing ------------------------------------------------------------------------------------------------------------

create function private.set_paused(paused boolean) returns public.generation_queues
  language plpgsql security definer set search_path = ''
as $$
declare
  queue public.generation_queues;
begin
  queue := private.my_queue();
  if queue.paused = set_paused.paused then
    return queue;
  end if;
  perform private.allow(queue.id, 'queue', 240, 0.25);
  update public.generation_queues q set paused = set_paused.paused where q.id = queue.id returning * into queue;
  update public.generation_jobs j set held = set_paused.paused
  where j.owner_id = queue.id and j.status = 'waiting' and j.held <> set_paused.paused;
  return queue;
end
$$;

create function public.pause_queue() returns public.generation_queues
  language sql security definer set search_path = ''
as $$ select private.set_paused(true) $$;

create function public.resume_queue() returns public.generation_queues
  language sql security definer set search_path = ''
as $$ select private.set_paused(false) $$;

comment on function public.pause_queue() is 'Nothing of the caller''s is begun any more; what is at work goes on. PT429: too often';
comment on function public.resume_queue() is 'The caller''s jobs stand in line again, where they stood. PT429: too often';


-- Another order ------------------------------------------------------------------------------------------------------

create function public.move_generation(job_id uuid, before uuid default null) returns public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
declare
  queue  public.generation_queues;
  job    public.generation_jobs;
  anchor public.generation_jobs;
  above  double precision;
  place  double precision;
begin
  queue := private.my_queue();
  select * into job from public.generation_jobs j where j.id = move_generation.job_id and j.owner_id = queue.id;
  if not found then
    raise exception 'There is no such job' using errcode = 'PT404';
  end if;
  if job.status <> 'waiting' or job.id = move_generation.before then
    return job;
  end if;
  perform private.allow(queue.id, 'queue', 240, 0.25);

  for again in 1..2 loop
    if move_generation.before is null then
      select * into anchor from public.generation_jobs j
      where j.owner_id = queue.id and j.status = 'waiting' and j.id <> job.id
      order by j.priority, j.position desc, j.created_at desc, j.id desc limit 1;
      if not found then
        return job;
      end if;
      place := anchor.position + 1;
      exit;
    end if;
    -- Though it may have been taken meanwhile: what was to come behind it still knows where that is.
    select * into anchor from public.generation_jobs j where j.id = move_generation.before and j.owner_id = queue.id;
    if not found then
      raise exception 'There is no such job' using errcode = 'PT404';
    end if;
    select j.position into above from public.generation_jobs j
    where j.owner_id = queue.id and j.status = 'waiting' and j.id <> job.id and j.priority = anchor.priority
      and (j.position, j.created_at, j.id) < (anchor.position, anchor.created_at, anchor.id)
    order by j.position desc, j.created_at desc, j.id desc limit 1;
    place := case when found then (above + anchor.position) / 2 else anchor.position - 1 end;
    exit when place < anchor.position and (above is null or place > above);
    -- No number lies between the two any more: all get room again, in the order in which they stand.
    update public.generation_jobs j set position = room.position
    from (
      select o.id, min(o.position) over () + row_number() over (order by o.position, o.created_at, o.id) as position
      from public.generation_jobs o
      where o.owner_id = queue.id and o.priority = anchor.priority and (o.status = 'waiting' or o.id = anchor.id)
    ) room
    where j.id = room.id;
  end loop;

  -- A worker may be taking it right now: then this waits for the end of that, and finds nothing to move.
  update public.generation_jobs j set position = place, priority = anchor.priority
  where j.id = job.id and j.status = 'waiting'
  returning * into job;
  if not found then
    select * into job from public.generation_jobs j where j.id = move_generation.job_id;
  end if;
  return job;
end
$$;

comment on function public.move_generation(uuid, uuid) is
  'Puts a waiting job of the caller''s before another of theirs, or behind all; one that does not wait any more stays as it '
  'is. PT404: no such job; PT429: too often';


-- Ending many --------------------------------------------------------------------------------------------------------

create function public.cancel_generations(ids uuid[] default null) returns setof public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  for job in
    with open as (
      select j.id from public.generation_jobs j
      where j.owner_id = auth.uid() and j.status in ('waiting', 'active')
        and (cancel_generations.ids is null or j.id = any (cancel_generations.ids))
      order by j.id
      for update
    )
    update public.generation_jobs j
    set status = 'cancelled', stage = '', eta_s = null, finished_at = now()
    from open where j.id = open.id
    returning j.*
  loop
    delete from private.job_leases l where l.job_id = job.id;
    perform private.discard_attempt(job);
  end loop;
  return query select j.* from public.generation_jobs j
  where j.owner_id = auth.uid() and j.status = 'cancelled' and j.id = any (cancel_generations.ids);
end
$$;

comment on function public.cancel_generations(uuid[]) is
  'Ends the caller''s waiting and active jobs, all or those with these ids; returns those of the ids that are cancelled now';


-- Claiming: in turns, as before, but none of a paused queue and no more of a member's than may be at work -------------

create or replace function public.claim_generation_jobs(worker text, n integer, lease_s integer default 30) returns setof public.generation_jobs
  language plpgsql security definer set search_path = ''
as $$
begin
  -- One claim at a time: of two at once, each would count the same jobs as running, and if the order changed in between,
  -- together they would pass a member's limit.
  perform pg_advisory_xact_lock(hashtext('claim_generation_jobs'));

  -- Round robin: a member's k-th job, counting those already running, comes after everybody's (k-1)-th; between equals
  -- it is the turn of whoever was served longest ago. By age alone, one place would serve one member's hundred jobs first.
  return query
  with running as (
    select j.owner_id, count(*) as jobs from public.generation_jobs j where j.status = 'active' group by j.owner_id
  ), served as (
    select w.owner_id, q.max_active, (select max(j.started_at) from public.generation_jobs j where j.owner_id = w.owner_id) as at
    from (select distinct j.owner_id from public.generation_jobs j where j.status = 'waiting') as w
    join public.generation_queues q on q.id = w.owner_id and not q.paused
  ), line as (
    select j.id, j.priority, j.created_at, served.at as served_at, served.max_active,
           coalesce(running.jobs, 0)
             + row_number() over (partition by j.owner_id order by j.priority desc, j.position, j.created_at, j.id) as turn
    from public.generation_jobs j
    join served on served.owner_id = j.owner_id
    left join running on running.owner_id = j.owner_id
    where j.status = 'waiting'
  ), taken as (
    select j.id
    from line
    join public.generation_jobs j on j.id = line.id
    where j.status = 'waiting' and not j.held and line.turn <= line.max_active
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

-- It may touch many members' jobs at once: first those that wait again, which look at their queue's row, then those that end,
-- which give back credits. Queueing takes the two in this order too; the other way round they could wait for each other.

create or replace function public.release_expired_leases() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  job  public.generation_jobs;
  jobs integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('release_expired_leases')) then
    return 0;
  end if;
  for job in
    select j.* from public.generation_jobs j
    left join private.job_leases l on l.job_id = j.id
    where j.status = 'active' and (l.job_id is null or l.expires_at < now())
    order by j.failures >= 2, j.id
    for update of j skip locked
  loop
    perform private.fail(job, 'The renderer stopped answering', false);
    jobs := jobs + 1;
  end loop;
  return jobs;
end
$$;


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.open_queue(), private.hold_back(), private.my_queue(), private.set_paused(boolean),
  private.enqueue(uuid[], bigint[], text, text, uuid, jsonb, text, text, uuid, uuid),
  public.enqueue_generations(uuid[], uuid, text, text, uuid, jsonb, text, text, bigint[]),
  public.pause_queue(), public.resume_queue(), public.move_generation(uuid, uuid), public.cancel_generations(uuid[])
  from public, anon, authenticated;

grant execute on function
  public.enqueue_generations(uuid[], uuid, text, text, uuid, jsonb, text, text, bigint[]),
  public.pause_queue(), public.resume_queue(), public.move_generation(uuid, uuid), public.cancel_generations(uuid[])
  to authenticated;
