-- What one member can do to others, and how much of it: JSON that no reader of theirs chokes on, lists of a sensible length, files
-- and small acts in a chat at the pace of a person.

-- JSON that members write and others read. A form passes it to a function as it stands: nested by the thousand, or with a number of
-- five thousand digits, it is fine for Postgres, and nobody who reads the chat or board that it is in gets past it. What is there
-- already stays as it is.

do $$
declare
  flat constant text :=
    $q$ check (not jsonb_path_exists(%1$I, 'strict $.**{5 to last}')
          and not jsonb_path_exists(%1$I, 'strict $.** ? (@.type() == "number" && (@ > 1e12 || @ < -1e12))')) not valid $q$;
begin
  execute 'alter table public.chat_messages add constraint chat_messages_metadata_is_flat' || format(flat, 'metadata');
  execute 'alter table public.tasks add constraint tasks_render_is_flat' || format(flat, 'render');
end
$$;

-- What a name in an index may be: longer ones are no error of the index's.

alter table public.notification_preferences add check (char_length(kind) <= 40);
alter table public.watchlists add check (char_length(symbol) <= 20);


-- All that are alike: thirty thousand tags, or words, times five thousand contacts is a minute's work.

create or replace function private.tags(tags jsonb) returns text[]
  language plpgsql immutable set search_path = ''
as $$
begin
  if jsonb_typeof(tags.tags) <> 'array' then
    return '{}';
  elsif jsonb_array_length(tags.tags) > 100 then
    raise exception 'At most 100 tags at once' using errcode = '22023', hint = 'tags';
  end if;
  return array(
    select distinct regexp_replace(lower(btrim(t)), '\s+', ' ', 'g') collate "C"
    from jsonb_array_elements_text(tags.tags) t
    where btrim(t) <> '' order by 1);
end
$$;

create or replace function private.contacts_alike(team uuid, alike jsonb) returns uuid[]
  language plpgsql stable security definer set search_path = ''
as $$
declare
  found uuid[];
begin
  -- What is not known narrows nothing down, and all would be meant.
  if jsonb_typeof(alike) is distinct from 'object' or alike - array['words', 'stage', 'tag', 'owner'] <> '{}' then
    raise exception 'Contacts are alike by words, stage, tag and owner' using errcode = '22023';
  elsif jsonb_typeof(alike -> 'words') = 'array' and jsonb_array_length(alike -> 'words') > 100 then
    raise exception 'At most 100 words' using errcode = '22023';
  end if;
  select array_agg(x.id) into found
  from (
    select c.id from public.contacts c
    where c.team_id = team
      and (alike ->> 'stage' is null or c.stage = alike ->> 'stage')
      and (alike ->> 'tag' is null or (alike ->> 'tag') = any (c.tags))
      and (alike ->> 'owner' is null or c.owner_id = (alike ->> 'owner')::uuid)
      and not exists (
        select from jsonb_array_elements_text(coalesce(alike -> 'words', '[]')) w where position(' ' || w in c.search) = 0)
    limit 5001) x;
  if cardinality(found) > 5000 then
    raise exception 'At most 5,000 contacts at once' using errcode = 'PT409';
  end if;
  return coalesce(found, '{}');
end
$$;


-- Pace. Each of these is told to everybody in a chat, or to whoever is invited.

create function private.pace() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if auth.uid() is null then -- the platform, a worker, a migration
    return new;
  end if;
  case tg_table_name
    when 'chat_reactions' then perform private.allow(auth.uid(), 'reaction', 60, 1);
    when 'chat_messages' then perform private.allow(auth.uid(), 'message edit', 60, 2);
    when 'chat_sessions' then perform private.allow(auth.uid(), 'chat setting', 30, 6);
    else perform private.allow(auth.uid(), 'invitation', 300, 12);
  end case;
  return new;
end
$$;

create trigger pace before insert on public.chat_reactions for each row execute function private.pace();
create trigger pace before update of edited_at on public.chat_messages for each row execute function private.pace();
create trigger pace before update of title, assistant on public.chat_sessions for each row execute function private.pace();
create trigger pace before insert on public.chat_participants
  for each row when (new.inviter_id is not null) execute function private.pace();
create trigger pace before insert on public.team_invitations for each row execute function private.pace();


-- Nobody fills the bucket of attachments: what is never sent lies there for a day. Counted, for what a policy takes of an allowance
-- is given back with the trial that Storage makes of it.

create function public.has_room_for_attachment() returns boolean
  language plpgsql security definer set search_path = ''
as $$
begin
  -- One at a time for each member, so that nobody passes the limit.
  perform pg_advisory_xact_lock(hashtext('attachments'), hashtext(auth.uid()::text));
  return (
    select count(*)
    from storage.objects o
    join unnest(live.mine('chat')) c (id) on o.name ~>=~ format('%s/%s/', c.id, auth.uid()) and o.name ~<~ format('%s/%s0', c.id, auth.uid())
    where o.bucket_id = 'attachments' and o.created_at > now() - interval '1 hour'
  ) < 100;
end
$$;

comment on function public.has_room_for_attachment() is 'Whether the caller may put another file into a chat: a hundred an hour at most';

alter policy "participants put files into their chats" on storage.objects
  with check (
    bucket_id = 'attachments' and (storage.foldername(name))[1] = any ((select live.mine('chat'))::text[])
    and (storage.foldername(name))[2] = (select auth.uid())::text and public.has_room_for_attachment());

revoke all on function private.pace(), public.has_room_for_attachment() from public, anon, authenticated;
grant execute on function public.has_room_for_attachment() to authenticated;


-- A profile is for everybody to read, and an address for nobody: who signs up without a name is not called after theirs.

create or replace function private.create_profile() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  palette constant text[] := array['#9bdcff', '#c3f0ca', '#ffd6a5', '#ffb4a2', '#d0c4ff', '#ffc8dd', '#a8e6cf', '#f6e58d'];
  wanted  text := coalesce(new.raw_user_meta_data ->> 'username', 'member');
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
