-- Settings: what a profile may say, how often it may change, and what is known of one's sign-ins.

-- A picture of somebody lies in their own folder. Earlier rows were never shown.

update public.profiles set avatar_path = null where avatar_path is not null and avatar_path not like id || '/%';

alter table public.profiles add constraint profiles_avatar_is_ones_own
  check (avatar_path ~ ('^' || id || '/[A-Za-z0-9_-]{1,80}\.(webp|png|jpg)$'));


-- Every change of a profile is told to everybody's pages, so nobody makes more of them than a person would.

create function private.pace_profile() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if auth.uid() = new.id then -- the member, not the platform or a migration
    perform private.allow(new.id, 'profile', 40, 15);
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
