-- Training: datasets of pictures, the jobs that train a model on one, and the curve of their loss.

-- Datasets ----------------------------------------------------------------------------------------------------------

create table public.datasets (
  id          uuid primary key default gen_random_uuid(),
  owner_id    uuid not null references public.profiles (id) on delete cascade,
  name        text not null check (char_length(name) <= 60 and name ~ '\S'),
  image_count integer not null default 0 check (image_count between 0 and 200),
  cover_path  text check (char_length(cover_path) <= 300),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0
);

comment on column public.datasets.image_count is 'Of the images that are there whole; kept by a trigger';
comment on column public.datasets.cover_path is 'The thumbnail of its first image; kept by a trigger';

create index datasets_owner on public.datasets (owner_id, created_at desc);
create index datasets_updated_at on public.datasets (updated_at);

create trigger stamp before insert or update on public.datasets for each row execute function live.stamp();

alter table public.datasets enable row level security;

create policy "members see their own" on public.datasets
  for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "members rename their own" on public.datasets
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "members delete their own" on public.datasets
  for delete to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.datasets to authenticated, service_role;
grant update (name) on public.datasets to authenticated;
grant delete on public.datasets to authenticated;

select live.announce('public.datasets', 'live.member_topic(owner_id)');

-- An image is entered first and uploaded then: only what is entered may be stored, so that the limits hold for files.

