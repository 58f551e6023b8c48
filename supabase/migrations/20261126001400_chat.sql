-- Chat: sessions, who is in them, what they say, and how far each has read.

-- A session counts its messages: `seq` is a message's place, the same on every screen, and `spoken` how many of people and
-- of the assistant there are up to it. Both are given under the session's lock, in the order in which messages commit. So
-- what somebody has not read is a difference of two numbers: exact, and never counted out.

create table public.chat_sessions (
  id            uuid primary key default gen_random_uuid(),
  creator_id    uuid references public.profiles (id) on delete set null,
  title         text not null check (char_length(title) <= 80 and title ~ '\S'),
  status        text not null default 'active' check (status in ('active', 'inactive', 'archived')),
  assistant     boolean not null default true,
  last_activity timestamptz not null default now(),
  last_seq      bigint not null default 0,
  spoken        bigint not null default 0,
  snippet       text not null default '' check (char_length(snippet) <= 140),
  snippet_by    uuid references public.profiles (id) on delete set null,
  metadata      jsonb not null default '{}' check (octet_length(metadata::text) <= 4000),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  version       bigint not null default 0
);

comment on column public.chat_sessions.assistant is 'Whether the assistant answers in it';
comment on column public.chat_sessions.spoken is 'How many messages are people''s or the assistant''s; last_seq counts them all';
comment on column public.chat_sessions.snippet is 'How the last message begins';

create index chat_sessions_creator on public.chat_sessions (creator_id, created_at);
create index chat_sessions_snippet_by on public.chat_sessions (snippet_by);
create index chat_sessions_idle on public.chat_sessions (last_activity) where status = 'active';
create index chat_sessions_updated_at on public.chat_sessions (updated_at);

create table public.chat_participants (
  id         uuid primary key default gen_random_uuid(),
  session_id uuid not null references public.chat_sessions (id) on delete cascade,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  role       text not null check (role in ('owner', 'member')),
  inviter_id uuid references public.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (session_id, member_id)
);

create index chat_participants_member on public.chat_participants (member_id);
create index chat_participants_inviter on public.chat_participants (inviter_id, created_at);
create index chat_participants_updated_at on public.chat_participants (updated_at);

create table public.chat_messages (
  id           uuid primary key default gen_random_uuid(),
  session_id   uuid not null references public.chat_sessions (id) on delete cascade,
  author_id    uuid references public.profiles (id) on delete set null,
  role         text not null default 'user' check (role in ('user', 'assistant', 'system')),
  message_type text not null default 'text' check (message_type in ('text', 'voice', 'adapter_action')),
  status       text not null default 'delivered' check (status in ('sending', 'delivered', 'failed', 'error')),
  content      text not null default '' check (char_length(content) <= 8000),
  metadata     jsonb not null default '{}' check (octet_length(metadata::text) <= 16000),
  reply_to     uuid references public.chat_messages (id) on delete set null,
  reactions    jsonb not null default '{}',
  seq          bigint not null,
  spoken       bigint not null,
  edited_at    timestamptz,
  deleted_at   timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  version      bigint not null default 0,
  constraint chat_messages_place unique (session_id, seq)
);

comment on column public.chat_messages.metadata is
  '{"attachments": [{"path", "name", "type", "size", "width", "height", "seconds"}]}; of a system message {"event", "who", "by"}';
comment on column public.chat_messages.reactions is 'Who reacted, by emoji: what chat_reactions says, kept by it';
comment on column public.chat_messages.status is 'sending and failed are what a client shows of its own; error: an answer that broke off';
comment on column public.chat_messages.deleted_at is 'A deleted message keeps its place and says nothing any more';

create index chat_messages_author on public.chat_messages (author_id, created_at);
create index chat_messages_reply_to on public.chat_messages (reply_to);
create index chat_messages_updated_at on public.chat_messages (session_id, updated_at);
create index chat_messages_with_files on public.chat_messages (session_id) where metadata ? 'attachments';
create index chat_messages_words on public.chat_messages using gin (to_tsvector('simple', content));

