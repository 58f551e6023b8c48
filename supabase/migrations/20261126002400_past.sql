-- A new studio has a past: what its first pictures and posts are dated as. `live.stamp` says when a row was written; of these few it is
-- told, right after, when they would have been made.

alter table private.crowd_jobs add column ago interval;

comment on column private.crowd_jobs.ago is 'By how much what comes of it is dated back; null: not at all';

alter function public.seed_demo_generations() set schema private;

create function public.seed_demo_generations() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  jobs constant integer := private.seed_demo_generations();
begin
  if jobs > 0 then  -- there was nothing before: all that there is now is theirs
    update private.crowd_jobs c
    set ago = make_interval(mins => (array[4210, 3590, 3105, 2740, 2290, 1760, 1515, 1240, 830, 505, 320, 145, 40])[100 - j.priority])
    from public.generation_jobs j
    where j.id = c.job_id;
  end if;
  return jobs;
end
$$;

comment on function public.seed_demo_generations() is
  'Queues the first pictures of the demo members, dated over the last days; how many, 0 when the studio is not empty, null while '
  'there is no demo member';

create function private.date_back() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  made timestamptz;
begin
  if tg_table_name = 'generations' then
    select new.created_at - c.ago into made from private.crowd_jobs c where c.job_id = new.job_id;
  elsif auth.uid() is null then
    -- Published while the studio opens. Later, and by a visitor, it is news.
    select g.created_at + interval '1 minute' * (3 + g.seed % 20) into made
    from public.generations g
    join private.crowd_jobs c on c.job_id = g.job_id
    join public.generation_jobs j on j.id = g.job_id
    where g.id = new.generation_id and c.ago is not null and j.created_at > now() - interval '5 minutes';
  end if;
  new.created_at := coalesce(made, new.created_at);
  return new;
end
$$;

-- By their names they come after `stamp`.
create trigger stamp_back before insert on public.generations for each row execute function private.date_back();
create trigger stamp_back before insert on public.posts for each row execute function private.date_back();

revoke all on function private.seed_demo_generations(), private.date_back(), public.seed_demo_generations() from public, anon, authenticated, service_role;
grant execute on function public.seed_demo_generations() to service_role;
