-- Settings: what a profile may say, how often it may change, and what is known of one's sign-ins.

-- A picture of somebody lies in their own folder. Earlier rows were never shown.

update public.profiles set avatar_path = null where avatar_path is not null and avatar_path not like id || '/%';

alter table public.profiles add constraint profiles_avatar_is_ones_own
  check (avatar_path ~ ('^' || id || '/[A-Za-z0-9_-]{1,80}\.(webp|png|jpg)$'));


-- Every change of a profile is told to everybody's pages, so nobody makes more of them than a person would.

create table private.profile_changes (
  member_id uuid primary key references public.profiles (id) on delete cascade,
  since     timestamptz not null default now(),
  changes   integer not null default 0
);

comment on table private.profile_changes is 'How often members changed their profile in the ten minutes that began at `since`';

create function private.pace_profile() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  made integer;
begin
  if auth.uid() is distinct from new.id then
    return new; -- not the member: the platform, a migration
  end if;
  insert into private.profile_changes as c (member_id, changes) values (new.id, 1)
  on conflict (member_id) do update
  set since   = case when c.since < now() - interval '10 minutes' then now() else c.since end,
      changes = case when c.since < now() - interval '10 minutes' then 1 else c.changes + 1 end
  returning c.changes into made;
  if made > 40 then
    raise exception 'Your profile changed often just now: please wait some minutes' using errcode = 'PT429';
  end if;
  return new;
end
$$;

create trigger pace before update on public.profiles for each row execute function private.pace_profile();


-- Sign-ins. The Auth API tells a member nothing of their other sessions; its table does.

create function public.my_sign_ins() returns table (id uuid, signed_in_at timestamptz, seen_at timestamptz, agent text, this boolean)
  language sql stable security definer set search_path = ''
as $$
  select s.id, s.created_at, greatest(s.updated_at, s.refreshed_at at time zone 'utc', s.created_at), left(coalesce(s.user_agent, ''), 300),
         s.id::text is not distinct from auth.jwt() ->> 'session_id'
  from auth.sessions s
  where s.user_id = auth.uid() and (s.not_after is null or s.not_after > now())
  order by 3 desc
  limit 100
$$;

comment on function public.my_sign_ins() is 'Where the caller is signed in, the last used first; `this` is the session that asks';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function private.pace_profile(), public.my_sign_ins() from public, anon, authenticated;
grant execute on function public.my_sign_ins() to authenticated;