create table public.chat_reactions (
  id         uuid primary key default gen_random_uuid(),
  message_id uuid not null references public.chat_messages (id) on delete cascade,
  session_id uuid not null references public.chat_sessions (id) on delete cascade,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  emoji      text not null check (char_length(emoji) between 1 and 16 and emoji !~ '[\s<>&"''[:cntrl:][:alnum:]]'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (message_id, member_id, emoji)
);

create index chat_reactions_session on public.chat_reactions (session_id);
create index chat_reactions_member on public.chat_reactions (member_id);
create index chat_reactions_updated_at on public.chat_reactions (updated_at);

create table public.chat_reads (
  id         uuid primary key default gen_random_uuid(),
  session_id uuid not null references public.chat_sessions (id) on delete cascade,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  read_seq   bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (session_id, member_id)
);

comment on table public.chat_reads is 'How far each has read; everybody in the session sees it';
comment on column public.chat_reads.read_seq is 'The last message that was on their screen';

create index chat_reads_member on public.chat_reads (member_id);
create index chat_reads_updated_at on public.chat_reads (updated_at);

-- Apart from the marks, because it changes with everything one says, which is nobody else's business.

create table public.chat_counts (
  id         uuid primary key default gen_random_uuid(),
  session_id uuid not null references public.chat_sessions (id) on delete cascade,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  spoken     bigint not null default 0,
  own        bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (member_id, session_id)
);

comment on table public.chat_counts is 'How much of a session its reader has read: not read are its spoken, less spoken, less own';
comment on column public.chat_counts.spoken is 'How many messages there were up to the last that was on their screen';
comment on column public.chat_counts.own is 'How many behind it are their own';

create index chat_counts_session on public.chat_counts (session_id);
create index chat_counts_updated_at on public.chat_counts (updated_at);

create trigger stamp before insert or update on public.chat_sessions for each row execute function live.stamp();
create trigger stamp before insert or update on public.chat_participants for each row execute function live.stamp();
create trigger stamp before insert or update on public.chat_messages for each row execute function live.stamp();
create trigger stamp before insert or update on public.chat_reactions for each row execute function live.stamp();
create trigger stamp before insert or update on public.chat_reads for each row execute function live.stamp();
create trigger stamp before insert or update on public.chat_counts for each row execute function live.stamp();

alter table public.chat_sessions enable row level security;
alter table public.chat_participants enable row level security;
alter table public.chat_messages enable row level security;
alter table public.chat_reactions enable row level security;
alter table public.chat_reads enable row level security;
alter table public.chat_counts enable row level security;

create policy "participants see their chats" on public.chat_sessions
  for select to authenticated
  using (id = any ((select live.mine('chat'))::uuid[]));

create policy "participants see who is in their chats" on public.chat_participants
  for select to authenticated
  using (session_id = any ((select live.mine('chat'))::uuid[]));

create policy "participants see what is said in their chats" on public.chat_messages
  for select to authenticated
  using (session_id = any ((select live.mine('chat'))::uuid[]));

create policy "participants see reactions in their chats" on public.chat_reactions
  for select to authenticated
  using (session_id = any ((select live.mine('chat'))::uuid[]));

create policy "participants see how far others have read" on public.chat_reads
  for select to authenticated
  using (session_id = any ((select live.mine('chat'))::uuid[]));

create policy "members see their own counts" on public.chat_counts
  for select to authenticated
  using (member_id = (select auth.uid()));

grant select on
  public.chat_sessions, public.chat_participants, public.chat_messages, public.chat_reactions, public.chat_reads, public.chat_counts
  to authenticated, service_role;

select live.enlist('public.chat_participants', 'chat', 'public.chat_sessions', 'session_id');

select live.announce('public.chat_sessions', $$live.member_topics('chat', id)$$);
select live.announce('public.chat_participants', $$live.topic('chat', session_id)$$);
select live.announce('public.chat_messages', $$live.topic('chat', session_id)$$);
select live.announce('public.chat_reads', $$live.topic('chat', session_id)$$);
select live.announce('public.chat_counts', 'live.member_topic(member_id)');

insert into public.notification_kinds (kind, section, title, description, position) values
  ('chat_mention', 'Chat', 'Somebody mentions you in a chat', '', 50),
  ('chat_invitation', 'Chat', 'Somebody lets you into a chat', '', 51);


-- Saying something --------------------------------------------------------------------------------------------------

-- Everything that is said goes through here, whoever says it. The session's row is locked first, its epoch after it.

create function private.say(
  session uuid, author uuid, role text, content text, message_id uuid default null, message_type text default 'text',
  metadata jsonb default '{}', reply_to uuid default null, status text default 'delivered'
) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  said    public.chat_messages;
  counted integer := case when say.role = 'system' then 0 else 1 end;
  place   record;
  opening text := left(coalesce(
    nullif(regexp_replace(btrim(say.content), '\s+', ' ', 'g'), ''), say.metadata -> 'attachments' -> 0 ->> 'name',
    case say.message_type when 'voice' then 'Voice message' else '' end), 140);
begin
  select s.last_seq + 1 as seq, s.spoken + counted as spoken into place
  from public.chat_sessions s where s.id = say.session for no key update;
  if not found then
    raise exception 'There is no such chat' using errcode = 'PT404';
  end if;
  insert into public.chat_messages (id, session_id, author_id, role, message_type, status, content, metadata, reply_to, seq, spoken)
  values (coalesce(say.message_id, gen_random_uuid()), say.session, say.author, say.role, say.message_type, say.status,
          say.content, say.metadata, say.reply_to, place.seq, place.spoken)
  returning * into said;
  update public.chat_counts c set own = c.own + 1
  where counted = 1 and c.session_id = say.session and c.member_id = say.author;
  update public.chat_sessions s set
    last_seq = place.seq, spoken = place.spoken, last_activity = clock_timestamp(),
    status = case s.status when 'archived' then 'archived' else 'active' end,
    snippet = opening, snippet_by = say.author
  where s.id = said.session_id;
  return said;
end
$$;

comment on function private.say(uuid, uuid, text, text, uuid, text, jsonb, uuid, text) is
  'Puts a message at the end of a session, and keeps its counts, its last activity and the author''s count. It asks '
  'nobody for rights. PT404: there is no such session';

create function private.tell_chat(session uuid, event text, sentence text, who uuid default null, by_ uuid default null) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.say(
    tell_chat.session, null, 'system', tell_chat.sentence,
    metadata => jsonb_strip_nulls(jsonb_build_object('event', tell_chat.event, 'who', tell_chat.who, 'by', tell_chat.by_)));
end
$$;

comment on function private.tell_chat(uuid, text, text, uuid, uuid) is 'What happened to a session, as a message of role system';

create function private.name_of(member uuid) returns text
  language sql stable security definer set search_path = ''
as $$
  select coalesce((select p.display_name from public.profiles p where p.id = member), 'Somebody')
$$;

-- What the caller may do. Whoever is not in a session is told that there is none.

create function private.my_chat(session uuid, owner boolean default false, open boolean default false) returns public.chat_sessions
  language plpgsql security definer set search_path = ''
as $$
declare
  mine  public.chat_sessions;
  place text;
begin
  select p.role into place from public.chat_participants p where p.session_id = my_chat.session and p.member_id = auth.uid();
  if place is not null then
    select * into mine from public.chat_sessions s where s.id = my_chat.session for no key update;
    select p.role into place from public.chat_participants p where p.session_id = my_chat.session and p.member_id = auth.uid();
  end if;
  if place is null or mine.id is null then
    raise exception 'There is no such chat' using errcode = 'PT404';
  elsif my_chat.owner and place <> 'owner' then
    raise exception 'Only an owner of the chat may do this' using errcode = '42501';
  elsif my_chat.open and mine.status = 'archived' then
    raise exception 'This chat is archived' using errcode = 'PT409', hint = 'Restore it to go on.';
  end if;
  return mine;
end
$$;

comment on function private.my_chat(uuid, boolean, boolean) is
  'A session of the caller''s, locked. PT404: it is none; 42501: it takes an owner; PT409: it takes one that is not archived';

create function private.check_attachments(session uuid, metadata jsonb) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  item jsonb;
begin
  if jsonb_typeof(metadata) <> 'object' or exists (
       select from jsonb_object_keys(metadata) k where k not in ('attachments', 'client')) then
    raise exception 'This is no message' using errcode = '22023';
  elsif metadata -> 'attachments' is null then
    return;
  elsif jsonb_typeof(metadata -> 'attachments') <> 'array' or jsonb_array_length(metadata -> 'attachments') > 6 then
    raise exception 'A message carries at most six files' using errcode = '22023';
  end if;
  for item in select * from jsonb_array_elements(metadata -> 'attachments') loop
    if coalesce(item ->> 'path', '') not like format('%s/%s/%%', session, auth.uid())
       or char_length(item ->> 'path') > 300 or char_length(coalesce(item ->> 'name', '')) not between 1 and 200
       or char_length(coalesce(item ->> 'type', '')) not between 3 and 80
       or not exists (select from storage.objects o where o.bucket_id = 'attachments' and o.name = item ->> 'path') then
      raise exception 'This file is not there' using errcode = '22023';
    end if;
  end loop;
end
$$;

create function private.tell_mentioned(said public.chat_messages, before text default '') returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.notify(
    p.id, 'chat_mention', s.title, format('/chat/%s?message=%s', said.session_id, said.id), said.author_id, said.session_id,
    left(said.content, 300))
  from (
    select distinct lower(m.found[1]) as username
    from regexp_matches(said.content, '(?:^|[^[:alnum:]_@/.])@([A-Za-z0-9_]{3,24})(?![A-Za-z0-9_])', 'g') as m (found)
    except
    select lower(m.found[1])
    from regexp_matches(before, '(?:^|[^[:alnum:]_@/.])@([A-Za-z0-9_]{3,24})(?![A-Za-z0-9_])', 'g') as m (found)
  ) named
  join public.profiles p on p.username = named.username
  join public.chat_participants c on c.session_id = said.session_id and c.member_id = p.id
  join public.chat_sessions s on s.id = said.session_id;
end
$$;

comment on function private.tell_mentioned(public.chat_messages, text) is 'Notifies participants whom a message names and did not name before';

create function public.send_message(
  message_id uuid, session_id uuid, content text default '', message_type text default 'text', metadata jsonb default '{}',
  reply_to uuid default null
) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  session public.chat_sessions := private.my_chat(send_message.session_id);
  said    public.chat_messages;
begin
  select * into said from public.chat_messages m where m.id = send_message.message_id;
  if found then  -- sent twice
    if said.author_id = auth.uid() and said.session_id = session.id then
      return said;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif session.status = 'archived' then
    raise exception 'This chat is archived' using errcode = 'PT409', hint = 'Restore it to go on.';
  elsif send_message.message_type not in ('text', 'voice') then
    raise exception 'Only the assistant acts' using errcode = '42501';
  end if;
  perform private.check_attachments(session.id, send_message.metadata);
  if send_message.content !~ '\S' and coalesce(jsonb_array_length(send_message.metadata -> 'attachments'), 0) = 0 then
    raise exception 'There is nothing to send' using errcode = '22023';
  elsif char_length(send_message.content) > 8000 then
    raise exception 'A message has at most 8,000 characters' using errcode = '22023';
  elsif (
    select count(*) from (
      select from public.chat_messages m
      where m.author_id = auth.uid() and m.created_at > clock_timestamp() - interval '10 seconds' limit 100) m
  ) >= 100 then
    raise exception 'So many messages at once are too many: wait some seconds' using errcode = 'PT429';
  end if;
  said := private.say(
    session.id, auth.uid(), 'user', send_message.content, send_message.message_id, send_message.message_type,
    send_message.metadata,
    (select m.id from public.chat_messages m where m.id = send_message.reply_to and m.session_id = session.id));
  if said.content like '%@%' then
    perform private.tell_mentioned(said);
  end if;
  return said;
end
$$;

create function private.my_message(message uuid, owner boolean default false) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.chat_messages;
  mine boolean;
begin
  select * into said from public.chat_messages m where m.id = my_message.message;
  perform private.my_chat(said.session_id);
  select * into said from public.chat_messages m where m.id = my_message.message for no key update;
  mine := said.author_id = auth.uid() and said.role = 'user' or my_message.owner and exists (
    select from public.chat_participants p
    where p.session_id = said.session_id and p.member_id = auth.uid() and p.role = 'owner' and said.role <> 'system');
  if not coalesce(mine, false) then
    raise exception 'This message is not yours' using errcode = '42501';
  end if;
  return said;
end
$$;

comment on function private.my_message(uuid, boolean) is
  'A message of the caller''s, locked; with `owner` any in a session they own. PT404: there is none; 42501: it is not theirs';

create function public.edit_message(message_id uuid, content text) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  said   public.chat_messages := private.my_message(edit_message.message_id);
  before text := said.content;
begin
  if said.deleted_at is not null then
    raise exception 'This message is deleted' using errcode = 'PT409';
  elsif edit_message.content !~ '\S' and said.metadata -> 'attachments' is null then
    raise exception 'There is nothing to send' using errcode = '22023';
  elsif char_length(edit_message.content) > 8000 then
    raise exception 'A message has at most 8,000 characters' using errcode = '22023';
  elsif edit_message.content = before then
    return said;
  end if;
  update public.chat_messages m set content = edit_message.content, edited_at = clock_timestamp()
  where m.id = said.id returning * into said;
  update public.chat_sessions s set snippet = left(regexp_replace(btrim(said.content), '\s+', ' ', 'g'), 140)
  where s.id = said.session_id and s.last_seq = said.seq;
  if said.content like '%@%' then
    perform private.tell_mentioned(said, before);
  end if;
  return said;
end
$$;

create function public.delete_message(message_id uuid) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.chat_messages := private.my_message(delete_message.message_id, true);
begin
  if said.deleted_at is not null then
    return said;
  end if;
  delete from public.chat_reactions r where r.message_id = said.id;
  update public.chat_messages m
  set content = '', metadata = '{}', reactions = '{}', status = 'delivered', deleted_at = clock_timestamp()
  where m.id = said.id returning * into said;
  update public.chat_sessions s set snippet = 'A message was deleted' where s.id = said.session_id and s.last_seq = said.seq;
  return said;
end
$$;

create function public.react(message_id uuid, emoji text, wanted boolean default true) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.chat_messages;
begin
  select * into said from public.chat_messages m where m.id = react.message_id;
  perform private.my_chat(said.session_id, open => true);
  if not react.wanted then
    delete from public.chat_reactions r
    where r.message_id = said.id and r.member_id = auth.uid() and r.emoji = react.emoji;
  else
    if said.role = 'system' or said.deleted_at is not null then
      raise exception 'To this nobody reacts' using errcode = 'PT409';
    elsif not said.reactions ? react.emoji and (select count(*) from jsonb_object_keys(said.reactions)) >= 20 then
      raise exception 'A message takes at most 20 different reactions' using errcode = 'PT409';
    end if;
    insert into public.chat_reactions (message_id, session_id, member_id, emoji)
    values (said.id, said.session_id, auth.uid(), react.emoji) on conflict on constraint chat_reactions_message_id_member_id_emoji_key do nothing;
  end if;
  select * into said from public.chat_messages m where m.id = said.id;
  return said;
end
$$;

create function public.mark_read(session_id uuid, seq bigint) returns public.chat_reads
  language plpgsql security definer set search_path = ''
as $$
declare
  session public.chat_sessions := private.my_chat(mark_read.session_id);
  mine    public.chat_reads;
  reached bigint := least(mark_read.seq, session.last_seq);
begin
  select * into mine from public.chat_reads r where r.session_id = session.id and r.member_id = auth.uid();
  if reached <= mine.read_seq then
    return mine;
  end if;
  update public.chat_reads r set read_seq = reached where r.id = mine.id returning * into mine;
  update public.chat_counts c set
    spoken = (select m.spoken from public.chat_messages m where m.session_id = session.id and m.seq = reached),
    own    = case when c.own = 0 or reached = session.last_seq then 0 else (
      select count(*) from public.chat_messages m
      where m.session_id = session.id and m.seq > reached and m.author_id = auth.uid() and m.role = 'user') end
  where c.session_id = session.id and c.member_id = auth.uid();
  return mine;
end
$$;

create function public.search_messages(words text, session_id uuid default null, most integer default 30) returns setof public.chat_messages
  language sql stable security definer set search_path = ''
as $$
  with asked as (
    select websearch_to_tsquery('simple', left(search_messages.words, 200))::text as query
  ), begun as (  -- the last word may be the beginning of one
    select (case when query ~ '''$' then query || ':*' else query end)::tsquery as query from asked
  )
  select m.* from public.chat_messages m, begun
  where numnode(begun.query) > 0 and to_tsvector('simple', m.content) @@ begun.query
    and m.session_id = any ((select live.mine('chat'))::uuid[])
    and (search_messages.session_id is null or m.session_id = search_messages.session_id) and m.role <> 'system'
  order by m.created_at desc, m.id limit least(greatest(search_messages.most, 0), 100)
$$;

comment on function public.send_message(uuid, uuid, text, text, jsonb, uuid) is
  'Says something, under an id of the caller''s: sent twice it is said once. PT404: no such session; PT409: it is archived; '
  'PT429: too many at once; 22023: nothing in it, too much, or a file that is not there';
comment on function public.edit_message(uuid, text) is 'For who said it. PT409: it is deleted';
comment on function public.delete_message(uuid) is 'For who said it, and for owners of the session: it keeps its place';
comment on function public.react(uuid, text, boolean) is 'Adds the caller''s reaction, or takes it back; twice is once';
comment on function public.mark_read(uuid, bigint) is 'The caller has seen all up to this; it never goes back';
comment on function public.search_messages(text, uuid, integer) is
  'What was said in the caller''s sessions with these words, the newest first; the last word may be a beginning';

create function private.sum_reactions() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  update public.chat_messages m set reactions = coalesce((
    select jsonb_object_agg(e.emoji, e.members) from (
      select r.emoji, jsonb_agg(r.member_id order by r.created_at, r.id) as members
      from public.chat_reactions r where r.message_id = m.id group by r.emoji) e), '{}')
  where m.id in (select c.message_id from changed c) and m.deleted_at is null;
  return null;
end
$$;

create trigger sum_added after insert on public.chat_reactions
  referencing new table as changed for each statement execute function private.sum_reactions();
create trigger sum_removed after delete on public.chat_reactions
  referencing old table as changed for each statement execute function private.sum_reactions();


-- Sessions and who is in them ---------------------------------------------------------------------------------------

-- Everybody in a session has a mark of how far they have read: what was said before they came is not new to them.

create function private.begin_reading() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  insert into public.chat_reads (session_id, member_id, read_seq)
  select n.session_id, n.member_id, s.last_seq from new_rows n join public.chat_sessions s on s.id = n.session_id;
  insert into public.chat_counts (session_id, member_id, spoken)
  select n.session_id, n.member_id, s.spoken from new_rows n join public.chat_sessions s on s.id = n.session_id;
  return null;
end
$$;

create trigger reading after insert on public.chat_participants
  referencing new table as new_rows for each statement execute function private.begin_reading();

-- After `circle_left`, so that what is said of it is said on the topic of those who are left. The last one out ends it.

create function private.keep_chat() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  gone    record;
  heir    uuid;
  said_by uuid := auth.uid();
begin
  delete from public.chat_reads r using old_rows o where r.session_id = o.session_id and r.member_id = o.member_id;
  delete from public.chat_counts c using old_rows o where c.session_id = o.session_id and c.member_id = o.member_id;
  for gone in select o.* from old_rows o join public.chat_sessions s on s.id = o.session_id order by o.session_id, o.id loop
    if not exists (select from public.chat_participants p where p.session_id = gone.session_id) then
      delete from public.chat_sessions s where s.id = gone.session_id;
      continue;
    end if;
    if not exists (select from public.chat_participants p where p.session_id = gone.session_id and p.role = 'owner') then
      select p.id into heir from public.chat_participants p
      where p.session_id = gone.session_id order by p.created_at, p.id limit 1;
      update public.chat_participants p set role = 'owner' where p.id = heir;
    end if;
    if said_by is null or said_by = gone.member_id then
      perform private.tell_chat(gone.session_id, 'left', private.name_of(gone.member_id) || ' left', gone.member_id);
    else
      perform private.tell_chat(
        gone.session_id, 'removed', format('%s removed %s', private.name_of(said_by), private.name_of(gone.member_id)),
        gone.member_id, said_by);
    end if;
  end loop;
  return null;
end
$$;

create trigger keep_chat after delete on public.chat_participants
  referencing old table as old_rows for each statement execute function private.keep_chat();

-- Before `leave_circles`: a session's row is locked before its epoch, here as everywhere.

create function private.leave_chats() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform from public.chat_sessions s
  where s.id in (select p.session_id from public.chat_participants p where p.member_id = old.id)
  order by s.id for no key update;
  return old;
end
$$;

create trigger leave_chats before delete on public.profiles for each row execute function private.leave_chats();

create function public.create_chat(session_id uuid, title text, assistant boolean default true) returns public.chat_sessions
  language plpgsql security definer set search_path = ''
as $$
declare
  made public.chat_sessions;
begin
  select * into made from public.chat_sessions s where s.id = create_chat.session_id;
  if found then  -- sent twice
    if made.creator_id = auth.uid() and exists (
      select from public.chat_participants p where p.session_id = made.id and p.member_id = auth.uid()) then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif (select count(*) from public.chat_participants p where p.member_id = auth.uid()) >= 200 then
    raise exception 'Nobody can be in more than 200 chats' using errcode = 'PT409';
  elsif (
    select count(*) from public.chat_sessions s
    where s.creator_id = auth.uid() and s.created_at > clock_timestamp() - interval '1 hour'
  ) >= 30 then
    raise exception 'So many new chats at once are too many: wait a while' using errcode = 'PT429';
  end if;
  insert into public.chat_sessions (id, creator_id, title, assistant)
  values (create_chat.session_id, auth.uid(), btrim(create_chat.title), create_chat.assistant);
  insert into public.chat_participants (session_id, member_id, role) values (create_chat.session_id, auth.uid(), 'owner');
  perform private.tell_chat(
    create_chat.session_id, 'created', private.name_of(auth.uid()) || ' began this chat', auth.uid(), auth.uid());
  perform public.mark_read(create_chat.session_id, 1);
  select * into made from public.chat_sessions s where s.id = create_chat.session_id;
  return made;
end
$$;

create function public.update_chat(session_id uuid, title text default null, assistant boolean default null) returns public.chat_sessions
  language plpgsql security definer set search_path = ''
as $$
declare
  mine public.chat_sessions := private.my_chat(update_chat.session_id, open => true);
begin
  if update_chat.assistant is distinct from mine.assistant and update_chat.assistant is not null then
    update public.chat_sessions s set assistant = update_chat.assistant where s.id = mine.id;
    perform private.tell_chat(
      mine.id, 'assistant',
      format('%s switched the assistant %s', private.name_of(auth.uid()), case when update_chat.assistant then 'on' else 'off' end),
      auth.uid(), auth.uid());
  end if;
  if btrim(update_chat.title) <> mine.title then
    update public.chat_sessions s set title = btrim(update_chat.title) where s.id = mine.id;
    perform private.tell_chat(
      mine.id, 'renamed', format('%s renamed this chat to “%s”', private.name_of(auth.uid()), btrim(update_chat.title)),
      auth.uid(), auth.uid());
  end if;
  select * into mine from public.chat_sessions s where s.id = mine.id;
  return mine;
end
$$;

create function public.archive_chat(session_id uuid, archived boolean default true) returns public.chat_sessions
  language plpgsql security definer set search_path = ''
as $$
declare
  mine public.chat_sessions := private.my_chat(archive_chat.session_id, owner => true);
begin
  if archive_chat.archived = (mine.status = 'archived') then
    return mine;
  end if;
  update public.chat_sessions s set status = case when archive_chat.archived then 'archived' else 'active' end where s.id = mine.id;
  perform private.tell_chat(
    mine.id, case when archive_chat.archived then 'archived' else 'restored' end,
    private.name_of(auth.uid()) || case when archive_chat.archived then ' archived this chat' else ' restored this chat' end,
    auth.uid(), auth.uid());
  select * into mine from public.chat_sessions s where s.id = mine.id;
  return mine;
end
$$;

create function public.invite_to_chat(session_id uuid, username text) returns public.chat_participants
  language plpgsql security definer set search_path = ''
as $$
declare
  mine    public.chat_sessions := private.my_chat(invite_to_chat.session_id, open => true);
  invited public.profiles;
  made    public.chat_participants;
begin
  select * into invited from public.profiles p where p.username = lower(ltrim(btrim(invite_to_chat.username), '@'));
  if not found then
    raise exception 'Nobody has this user name' using errcode = '22023', hint = 'username';
  end if;
  select * into made from public.chat_participants p where p.session_id = mine.id and p.member_id = invited.id;
  if found then
    return made;
  elsif (select count(*) from public.chat_participants p where p.session_id = mine.id) >= 50 then
    raise exception 'A chat has at most 50 people' using errcode = 'PT409';
  elsif (select count(*) from public.chat_participants p where p.member_id = invited.id) >= 200 then
    raise exception '% is in too many chats', invited.display_name using errcode = 'PT409';
  elsif (
    select count(*) from public.chat_participants p
    where p.inviter_id = auth.uid() and p.created_at > clock_timestamp() - interval '1 hour'
  ) >= 100 then
    raise exception 'So many invitations at once are too many: wait a while' using errcode = 'PT429';
  end if;
  insert into public.chat_participants (session_id, member_id, role, inviter_id)
  values (mine.id, invited.id, 'member', auth.uid()) returning * into made;
  perform private.tell_chat(
    mine.id, 'joined', format('%s let %s in', private.name_of(auth.uid()), invited.display_name), invited.id, auth.uid());
  perform private.notify(invited.id, 'chat_invitation', mine.title, '/chat/' || mine.id, auth.uid(), mine.id);
  return made;
end
$$;

create function public.remove_from_chat(session_id uuid, member_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  mine public.chat_sessions := private.my_chat(remove_from_chat.session_id, owner => remove_from_chat.member_id <> auth.uid());
begin
  perform private.lock_circle('chat', mine.id);
  delete from public.chat_participants p where p.session_id = mine.id and p.member_id = remove_from_chat.member_id;
end
$$;

create function public.leave_chat(session_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  if exists (
    select from public.chat_participants p where p.session_id = leave_chat.session_id and p.member_id = auth.uid()) then
    perform public.remove_from_chat(leave_chat.session_id, auth.uid());
  end if;
end
$$;

-- Files are uploaded while one writes. Those that no message carries a day later were never sent; what is older than a month
-- has been looked at before.

create function private.discard_unsent() returns void
  language sql security definer set search_path = ''
as $$
  insert into private.media_trash (bucket, path)
  select 'attachments', o.name
  from storage.objects o
  where o.bucket_id = 'attachments' and o.created_at between now() - interval '30 days' and now() - interval '1 day'
    and not exists (
      select from public.chat_messages m
      where m.session_id = case when o.name ~ '^[0-9a-f-]{36}/' then left(o.name, 36)::uuid end and m.metadata ? 'attachments'
        and m.metadata -> 'attachments' @> jsonb_build_array(jsonb_build_object('path', o.name)))
  limit 500
  on conflict do nothing
$$;

comment on function private.discard_unsent() is 'Throws away files that were uploaded a day ago and are in no message';

create function public.rest_chats(idle_hours integer default 24) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  rested integer;
begin
  update public.chat_sessions s set status = 'inactive'
  where s.id in (
    select i.id from public.chat_sessions i
    where i.status = 'active' and i.last_activity < now() - make_interval(hours => idle_hours)
    order by i.id limit 500 for no key update skip locked);
  get diagnostics rested = row_count;
  perform private.discard_unsent();
  return rested;
end
$$;

comment on function public.create_chat(uuid, text, boolean) is 'A session of the caller''s under an id of theirs; sent twice it is made once. PT409, PT429: too many';
comment on function public.update_chat(uuid, text, boolean) is 'For everybody in it: its title, and whether the assistant answers. PT409: it is archived';
comment on function public.archive_chat(uuid, boolean) is 'For owners: nothing is said in it any more, or is again';
comment on function public.invite_to_chat(uuid, text) is 'For everybody in it; somebody who is in it is no error. 22023: nobody has this name; PT409, PT429: too many';
comment on function public.remove_from_chat(uuid, uuid) is 'For owners; somebody who is not in it is no error';
comment on function public.leave_chat(uuid) is 'Somebody who is not in it is no error. Whoever has been in it longest is owner when none is left';
comment on function public.rest_chats(integer) is 'Sessions in which nobody has said anything for a day are inactive; returns how many became so. Throws away files that were never sent';


-- Files -------------------------------------------------------------------------------------------------------------

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values ('attachments', 'attachments', false, 20971520, array[
  'image/png', 'image/jpeg', 'image/webp', 'image/gif', 'audio/webm', 'audio/ogg', 'audio/mp4', 'audio/mpeg', 'audio/wav',
  'video/mp4', 'video/webm', 'application/pdf', 'application/zip', 'text/plain', 'text/csv'])
on conflict (id) do nothing;

-- `session/author/file`: whoever is in the session may fetch it, and only its author wrote it.

create policy "participants fetch the files of their chats" on storage.objects
  for select to authenticated
  using (bucket_id = 'attachments' and (storage.foldername(name))[1] = any ((select live.mine('chat'))::text[]));

create policy "participants put files into their chats" on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'attachments' and (storage.foldername(name))[1] = any ((select live.mine('chat'))::text[])
    and (storage.foldername(name))[2] = (select auth.uid())::text);

create policy "participants take back their files" on storage.objects
  for delete to authenticated
  using (bucket_id = 'attachments' and (storage.foldername(name))[2] = (select auth.uid())::text
         and (storage.foldername(name))[1] = any ((select live.mine('chat'))::text[]));

create function private.discard_attachments() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    insert into private.media_trash (bucket, path) values ('attachments', old.id || '/') on conflict do nothing;
  else
    insert into private.media_trash (bucket, path)
    select 'attachments', a ->> 'path' from jsonb_array_elements(coalesce(old.metadata -> 'attachments', '[]')) a
    on conflict do nothing;
  end if;
  return null;
end
$$;

create trigger discard_attachments after update of deleted_at on public.chat_messages
  for each row when (old.deleted_at is null and new.deleted_at is not null) execute function private.discard_attachments();
create trigger discard_attachments after delete on public.chat_sessions
  for each row execute function private.discard_attachments();


-- Demo accounts share a chat, so that whoever tries them has somebody to talk to.

create function private.join_demo_chat() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  demo constant uuid := '5d3c1e0a-7000-4000-8000-000000000002';
begin
  insert into public.chat_sessions (id, title) values (demo, 'The studio floor') on conflict do nothing;
  perform from public.chat_sessions s where s.id = demo for no key update;
  insert into public.chat_participants (session_id, member_id, role)
  values (demo, new.id, case when exists (select from public.chat_participants p where p.session_id = demo) then 'member' else 'owner' end)
  on conflict do nothing;
  perform private.tell_chat(demo, 'joined', private.name_of(new.id) || ' joined', new.id);
  return null;
end
$$;

create trigger join_demo_chat after update of is_demo on public.profiles
  for each row when (new.is_demo and not old.is_demo) execute function private.join_demo_chat();

with demo as (
  insert into public.chat_sessions (id, title)
  select '5d3c1e0a-7000-4000-8000-000000000002', 'The studio floor' where exists (select from public.profiles p where p.is_demo)
  returning id
)
insert into public.chat_participants (session_id, member_id, role)
select d.id, p.id, case when row_number() over (order by p.created_at, p.id) = 1 then 'owner' else 'member' end
from demo d, public.profiles p where p.is_demo;


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.say(uuid, uuid, text, text, uuid, text, jsonb, uuid, text), private.tell_chat(uuid, text, text, uuid, uuid),
  private.name_of(uuid), private.my_chat(uuid, boolean, boolean), private.check_attachments(uuid, jsonb),
  private.tell_mentioned(public.chat_messages, text), private.my_message(uuid, boolean), private.sum_reactions(),
  private.begin_reading(), private.keep_chat(), private.leave_chats(), private.discard_attachments(),
  private.discard_unsent(), private.join_demo_chat(),
  public.send_message(uuid, uuid, text, text, jsonb, uuid), public.edit_message(uuid, text), public.delete_message(uuid),
  public.react(uuid, text, boolean), public.mark_read(uuid, bigint), public.search_messages(text, uuid, integer),
  public.create_chat(uuid, text, boolean), public.update_chat(uuid, text, boolean), public.archive_chat(uuid, boolean),
  public.invite_to_chat(uuid, text), public.remove_from_chat(uuid, uuid), public.leave_chat(uuid),
  public.rest_chats(integer)
  from public, anon, authenticated;

grant execute on function
  public.send_message(uuid, uuid, text, text, jsonb, uuid), public.edit_message(uuid, text), public.delete_message(uuid),
  public.react(uuid, text, boolean), public.mark_read(uuid, bigint), public.search_messages(text, uuid, integer),
  public.create_chat(uuid, text, boolean), public.update_chat(uuid, text, boolean), public.archive_chat(uuid, boolean),
  public.invite_to_chat(uuid, text), public.remove_from_chat(uuid, uuid), public.leave_chat(uuid)
  to authenticated;
grant execute on function public.rest_chats(integer) to service_role;
