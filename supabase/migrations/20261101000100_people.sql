-- People: one profile per account, made when the account is.

create table public.profiles (
  id           uuid primary key references auth.users (id) on delete cascade,
  username     text not null unique check (username ~ '^[a-z0-9_]{3,24}$'),
  display_name text not null check (char_length(display_name) <= 60 and display_name ~ '\S'),
  avatar_path  text check (char_length(avatar_path) <= 200),
  colour       text not null check (colour ~ '^#[0-9a-f]{6}$'),
  bio          text not null default '' check (char_length(bio) <= 500),
  is_demo      boolean not null default false,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  version      bigint not null default 0
);

comment on table public.profiles is 'What everybody may know of a member';

create index profiles_updated_at on public.profiles (updated_at);

create trigger stamp before insert or update on public.profiles for each row execute function live.stamp();

alter table public.profiles enable row level security;

create policy "everybody sees people" on public.profiles
  for select to anon, authenticated
  using (true);

create policy "members edit their own" on public.profiles
  for update to authenticated
  using (id = (select auth.uid()))
  with check (id = (select auth.uid()));

grant select on public.profiles to anon, authenticated, service_role;
grant update (username, display_name, avatar_path, colour, bio) on public.profiles to authenticated;

select live.announce('public.profiles', $$'world'$$);


-- The account says what it would like to be called; the database finds a name that is free.

create function private.create_profile() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  palette constant text[] := array['#9bdcff', '#c3f0ca', '#ffd6a5', '#ffb4a2', '#d0c4ff', '#ffc8dd', '#a8e6cf', '#f6e58d'];
  wanted  text := coalesce(new.raw_user_meta_data ->> 'username', split_part(new.email, '@', 1), 'member');
  stem    text := left(regexp_replace(lower(wanted), '[^a-z0-9_]+', '_', 'g'), 24);
  chosen  text;
  shown   text := btrim(left(btrim(regexp_replace(coalesce(new.raw_user_meta_data ->> 'display_name', wanted), '\s+', ' ', 'g')), 60));
  colour  text := lower(new.raw_user_meta_data ->> 'colour');
begin
  if colour is null or colour !~ '^#[0-9a-f]{6}$' then
    colour := palette[1 + floor(random() * cardinality(palette))::integer];
  end if;
  stem := rpad(stem, greatest(char_length(stem), 3), '_');
  chosen := stem;
  -- Two who sign up at once may wish for the same name: the second waits for the first here, and tries another.
  loop
    insert into public.profiles (id, username, display_name, colour)
    values (new.id, chosen, coalesce(nullif(shown, ''), chosen), colour)
    on conflict (username) do nothing;
    exit when found;
    chosen := left(stem, 17) || '_' || substr(md5(random()::text), 1, 6);
  end loop;
  return new;
end
$$;

revoke all on function private.create_profile() from public, anon, authenticated;

create trigger create_profile after insert on auth.users for each row execute function private.create_profile();


-- Only app_metadata, which nobody can set on signing up, makes a demo account. Auth inserts an account without what the
-- Admin API was given as app_metadata and updates it in the same transaction.

create function private.mark_demo() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  update public.profiles
  set is_demo = coalesce(new.raw_app_meta_data ->> 'is_demo', 'false') = 'true'
  where id = new.id;
  return new;
end
$$;

revoke all on function private.mark_demo() from public, anon, authenticated;

create trigger mark_demo after update of raw_app_meta_data on auth.users
  for each row when (old.raw_app_meta_data -> 'is_demo' is distinct from new.raw_app_meta_data -> 'is_demo')
  execute function private.mark_demo();