create table public.dataset_images (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null references public.profiles (id) on delete cascade,
  dataset_id uuid not null references public.datasets (id) on delete cascade,
  name       text not null check (char_length(name) between 1 and 120),
  path       text not null unique check (char_length(path) <= 300),
  thumb_path text not null unique check (char_length(thumb_path) <= 300),
  media_type text not null check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
  bytes      integer not null check (bytes between 1 and 8388608),
  width      integer not null check (width between 64 and 8192),
  height     integer not null check (height between 64 and 8192),
  colour     text not null check (colour ~ '^#[0-9a-f]{6}$'),
  ready      boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on column public.dataset_images.path is 'In the bucket datasets';
comment on column public.dataset_images.thumb_path is 'A small WebP beside it';
comment on column public.dataset_images.colour is 'Its mean colour, shown until the thumbnail has loaded';
comment on column public.dataset_images.ready is 'Its file has been uploaded whole';

create index dataset_images_dataset on public.dataset_images (dataset_id, created_at, id);
create index dataset_images_owner on public.dataset_images (owner_id);
create index dataset_images_updated_at on public.dataset_images (updated_at);

create trigger stamp before insert or update on public.dataset_images for each row execute function live.stamp();

alter table public.dataset_images enable row level security;

create policy "members see their own" on public.dataset_images
  for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "members finish their own" on public.dataset_images
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "members delete their own" on public.dataset_images
  for delete to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.dataset_images to authenticated, service_role;
grant update (ready) on public.dataset_images to authenticated;
grant delete on public.dataset_images to authenticated;

select live.announce('public.dataset_images', 'live.member_topic(owner_id)');

create function private.count_dataset_images() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  touched uuid[];
begin
  if tg_op = 'DELETE' then
    select array_agg(distinct r.dataset_id) into touched from old_rows r where r.ready;
  else
    select array_agg(distinct r.dataset_id) into touched from new_rows r;
  end if;
  -- Of two that count at once the second waits here, and then sees what the first one changed.
  perform 1 from public.datasets d where d.id = any (touched) order by d.id for no key update;
  update public.datasets d
  set image_count = c.images, cover_path = c.cover
  from unnest(touched) as t (id)
  cross join lateral (
    select count(*) as images, (array_agg(i.thumb_path order by i.created_at, i.id))[1] as cover
    from public.dataset_images i where i.dataset_id = t.id and i.ready
  ) as c
  where d.id = t.id and (d.image_count, d.cover_path) is distinct from (c.images, c.cover);
  return null;
end
$$;

create trigger count_images_finished after update on public.dataset_images
  referencing new table as new_rows for each statement execute function private.count_dataset_images();
create trigger count_images_deleted after delete on public.dataset_images
  referencing old table as old_rows for each statement execute function private.count_dataset_images();


-- Jobs --------------------------------------------------------------------------------------------------------------

create table public.training_jobs (
  id            uuid primary key default gen_random_uuid(),
  owner_id      uuid not null references public.profiles (id) on delete cascade,
  name          text not null check (char_length(name) <= 60 and name ~ '\S'),
  dataset_id    uuid references public.datasets (id) on delete set null,
  base_model_id uuid references public.models (id) on delete set null,
  model_id      uuid references public.models (id) on delete set null,
  sample_prompt text not null check (char_length(sample_prompt) <= 200 and sample_prompt ~ '\S'),
  visibility    text not null default 'private' check (visibility in ('public', 'private')),
  total_steps   integer not null check (total_steps between 100 and 4000),
  learning_rate double precision not null check (learning_rate between 0.000001 and 0.01),
  current_step  integer not null default 0 check (current_step between 0 and total_steps),
  loss          real check (loss >= 0),
  status        text not null default 'waiting' check (status in ('waiting', 'active', 'completed', 'failed', 'cancelled')),
  progress      integer not null default 0 check (progress between 0 and 100),
  stage         text not null default '' check (char_length(stage) <= 40),
  eta_s         integer check (eta_s >= 0),
  previews      jsonb not null default '[]' check (jsonb_typeof(previews) = 'array' and jsonb_array_length(previews) <= 12),
  error         text check (char_length(error) <= 500),
  cost          integer not null default 0 check (cost >= 0),
  attempt       integer not null default 0,
  failures      integer not null default 0,
  retried_from  uuid references public.training_jobs (id) on delete set null,
  started_at    timestamptz,
  finished_at   timestamptz,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  version       bigint not null default 0
);

comment on column public.training_jobs.name is 'What the model will be called';
comment on column public.training_jobs.model_id is 'The model that came of it';
comment on column public.training_jobs.visibility is 'Of the model; a training is always its owner''s alone';
comment on column public.training_jobs.sample_prompt is 'What is drawn at every checkpoint';
comment on column public.training_jobs.previews is '[{"step", "path"}] in the bucket media, the earliest checkpoint first';
comment on column public.training_jobs.attempt is 'Rises with every claim: what an earlier claimant writes is refused';
comment on column public.training_jobs.failures is 'Errors and lost leases so far; the third is final';

create index training_jobs_owner on public.training_jobs (owner_id, created_at desc);
create index training_jobs_open on public.training_jobs (created_at) where status in ('waiting', 'active');
create index training_jobs_dataset on public.training_jobs (dataset_id);
create index training_jobs_base_model on public.training_jobs (base_model_id);
create index training_jobs_model on public.training_jobs (model_id);
create index training_jobs_retried_from on public.training_jobs (retried_from);
create index training_jobs_previews on public.training_jobs using gin (previews jsonb_path_ops);
create index training_jobs_updated_at on public.training_jobs (updated_at);

create trigger stamp before insert or update on public.training_jobs for each row execute function live.stamp();

alter table public.training_jobs enable row level security;

create policy "members see their own" on public.training_jobs
  for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "members delete their own when it has ended" on public.training_jobs
  for delete to authenticated
  using (owner_id = (select auth.uid()) and status in ('completed', 'failed', 'cancelled'));

grant select on public.training_jobs to authenticated, service_role;
grant delete on public.training_jobs to authenticated;

select live.announce('public.training_jobs', 'live.member_topic(owner_id)');

create trigger charge after insert or update of status or delete on public.training_jobs
  for each row execute function private.charge('name', 'training');

create table private.training_leases (
  job_id     uuid primary key references public.training_jobs (id) on delete cascade,
  worker     text not null,
  attempt    integer not null,
  expires_at timestamptz not null
);

create index training_leases_expires_at on private.training_leases (expires_at);

create table public.training_metrics (
  id            uuid primary key default gen_random_uuid(),
  owner_id      uuid not null references public.profiles (id) on delete cascade,
  job_id        uuid not null references public.training_jobs (id) on delete cascade,
  step          integer not null check (step >= 0),
  loss          real not null check (loss >= 0),
  learning_rate double precision not null check (learning_rate >= 0),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  version       bigint not null default 0,
  unique (job_id, step)
);

comment on table public.training_metrics is 'The curve of a training, thinned: 251 points of a job at most (private.metric_stride)';

create index training_metrics_owner on public.training_metrics (owner_id);
create index training_metrics_updated_at on public.training_metrics (updated_at);

create trigger stamp before insert or update on public.training_metrics for each row execute function live.stamp();

alter table public.training_metrics enable row level security;

create policy "members see their own" on public.training_metrics
  for select to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.training_metrics to authenticated, service_role;

select live.announce('public.training_metrics', 'live.member_topic(owner_id)');

create function private.metric_stride(total_steps integer) returns integer
  language sql immutable set search_path = ''
  return (total_steps + 249) / 250;

comment on function private.metric_stride(integer) is 'Every how many steps a point of the curve is kept';


-- Files -------------------------------------------------------------------------------------------------------------

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('datasets', 'datasets', false, 8388608, array['image/png', 'image/jpeg', 'image/webp'])
on conflict (id) do nothing;

create policy "members fetch the images of their datasets" on storage.objects
  for select to authenticated
  using (bucket_id = 'datasets' and exists (
    select 1 from public.dataset_images i where objects.name in (i.path, i.thumb_path)));

create policy "members upload what they have entered" on storage.objects
  for insert to authenticated
  with check (bucket_id = 'datasets' and exists (
    select 1 from public.dataset_images i where objects.name in (i.path, i.thumb_path)));

create policy "members upload it again" on storage.objects
  for update to authenticated
  using (bucket_id = 'datasets' and exists (
    select 1 from public.dataset_images i where objects.name in (i.path, i.thumb_path)))
  with check (bucket_id = 'datasets' and exists (
    select 1 from public.dataset_images i where objects.name in (i.path, i.thumb_path)));

create policy "checkpoints follow their training" on storage.objects
  for select to authenticated
  using (bucket_id = 'media' and exists (
    select 1 from public.training_jobs j
    where j.owner_id = (select auth.uid()) and j.previews @> jsonb_build_array(jsonb_build_object('path', objects.name))));

-- The trash is one for all buckets.

alter table private.media_trash add column bucket text not null default 'media';
alter table private.media_trash drop constraint media_trash_pkey, add primary key (bucket, path);

comment on table private.media_trash is 'Files to be removed, by bucket; a path ending in / stands for all below it';

drop function public.due_media_trash(integer);
drop function public.clear_media_trash(text[]);

create function public.due_media_trash(n integer default 100, bucket text default 'media') returns setof text
  language sql stable security definer set search_path = ''
as $$
  select t.path from private.media_trash t
  where t.bucket = due_media_trash.bucket and t.due_at <= now()
  order by t.due_at
  limit greatest(n, 0)
$$;

create function public.clear_media_trash(paths text[], bucket text default 'media') returns void
  language sql security definer set search_path = ''
as $$
  delete from private.media_trash t where t.bucket = clear_media_trash.bucket and t.path = any (paths)
$$;

comment on function public.due_media_trash(integer, text) is 'Paths in a bucket that the worker shall remove';
comment on function public.clear_media_trash(text[], text) is 'These have been removed';

-- An upload may be on its way while its row is deleted, and a worker may still be writing: hence the delays.

create function private.discard_dataset_images() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.media_trash (bucket, path, due_at)
  select 'datasets', p, now() + interval '10 seconds' from old_rows r, unnest(array[r.path, r.thumb_path]) as p
  on conflict do nothing;
  return null;
end
$$;

create trigger discard_files after delete on public.dataset_images
  referencing old table as old_rows for each statement execute function private.discard_dataset_images();

create function private.discard_training() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into private.media_trash (path, due_at)
  select format('%s/%s/', r.owner_id, r.id), now() + interval '5 minutes' from old_rows r
  on conflict do nothing;
  return null;
end
$$;

create trigger discard_files after delete on public.training_jobs
  referencing old table as old_rows for each statement execute function private.discard_training();

create function private.discard_training_attempt(job public.training_jobs) returns void
  language sql security definer set search_path = ''
as $$
  insert into private.media_trash (path, due_at)
  values (format('%s/%s/%s/', job.owner_id, job.id, job.attempt), now() + interval '5 minutes')
  on conflict do nothing
$$;


-- What members do ---------------------------------------------------------------------------------------------------

create function public.create_dataset(dataset_id uuid, name text) returns public.datasets
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  member constant uuid := auth.uid();
  made   public.datasets;
begin
  if member is null then
    raise exception 'Sign in to train' using errcode = '42501';
  end if;
  -- One at a time for each member: of two calls with one id the second finds the first, and nobody passes the limit.
  perform 1 from public.profiles p where p.id = member for no key update;
  select * into made from public.datasets d where d.id = create_dataset.dataset_id;
  if found then
    if made.owner_id <> member then
      raise exception 'This id is taken' using errcode = '23505';
    end if;
    return made;
  end if;
  if (select count(*) from public.datasets d where d.owner_id = member) >= 20 then
    raise exception 'You have twenty datasets already' using errcode = 'PT429', hint = 'Delete one that you no longer need.';
  end if;
  insert into public.datasets (id, owner_id, name)
  values (create_dataset.dataset_id, member, btrim(create_dataset.name))
  returning * into made;
  return made;
end
$$;

comment on function public.create_dataset(uuid, text) is
  'An empty dataset of the caller''s; the same id twice is the same dataset. 23514: a name out of range; 23505: somebody '
  'else''s id; PT429: twenty datasets';

create function public.add_dataset_image(
  image_id uuid, dataset_id uuid, name text, media_type text, bytes integer, width integer, height integer, colour text
) returns public.dataset_images
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  member constant uuid := auth.uid();
  folder constant text := format('%s/%s', member, add_dataset_image.dataset_id);
  made   public.dataset_images;
begin
  -- One at a time for each dataset, so that nobody passes its limit.
  perform 1 from public.datasets d
  where d.id = add_dataset_image.dataset_id and d.owner_id = member for no key update;
  if not found then
    raise exception 'There is no such dataset' using errcode = 'PT404';
  end if;
  select * into made from public.dataset_images i where i.id = add_dataset_image.image_id;
  if found then
    if made.dataset_id <> add_dataset_image.dataset_id then
      raise exception 'This id is taken' using errcode = '23505';
    end if;
    return made;
  end if;
  -- What was entered and never came makes room.
  delete from public.dataset_images i
  where i.dataset_id = add_dataset_image.dataset_id and not i.ready and i.created_at < now() - interval '1 hour';
  if (select count(*) from public.dataset_images i where i.dataset_id = add_dataset_image.dataset_id) >= 200 then
    raise exception 'A dataset holds two hundred images at most' using errcode = 'PT429';
  end if;
  insert into public.dataset_images (id, owner_id, dataset_id, name, path, thumb_path, media_type, bytes, width, height, colour)
  values (
    add_dataset_image.image_id, member, add_dataset_image.dataset_id, left(btrim(add_dataset_image.name), 120),
    format('%s/%s.%s', folder, add_dataset_image.image_id, split_part(add_dataset_image.media_type, '/', 2)),
    format('%s/%s.thumb.webp', folder, add_dataset_image.image_id),
    add_dataset_image.media_type, add_dataset_image.bytes, add_dataset_image.width, add_dataset_image.height,
    add_dataset_image.colour)
  returning * into made;
  return made;
end
$$;

comment on function public.add_dataset_image(uuid, uuid, text, text, integer, integer, integer, text) is
  'Enters an image whose file shall then be stored under its path; the same id twice is the same image. PT404: no such '
  'dataset; 23514: a value out of range; 23505: another dataset''s id; PT429: two hundred images';

create function public.start_training(
  job_id uuid, dataset_id uuid, base_model_id uuid, name text, total_steps integer, learning_rate double precision,
  sample_prompt text default 'A quiet harbour at dusk', visibility text default 'private', retried_from uuid default null
) returns public.training_jobs
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  member constant uuid := auth.uid();
  images integer;
  job    public.training_jobs;
begin
  if member is null then
    raise exception 'Sign in to train' using errcode = '42501';
  end if;
  perform 1 from public.profiles p where p.id = member for no key update;
  select * into job from public.training_jobs j where j.id = start_training.job_id;
  if found then
    if job.owner_id <> member then
      raise exception 'This id is taken' using errcode = '23505';
    end if;
    return job;
  end if;
  if not exists (
    select 1 from public.models m
    where m.id = start_training.base_model_id and (m.visibility = 'public' or m.owner_id = member)
  ) then
    raise exception 'There is no such model' using errcode = '22023', hint = 'base_model_id';
  end if;
  select d.image_count into images from public.datasets d where d.id = start_training.dataset_id and d.owner_id = member;
  if not found then
    raise exception 'There is no such dataset' using errcode = 'PT404';
  end if;
  if images < 2 then
    raise exception 'A training needs a dataset of two images at least' using errcode = '22023', hint = 'dataset_id';
  end if;
  if (select count(*) from public.training_jobs j where j.owner_id = member and j.status in ('waiting', 'active')) >= 3 then
    raise exception 'Three trainings are under way already' using errcode = 'PT429', hint = 'Wait for one to finish, or cancel one.';
  end if;
  if (select count(*) from public.training_jobs j where j.owner_id = member) >= 200 then
    raise exception 'You have two hundred trainings already' using errcode = 'PT429', hint = 'Delete some that have ended.';
  end if;
  if start_training.retried_from is not null and not exists (
    select 1 from public.training_jobs j where j.id = start_training.retried_from and j.owner_id = member
  ) then
    raise exception 'There is no such training' using errcode = 'PT404';
  end if;
  insert into public.training_jobs
    (id, owner_id, name, dataset_id, base_model_id, sample_prompt, visibility, total_steps, learning_rate, cost, retried_from)
  values (
    start_training.job_id, member, btrim(start_training.name), start_training.dataset_id, start_training.base_model_id,
    btrim(start_training.sample_prompt), start_training.visibility, start_training.total_steps, start_training.learning_rate,
    (start_training.total_steps + 19) / 20, start_training.retried_from)
  returning * into job;
  return job;
end
$$;

comment on function public.start_training(uuid, uuid, uuid, text, integer, double precision, text, text, uuid) is
  'Queues a training of the caller''s, for a credit per twenty steps; the same id twice is the same training. 22023: model or '
  'dataset; 23514: a value out of range; 23505: somebody else''s id; PT404: no such dataset, or training to retry; PT402: not enough credits; PT429: too many';

create function public.cancel_training(job_id uuid) returns public.training_jobs
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.training_jobs;
begin
  update public.training_jobs j
  set status = 'cancelled', stage = '', eta_s = null, previews = '[]', finished_at = now()
  where j.id = cancel_training.job_id and j.owner_id = auth.uid() and j.status in ('waiting', 'active')
  returning * into job;
  if found then
    delete from private.training_leases l where l.job_id = job.id;
    perform private.discard_training_attempt(job);
    return job;
  end if;
  select * into job from public.training_jobs j where j.id = cancel_training.job_id and j.owner_id = auth.uid();
  if not found then
    raise exception 'There is no such training' using errcode = 'PT404';
  end if;
  return job;
end
$$;

comment on function public.cancel_training(uuid) is 'Ends a waiting or active training of the caller''s; an ended one stays as it is';

create function public.retry_training(job_id uuid, new_id uuid) returns public.training_jobs
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.training_jobs;
begin
  select * into job from public.training_jobs j where j.id = retry_training.job_id and j.owner_id = auth.uid();
  if not found then
    raise exception 'There is no such training' using errcode = 'PT404';
  end if;
  if job.status not in ('failed', 'cancelled') then
    raise exception 'Only a failed or cancelled training can be retried' using errcode = 'PT409';
  end if;
  return public.start_training(
    retry_training.new_id, job.dataset_id, job.base_model_id, job.name, job.total_steps, job.learning_rate,
    job.sample_prompt, job.visibility, job.id);
end
$$;

comment on function public.retry_training(uuid, uuid) is 'Queues a failed or cancelled training of the caller''s anew, under a new id';


-- What workers do. Every one is fenced: only the holder of the lease, on its attempt, changes anything ---------------

create function private.trains(job public.training_jobs, worker text, attempt integer) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select job.status = 'active' and job.attempt = trains.attempt and exists (
    select 1 from private.training_leases l
    where l.job_id = job.id and l.worker = trains.worker and l.attempt = trains.attempt)
$$;

create function public.claim_training_jobs(worker text, n integer, lease_s integer default 30) returns setof public.training_jobs
  language plpgsql security definer set search_path = ''
as $$
begin
  -- Whoever has least under way comes first, then whoever waits longest.
  return query
  with running as (
    select j.owner_id, count(*) as jobs from public.training_jobs j where j.status = 'active' group by j.owner_id
  ), line as (
    select j.id, j.created_at,
           coalesce(running.jobs, 0) + row_number() over (partition by j.owner_id order by j.created_at, j.id) as turn
    from public.training_jobs j
    left join running on running.owner_id = j.owner_id
    where j.status = 'waiting'
  ), taken as (
    select j.id
    from line
    join public.training_jobs j on j.id = line.id
    where j.status = 'waiting'
    order by line.turn, line.created_at
    limit greatest(n, 0)
    for update of j skip locked
  ), forgotten as (
    delete from public.training_metrics m using taken where m.job_id = taken.id
  ), started as (
    update public.training_jobs j
    set status = 'active', attempt = j.attempt + 1, progress = 0, current_step = 0, loss = null, stage = 'Preparing',
        eta_s = null, error = null, previews = '[]', started_at = now(), finished_at = null
    from taken where j.id = taken.id
    returning j.*
  ), leased as (
    insert into private.training_leases (job_id, worker, attempt, expires_at)
    select s.id, claim_training_jobs.worker, s.attempt, now() + make_interval(secs => lease_s) from started s
    on conflict (job_id) do update set worker = excluded.worker, attempt = excluded.attempt, expires_at = excluded.expires_at
  )
  select * from started;
end
$$;

comment on function public.claim_training_jobs(text, integer, integer) is
  'Takes up to n waiting trainings for a worker, fairly between members, under a lease of lease_s seconds';

create function public.report_training(worker text, reports jsonb, lease_s integer default 30) returns setof uuid
  language plpgsql security definer set search_path = ''
as $$
begin
  -- One statement for all jobs: each member gets one message of jobs and one of points of their curves.
  return query
  with report as (
    select * from jsonb_to_recordset(reports)
      as r (id uuid, attempt integer, progress integer, stage text, eta_s integer, current_step integer, loss real,
            previews jsonb, metrics jsonb)
  ), held as (
    select j.id, j.owner_id, j.total_steps
    from public.training_jobs j
    join report on report.id = j.id
    where private.trains(j, report_training.worker, report.attempt)
    order by j.id
    for update of j
  ), renewed as (
    update private.training_leases l
    set expires_at = now() + make_interval(secs => lease_s)
    from held where l.job_id = held.id
  ), moved as (
    update public.training_jobs j
    set progress = report.progress, stage = report.stage, eta_s = report.eta_s, current_step = report.current_step,
        loss = coalesce(report.loss, j.loss), previews = coalesce(report.previews, j.previews)
    from held join report on report.id = held.id
    where j.id = held.id and j.status = 'active'
      and (j.progress, j.stage, j.eta_s, j.current_step, j.loss, j.previews)
          is distinct from (report.progress, report.stage, report.eta_s, report.current_step,
                            coalesce(report.loss, j.loss), coalesce(report.previews, j.previews))
    returning j.id
  ), drawn as (
    insert into public.training_metrics (owner_id, job_id, step, loss, learning_rate)
    select held.owner_id, held.id, m.step, m.loss, m.learning_rate
    from held
    join report on report.id = held.id
    cross join lateral jsonb_to_recordset(coalesce(report.metrics, '[]'))
      as m (step integer, loss real, learning_rate double precision)
    where m.step between 0 and held.total_steps and m.step % private.metric_stride(held.total_steps) = 0
    on conflict (job_id, step) do nothing
  )
  select held.id from held;
end
$$;

comment on function public.report_training(text, jsonb, integer) is
  'How far all trainings of a worker are: [{"id", "attempt", "progress", "stage", "eta_s", "current_step", "loss", "previews", '
  '"metrics": [{"step", "loss", "learning_rate"}]}]. Renews their leases and returns the ids still held: the others were '
  'cancelled or belong to another worker now';

create function public.complete_training(worker text, job_id uuid, attempt integer, loss real, previews jsonb, style jsonb)
  returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  job  public.training_jobs;
  base public.models;
  made uuid;
  stem text;
begin
  select * into job from public.training_jobs j where j.id = complete_training.job_id for update;
  if not found or not private.trains(job, complete_training.worker, complete_training.attempt) then
    return false;
  end if;
  select * into base from public.models m where m.id = job.base_model_id;
  stem := btrim(left(btrim(regexp_replace(lower(job.name), '[^a-z0-9]+', '-', 'g'), '-'), 30), '-');
  insert into public.models (slug, name, description, kind, owner_id, visibility, makes, style, cost, position)
  values (
    concat_ws('-', nullif(stem, ''), left(replace(job.id::text, '-', ''), 8)), job.name,
    format('Trained over %s steps%s', job.total_steps, ' on ' || base.name), 'trained', job.owner_id, job.visibility,
    coalesce(base.makes, array['image']), complete_training.style, coalesce(base.cost, 2), 100)
  returning id into made;
  update public.training_jobs j
  set status = 'completed', progress = 100, current_step = j.total_steps, stage = '', eta_s = null, model_id = made,
      loss = complete_training.loss, previews = complete_training.previews, finished_at = now()
  where j.id = job.id;
  delete from private.training_leases l where l.job_id = job.id;
  perform private.notify(job.owner_id, 'training_finished', job.name, '/training?run=' || job.id, null, job.id);
  return true;
end
$$;

comment on function public.complete_training(text, uuid, integer, real, jsonb, jsonb) is
  'Ends the training and makes its model, which draws by `style`; false when the lease is lost';

create function private.fail_training(job public.training_jobs, reason text, final boolean) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  over constant boolean := final or job.failures >= 2;
begin
  update public.training_jobs j
  set status = case when over then 'failed' else 'waiting' end, failures = j.failures + 1,
      progress = case when over then j.progress else 0 end, stage = '', eta_s = null, previews = '[]',
      error = left(reason, 500), finished_at = case when over then now() end
  where j.id = job.id;
  delete from private.training_leases l where l.job_id = job.id;
  perform private.discard_training_attempt(job);
  if over then
    perform private.notify(job.owner_id, 'training_failed', job.name, '/training?run=' || job.id, null, job.id, left(reason, 300));
  end if;
end
$$;

create function public.fail_training(worker text, job_id uuid, attempt integer, error text, final boolean default false) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.training_jobs;
begin
  select * into job from public.training_jobs j where j.id = fail_training.job_id for update;
  if not found or not private.trains(job, fail_training.worker, fail_training.attempt) then
    return false;
  end if;
  perform private.fail_training(job, fail_training.error, fail_training.final);
  return true;
end
$$;

comment on function public.fail_training(text, uuid, integer, text, boolean) is
  'An attempt failed: back to the queue, or failed for good when final or the third time; false when the lease is lost';

create function public.release_training_jobs(worker text) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  held uuid[];
begin
  select array_agg(h.id) into held from (
    select j.id from public.training_jobs j
    join private.training_leases l on l.job_id = j.id
    where l.worker = release_training_jobs.worker and j.status = 'active'
    order by j.id
    for update of j
  ) as h;
  perform private.discard_training_attempt(j) from public.training_jobs j where j.id = any (held);
  update public.training_jobs j
  set status = 'waiting', progress = 0, stage = '', eta_s = null, previews = '[]', started_at = null
  where j.id = any (held);
  delete from private.training_leases l where l.worker = release_training_jobs.worker;
  return coalesce(cardinality(held), 0);
end
$$;

comment on function public.release_training_jobs(text) is 'A worker that stops gives its trainings back; returns how many';

create function public.release_expired_trainings() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  job  public.training_jobs;
  jobs integer := 0;
begin
  -- It may give back to many members at once: one at a time, or two of them could wait for each other.
  if not pg_try_advisory_xact_lock(hashtext('release_expired_trainings')) then
    return 0;
  end if;
  for job in
    select j.* from public.training_jobs j
    left join private.training_leases l on l.job_id = j.id
    where j.status = 'active' and (l.job_id is null or l.expires_at < now())
    order by j.id
    for update of j skip locked
  loop
    perform private.fail_training(job, 'The trainer stopped answering', false);
    jobs := jobs + 1;
  end loop;
  return jobs;
end
$$;

comment on function public.release_expired_trainings() is 'Puts the trainings of dead workers back into the queue; returns how many';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.count_dataset_images(), private.metric_stride(integer), private.discard_dataset_images(), private.discard_training(),
  private.discard_training_attempt(public.training_jobs), private.trains(public.training_jobs, text, integer),
  private.fail_training(public.training_jobs, text, boolean),
  public.due_media_trash(integer, text), public.clear_media_trash(text[], text), public.create_dataset(uuid, text),
  public.add_dataset_image(uuid, uuid, text, text, integer, integer, integer, text),
  public.start_training(uuid, uuid, uuid, text, integer, double precision, text, text, uuid),
  public.cancel_training(uuid), public.retry_training(uuid, uuid), public.claim_training_jobs(text, integer, integer),
  public.report_training(text, jsonb, integer), public.complete_training(text, uuid, integer, real, jsonb, jsonb),
  public.fail_training(text, uuid, integer, text, boolean), public.release_training_jobs(text), public.release_expired_trainings()
  from public, anon, authenticated;

grant execute on function
  public.create_dataset(uuid, text),
  public.add_dataset_image(uuid, uuid, text, text, integer, integer, integer, text),
  public.start_training(uuid, uuid, uuid, text, integer, double precision, text, text, uuid),
  public.cancel_training(uuid), public.retry_training(uuid, uuid)
  to authenticated;

grant execute on function
  public.due_media_trash(integer, text), public.clear_media_trash(text[], text), public.claim_training_jobs(text, integer, integer),
  public.report_training(text, jsonb, integer), public.complete_training(text, uuid, integer, real, jsonb, jsonb),
  public.fail_training(text, uuid, integer, text, boolean), public.release_training_jobs(text), public.release_expired_trainings()
  to service_role;
