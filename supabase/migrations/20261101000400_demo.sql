-- The very first studio is not empty: pictures of the demo members wait in the queue, and are drawn like everybody's.

create function public.seed_demo_generations() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  members uuid[];
  jobs    integer;
begin
  -- Two workers may start at the same time.
  perform pg_advisory_xact_lock(hashtext('seed_demo_generations'));
  if exists (select 1 from public.generations) or exists (select 1 from public.generation_jobs) then
    return 0;
  end if;
  select array_agg(p.id order by p.created_at, p.id) into members from public.profiles p where p.is_demo;
  if members is null then
    return null;
  end if;
  insert into public.generation_jobs (owner_id, kind, prompt, model_id, params, priority)
  select members[1 + (w.place - 1) % cardinality(members)], w.kind, w.prompt, m.id,
         jsonb_build_object('width', w.width, 'height', w.height, 'count', 1, 'steps', 28, 'seed', w.seed, 'duration', 4),
         100 - w.place
  from (values
    (1,  'image', 'basalt',   'A lighthouse in a violet storm',         1024, 1024, 4),
    (2,  'image', 'gouache',  'Sailing boats on a tidal bay at dusk',   1024, 1024, 6),
    (3,  'image', 'aurora',   'Crimson silk in the wind',               1024, 1024, 1),
    (4,  'image', 'filament', 'A spiral galaxy in copper and rose',     1024, 1024, 8),
    (5,  'video', 'aurora',   'Northern lights over a frozen lake',     1024, 1024, 3),
    (6,  'image', 'basalt',   'Golden dunes at sunset',                 1024, 1024, 2),
    (7,  'image', 'gouache',  'A village garden in spring, poppies',    1024, 1024, 7),
    (8,  'image', 'filament', 'Neon city grid at midnight',             1024, 1024, 2),
    (9,  'image', 'basalt',   'Pine forest in morning fog',             1024, 1024, 3),
    (10, 'image', 'aurora',   'A planet of glass among the stars',      1024, 1024, 9),
    (11, 'image', 'gouache',  'Paper city under a night sky',           1024, 1024, 4),
    (12, 'image', 'aurora',   'Smoke and ink, violet and gold',         1024, 1024, 3),
    (13, 'image', 'basalt',   'Snowy mountain over a still lake, dawn', 1024, 1024, 5)
  ) as w (place, kind, model, prompt, width, height, seed)
  join public.models m on m.slug = w.model and m.owner_id is null and w.kind = any (m.makes);
  get diagnostics jobs = row_count;
  return jobs;
end
$$;

comment on function public.seed_demo_generations() is
  'Queues the first pictures of the demo members; how many, 0 when the studio is not empty, null while there is no demo member';

revoke all on function public.seed_demo_generations() from public, anon, authenticated;
grant execute on function public.seed_demo_generations() to service_role;
