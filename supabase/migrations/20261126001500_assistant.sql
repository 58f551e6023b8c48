-- The assistant of a chat: which messages it answers, who works on an answer, and what it does for whoever asked.

-- An answer is a message of its session from the moment at which a worker takes it, so it has one place on every screen;
-- its words are told on the session's topic as they come, and stored at the end. Whoever writes locks the session's row
-- first, then the answer's, then the epoch.

create table private.chat_answers (
  id          uuid primary key default gen_random_uuid(),
  question_id uuid not null unique references public.chat_messages (id) on delete cascade,
  session_id  uuid not null references public.chat_sessions (id) on delete cascade,
  member_id   uuid not null references public.profiles (id) on delete cascade,
  status      text not null default 'waiting' check (status in ('waiting', 'active', 'ended')),
  limited     boolean not null default false,
  stopping    boolean not null default false,
  attempt     integer not null default 0,
  tries       integer not null default 0,
  worker      text,
  expires_at  timestamptz,
  asked_at    timestamptz not null default clock_timestamp()
);

comment on table private.chat_answers is 'One for each message that the assistant answers; `id` is that of the message it becomes';
comment on column private.chat_answers.attempt is 'The fence: whoever works on an earlier one changes nothing any more';
comment on column private.chat_answers.tries is 'Of these since it was last asked';
comment on column private.chat_answers.limited is 'Its member asked too much: the answer says so, and nothing else';

create index chat_answers_session on private.chat_answers (session_id, status);
create index chat_answers_member on private.chat_answers (member_id, asked_at);
create index chat_answers_due on private.chat_answers (asked_at) where status <> 'ended';

create table private.chat_pictures (
  message_id uuid primary key references public.chat_messages (id) on delete cascade,
  job_id     uuid not null unique default gen_random_uuid(),
  worker     text,
  expires_at timestamptz
);

comment on table private.chat_pictures is 'Cards that follow a job until its picture is posted; a job that is deleted ends them, too';


-- Who is answered -----------------------------------------------------------------------------------------------------

-- Whoever is alone with it always is. Among people it keeps silent unless a message is meant for it: a command, its name
-- with an @, or a reply to what it said.

create function private.asks_assistant(said public.chat_messages) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select said.role = 'user' and said.message_type = 'text' and said.content ~ '\S'
    and exists (select from public.chat_sessions s where s.id = said.session_id and s.assistant and s.status <> 'archived')
    and (said.content ~ '^/[A-Za-z]'
      or said.content ~* '(^|[^[:alnum:]_@/.])@(assistant|starling)($|[^[:alnum:]_])'
      or exists (select from public.chat_messages m where m.id = said.reply_to and m.role = 'assistant')
      or not exists (
        select from public.chat_participants p where p.session_id = said.session_id and p.member_id <> said.author_id))
$$;

create function private.answers_left(member uuid) returns integer
  language sql stable security definer set search_path = ''
as $$
  select least(
    20 - count(*) filter (where a.asked_at > clock_timestamp() - interval '1 minute'),
    5 - count(*) filter (where a.status <> 'ended'))::integer
  from private.chat_answers a
  where a.member_id = answers_left.member and a.asked_at > clock_timestamp() - interval '1 hour' and not a.limited
$$;

comment on function private.answers_left(uuid) is 'How much more somebody may ask now: 20 in a minute, 5 that are not answered yet';

create function private.ask_assistant() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  much boolean;
begin
  if not private.asks_assistant(new) then
    return null;
  end if;
  much := private.answers_left(new.author_id) <= 0;
  if much and exists (
    select from private.chat_answers a
    where a.member_id = new.author_id and a.limited and a.asked_at > clock_timestamp() - interval '30 seconds'
  ) then
    return null;  -- it has just been said
  end if;
  insert into private.chat_answers (question_id, session_id, member_id, limited)
  values (new.id, new.session_id, new.author_id, much);
  return null;
end
$$;

create trigger ask_assistant after insert on public.chat_messages
  for each row when (new.role = 'user') execute function private.ask_assistant();


-- What workers do -----------------------------------------------------------------------------------------------------

create function private.lock_answer(message uuid) returns private.chat_answers
  language plpgsql security definer set search_path = ''
as $$
declare
  answer private.chat_answers;
begin
  select * into answer from private.chat_answers a where a.id = lock_answer.message;
  perform from public.chat_sessions s where s.id = answer.session_id for no key update;
  select * into answer from private.chat_answers a where a.id = lock_answer.message for update;
  return answer;
end
$$;

comment on function private.lock_answer(uuid) is 'An answer, locked after its session; null when there is none';

create function private.end_answer(
  answer private.chat_answers, content text, message_type text default 'text', metadata jsonb default '{}', status text default 'delivered'
) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.chat_messages;
begin
  update private.chat_answers a set status = 'ended', stopping = false, worker = null, expires_at = null where a.id = answer.id;
  update public.chat_messages m
  set content = left(end_answer.content, 8000), message_type = end_answer.message_type, status = end_answer.status,
      metadata = m.metadata || end_answer.metadata
  where m.id = answer.id and m.deleted_at is null
  returning * into said;
  update public.chat_sessions s
  set snippet = left(regexp_replace(btrim(said.content), '\s+', ' ', 'g'), 140), last_activity = clock_timestamp()
  where s.id = said.session_id and s.last_seq = said.seq;
end
$$;

comment on function private.end_answer(private.chat_answers, text, text, jsonb, text) is 'What an answer has become. A deleted one stays deleted';

-- One answer at a time in a session, so that each knows those before it. An answer whose worker died is taken over, twice.

create function public.claim_answers(worker text, n integer, lease_s integer default 20, simulated boolean default false)
  returns setof jsonb
  language plpgsql security definer set search_path = ''
as $$
declare
  due      record;
  answer   private.chat_answers;
  question public.chat_messages;
  session  public.chat_sessions;
  taken    integer := 0;
  marks    constant jsonb := case when claim_answers.simulated then '{"simulated": true}' else '{}' end;
begin
  for due in
    select * from (
      select distinct on (a.session_id) a.id, a.session_id, a.asked_at from private.chat_answers a
      where a.status = 'waiting' or a.status = 'active' and a.expires_at < clock_timestamp()
      order by a.session_id, a.asked_at, a.id) d
    order by d.asked_at, d.id limit 50
  loop
    exit when taken >= claim_answers.n;
    select * into session from public.chat_sessions s where s.id = due.session_id for no key update skip locked;
    continue when not found or exists (
      select from private.chat_answers a
      where a.session_id = session.id and a.status = 'active' and a.expires_at >= clock_timestamp());
    select * into answer from private.chat_answers a where a.id = due.id and a.status <> 'ended' for update skip locked;
    continue when not found;
    select * into question from public.chat_messages m where m.id = answer.question_id;

    if question.deleted_at is not null or not session.assistant or session.status = 'archived' or answer.stopping
       or not exists (
         select from public.chat_participants p where p.session_id = session.id and p.member_id = answer.member_id)
       or answer.tries = 0 and answer.asked_at < clock_timestamp() - interval '10 minutes' then
      perform private.end_answer(answer, '', metadata => '{"stopped": true}');
      continue;
    elsif answer.tries >= 3 then
      perform private.end_answer(
        answer, '', metadata => '{"error": "The assistant broke off three times"}', status => 'error');
      continue;
    elsif exists (select from public.chat_messages m where m.id = answer.id and m.deleted_at is not null) then
      perform private.end_answer(answer, '');
      continue;
    end if;

    if not exists (select from public.chat_messages m where m.id = answer.id) then
      perform private.say(
        session.id, null, 'assistant', '', answer.id, 'text',
        jsonb_build_object('answers', question.id, 'asked_by', question.author_id) || marks,
        case when question.reply_to is not null then question.id end, 'sending');
      update public.chat_sessions s set snippet = 'The assistant is answering' where s.id = session.id;
    else
      update public.chat_messages m set metadata = m.metadata - 'simulated' || marks
      where m.id = answer.id and m.metadata is distinct from m.metadata - 'simulated' || marks;
    end if;
    update private.chat_answers a
    set status = 'active', attempt = a.attempt + 1, tries = a.tries + 1, worker = claim_answers.worker,
        expires_at = clock_timestamp() + make_interval(secs => lease_s)
    where a.id = answer.id returning * into answer;
    taken := taken + 1;
    return next jsonb_build_object(
      'id', answer.id, 'attempt', answer.attempt, 'session', session.id, 'title', session.title, 'member', answer.member_id,
      'name', private.name_of(question.author_id), 'question', question.content, 'limited', answer.limited,
      'people', (select count(*) from public.chat_participants p where p.session_id = session.id),
      'history', coalesce((
        select jsonb_agg(jsonb_build_object('role', h.role, 'name', h.name, 'content', h.content) order by h.seq)
        from (
          select m.seq, m.role, private.name_of(m.author_id) as name, left(m.content, 1500) as content
          from public.chat_messages m
          where m.session_id = session.id and m.seq < question.seq and m.role <> 'system' and m.content <> ''
            and m.deleted_at is null
          order by m.seq desc limit 20) h), '[]'),
      'models', coalesce((
        select jsonb_agg(jsonb_build_object('name', o.name, 'cost', o.cost, 'makes', to_jsonb(o.makes)) order by o.cost, o.name)
        from (
          select l.name, l.cost, l.makes from public.models l
          where l.visibility = 'public' and l.owner_id is null order by l.cost, l.name limit 12) o), '[]'),
      'queue', (
        select jsonb_build_object(
          'waiting', count(*) filter (where j.status = 'waiting'), 'active', count(*) filter (where j.status = 'active'))
        from public.generation_jobs j where j.status in ('waiting', 'active')));
  end loop;
end
$$;

create function public.keep_answers(worker text, answers jsonb, lease_s integer default 20) returns jsonb
  language sql security definer set search_path = ''
as $$
  with kept as (
    update private.chat_answers a
    set expires_at = clock_timestamp() + make_interval(secs => lease_s)
    from jsonb_to_recordset(answers) as r (id uuid, attempt integer)
    where a.id = r.id and a.attempt = r.attempt and a.worker = keep_answers.worker and a.status = 'active'
    returning a.id, a.stopping or not exists (
      select from public.chat_sessions s where s.id = a.session_id and s.assistant and s.status <> 'archived') as stop
  )
  select coalesce(jsonb_object_agg(k.id, k.stop), '{}') from kept k
$$;

-- `at` is how many characters are before these: 0 is the answer from its beginning, which heals whatever was missed.

create function public.stream_answer(message_id uuid, worker text, attempt integer, at integer, words text) returns text
  language plpgsql security definer set search_path = ''
as $$
declare
  answer private.chat_answers;
begin
  select * into answer from private.chat_answers a
  where a.id = stream_answer.message_id and a.status = 'active' and a.worker = stream_answer.worker
    and a.attempt = stream_answer.attempt
    and exists (select from public.chat_messages m where m.id = a.id and m.deleted_at is null);
  if not found then
    return 'lost';
  elsif answer.stopping then
    return 'stop';
  elsif stream_answer.at not between 0 and 8000 or char_length(stream_answer.words) > 8000 then
    raise exception 'An answer has at most 8,000 characters' using errcode = '22023';
  end if;
  perform realtime.send(
    jsonb_build_object('message', answer.id, 'attempt', answer.attempt, 'at', stream_answer.at, 'words', stream_answer.words),
    'words', live.topic('chat', answer.session_id), true);
  return 'go';
end
$$;

create function public.finish_answer(
  message_id uuid, worker text, attempt integer, content text, message_type text default 'text', metadata jsonb default '{}',
  status text default 'delivered'
) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  answer private.chat_answers := private.lock_answer(finish_answer.message_id);
begin
  if answer.status = 'active' and answer.worker = finish_answer.worker and answer.attempt = finish_answer.attempt then
    perform private.end_answer(
      answer, finish_answer.content, finish_answer.message_type, finish_answer.metadata, finish_answer.status);
    return true;
  end if;
  return false;
end
$$;

create function public.release_answers(worker text) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  released integer;
begin
  update private.chat_answers a set status = 'waiting', tries = 0, worker = null, expires_at = null
  where a.worker = release_answers.worker and a.status = 'active';
  get diagnostics released = row_count;
  return released;
end
$$;

comment on function public.claim_answers(text, integer, integer, boolean) is
  'Takes up to n answers that wait for a worker, under a lease, and gives each its place in its session, marked when it is simulated: {"id", "attempt", '
  '"session", "title", "member", "name", "question", "limited", "people", "history", "models", "queue"}';
comment on function public.keep_answers(text, jsonb, integer) is
  'Renews the leases of [{"id", "attempt"}]; those still held, and whether they shall stop';
comment on function public.stream_answer(uuid, text, integer, integer, text) is
  'Tells the session''s people words of an answer, from a character on. go; stop: somebody asked for it; lost: it is not this worker''s';
comment on function public.finish_answer(uuid, text, integer, text, text, jsonb, text) is 'Stores an answer; false when the lease is lost';
comment on function public.release_answers(text) is 'A worker that stops gives its answers back; returns how many';


-- Pictures ------------------------------------------------------------------------------------------------------------

-- A job of the member who asked: their queue, their credits, their limits, for it goes through `private.enqueue` as
-- theirs. It is private, as the chat is; the picture is copied to the chat's files when it is done. What is said of
-- credits names no balance: that is nobody else's to know.

create function public.imagine_answer(message_id uuid, worker text, attempt integer, prompt text) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
declare
  answer private.chat_answers := private.lock_answer(imagine_answer.message_id);
  caller constant text := current_setting('request.jwt.claims', true);
  model  public.models;
  job    uuid;
  why    text;
begin
  if answer.id is null or answer.status <> 'active' or answer.worker is distinct from imagine_answer.worker
     or answer.attempt <> imagine_answer.attempt or answer.limited then
    return null;
  elsif not exists (
    select from public.chat_participants p where p.session_id = answer.session_id and p.member_id = answer.member_id) then
    return jsonb_build_object('refused', 'Whoever asked for this has left the chat.');
  end if;
  select * into model from public.models m
  where m.owner_id is null and m.visibility = 'public' and 'image' = any (m.makes) order by m.slug <> 'aurora', m.cost, m.slug limit 1;
  begin
    perform set_config(
      'request.jwt.claims', jsonb_build_object('sub', answer.member_id, 'role', 'authenticated')::text, true);
    insert into private.chat_pictures (message_id) values (answer.id) returning job_id into job;
    perform private.enqueue(
      array[job], null, 'image', imagine_answer.prompt, model.id, '{}', 'private', '', null, null);
    perform set_config('request.jwt.claims', coalesce(caller, ''), true);
  exception
    when sqlstate 'PT402' then
      why := format('This costs %s, and that is more than you have. Top up, and ask again.', private.credits(model.cost));
    when sqlstate 'PT429' then
      why := 'Your queue is full. Wait for some of your jobs to finish, and ask again.';
    when sqlstate '22023' or check_violation then
      why := 'This prompt cannot be drawn: from one to a thousand characters, please.';
  end;
  if why is not null then
    return jsonb_build_object('refused', why);
  end if;
  perform private.end_answer(answer, imagine_answer.prompt, 'adapter_action', jsonb_build_object('action', jsonb_build_object(
    'name', 'imagine', 'status', 'waiting', 'progress', 0, 'job', job, 'prompt', imagine_answer.prompt,
    'cost', model.cost, 'model', model.name)));
  return jsonb_build_object('job', job);
end
$$;

create function private.show_picture(message uuid, changes jsonb) returns void
  language sql security definer set search_path = ''
as $$
  update public.chat_messages m
  set metadata = jsonb_set(m.metadata, '{action}', (m.metadata -> 'action') || show_picture.changes)
  where m.id = show_picture.message and m.deleted_at is null
$$;

create function public.follow_pictures(worker text, n integer default 4, lease_s integer default 30) returns setof jsonb
  language plpgsql security definer set search_path = ''
as $$
declare
  card record;
  free integer := follow_pictures.n;
begin
  for card in
    select p.message_id, p.job_id, m.session_id, j.owner_id, g.id as picture, g.media_path, g.media_type, g.bytes, g.width, g.height,
           p.expires_at >= clock_timestamp() as taken,
           jsonb_build_object(
             'status', case when j.status in ('waiting', 'active') then j.status when j.status = 'completed' and g.id is not null
                            then 'active' when j.status = 'failed' then 'failed' else 'cancelled' end,
             'progress', case j.status when 'completed' then 100 else j.progress / 5 * 5 end,
             'stage', case j.status when 'failed' then coalesce(j.error, '') else j.stage end) as shown,
           m.metadata -> 'action' as action, m.deleted_at
    from private.chat_pictures p
    join public.chat_messages m on m.id = p.message_id
    left join public.generation_jobs j on j.id = p.job_id
    left join public.generations g on g.job_id = j.id and g.ordinal = 0
    order by m.session_id, m.seq limit 500
  loop
    if card.deleted_at is not null then
      delete from private.chat_pictures p where p.message_id = card.message_id;
      continue;
    end if;
    continue when card.action @> card.shown and (card.picture is null or card.taken or free <= 0);
    perform from public.chat_sessions s where s.id = card.session_id for no key update skip locked;
    continue when not found;
    if not card.action @> card.shown then
      perform private.show_picture(card.message_id, card.shown);
    end if;
    if card.picture is not null and free > 0 then
      update private.chat_pictures p
      set worker = follow_pictures.worker, expires_at = clock_timestamp() + make_interval(secs => lease_s)
      where p.message_id = card.message_id and (p.expires_at is null or p.expires_at < clock_timestamp());
      if found then
        free := free - 1;
        return next jsonb_build_object(
          'message', card.message_id, 'source', card.media_path,
          'path', format('%s/%s/%s.webp', card.session_id, card.owner_id, card.picture), 'picture', card.picture,
          'attachment', jsonb_build_object(
            'name', 'picture.webp', 'type', card.media_type, 'size', card.bytes, 'width', card.width, 'height', card.height));
      end if;
    elsif card.shown ->> 'status' in ('failed', 'cancelled') then
      delete from private.chat_pictures p where p.message_id = card.message_id;
    end if;
  end loop;
end
$$;

create function public.post_picture(message_id uuid, worker text, path text, picture uuid, attachment jsonb) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.chat_messages;
begin
  select * into said from public.chat_messages m where m.id = post_picture.message_id;
  perform from public.chat_sessions s where s.id = said.session_id for no key update;
  delete from private.chat_pictures p where p.message_id = post_picture.message_id and p.worker = post_picture.worker;
  if not found then
    return false;
  end if;
  update public.chat_messages m
  set metadata = m.metadata || jsonb_build_object(
    'attachments', jsonb_build_array(post_picture.attachment || jsonb_build_object('path', post_picture.path)),
    'action', (m.metadata -> 'action') || jsonb_build_object(
      'status', 'completed', 'progress', 100, 'stage', '', 'generation', post_picture.picture))
  where m.id = said.id and m.deleted_at is null;
  if not found then  -- deleted meanwhile: nobody shall fetch the copy
    insert into private.media_trash (bucket, path) values ('attachments', post_picture.path) on conflict do nothing;
    return false;
  end if;
  update public.chat_sessions s set last_activity = clock_timestamp() where s.id = said.session_id;
  return true;
end
$$;

comment on function public.imagine_answer(uuid, text, integer, text) is
  'Queues a picture for the member who asked, as they would themselves, and makes the answer the card that shows it: {"job"}, or '
  '{"refused"} in words; null when the lease is lost';
comment on function private.show_picture(uuid, jsonb) is 'Changes what a card says of its job';
comment on function public.follow_pictures(text, integer, integer) is
  'Brings cards up to their jobs, and hands out those whose picture is to be copied: {"message", "source", "path", "picture", "attachment"}';
comment on function public.post_picture(uuid, text, text, uuid, jsonb) is 'The copy is there: the card shows it; false when it is another''s to post, or deleted';


-- What participants do ------------------------------------------------------------------------------------------------

create function private.my_answer(message uuid, open boolean default false) returns private.chat_answers
  language plpgsql security definer set search_path = ''
as $$
declare
  answer private.chat_answers;
begin
  select * into answer from private.chat_answers a where a.id = my_answer.message;
  perform private.my_chat(answer.session_id, open => my_answer.open);
  select * into answer from private.chat_answers a where a.id = my_answer.message for update;
  return answer;
end
$$;

comment on function private.my_answer(uuid, boolean) is 'An answer in a session of the caller''s, locked. PT404: there is none; PT409: it is archived';

create function public.stop_answer(message_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  answer private.chat_answers := private.my_answer(stop_answer.message_id);
begin
  if answer.status = 'active' then
    update private.chat_answers a set stopping = true where a.id = answer.id;
  elsif answer.status = 'waiting' then
    perform private.end_answer(answer, '', metadata => '{"stopped": true}');
  end if;
end
$$;

create function public.regenerate_answer(message_id uuid) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  answer   private.chat_answers := private.my_answer(regenerate_answer.message_id, true);
  said     public.chat_messages;
  question public.chat_messages;
begin
  select * into said from public.chat_messages m where m.id = answer.id;
  select * into question from public.chat_messages m where m.id = answer.question_id;
  if said.id is null or said.deleted_at is not null or question.deleted_at is not null then
    raise exception 'This message is deleted' using errcode = 'PT409';
  elsif answer.status <> 'ended' then
    return said;  -- asked twice
  elsif not (select s.assistant from public.chat_sessions s where s.id = said.session_id) then
    raise exception 'The assistant is switched off in this chat' using errcode = 'PT409', hint = 'Switch it on to go on.';
  elsif question.content ~ '^/[A-Za-z]' and question.author_id is distinct from auth.uid() then
    raise exception 'Only who asked may have this done again' using errcode = '42501';
  elsif exists (select from private.chat_pictures p where p.message_id = said.id) then
    raise exception 'This picture is not finished yet' using errcode = 'PT409';
  elsif private.answers_left(auth.uid()) <= 0 then
    raise exception 'So many questions at once are too many: wait a minute' using errcode = 'PT429';
  end if;
  insert into private.media_trash (bucket, path)
  select 'attachments', t ->> 'path' from jsonb_array_elements(coalesce(said.metadata -> 'attachments', '[]')) t on conflict do nothing;
  update public.chat_messages m
  set content = '', message_type = 'text', status = 'sending',
      metadata = jsonb_build_object('answers', question.id, 'asked_by', question.author_id)
  where m.id = said.id returning * into said;
  update private.chat_answers a
  set status = 'waiting', tries = 0, limited = false, stopping = false, member_id = auth.uid(), asked_at = clock_timestamp()
  where a.id = answer.id;
  return said;
end
$$;

comment on function public.stop_answer(uuid) is
  'For everybody in the session: what was said so far stays. One that has ended stays as it is. PT404: there is none';
comment on function public.regenerate_answer(uuid) is
  'For everybody in the session, what a command did for who gave it: the answer is made anew in its place. Twice is once. PT404: '
  'there is none; PT409: deleted, archived, switched off, or a picture under way; 42501: another''s command; PT429: too much at once';


-- Rights --------------------------------------------------------------------------------------------------------------

revoke all on function
  private.asks_assistant(public.chat_messages), private.answers_left(uuid), private.ask_assistant(), private.lock_answer(uuid),
  private.end_answer(private.chat_answers, text, text, jsonb, text), private.show_picture(uuid, jsonb), private.my_answer(uuid, boolean),
  public.claim_answers(text, integer, integer, boolean), public.keep_answers(text, jsonb, integer),
  public.stream_answer(uuid, text, integer, integer, text), public.finish_answer(uuid, text, integer, text, text, jsonb, text),
  public.release_answers(text), public.imagine_answer(uuid, text, integer, text), public.follow_pictures(text, integer, integer),
  public.post_picture(uuid, text, text, uuid, jsonb), public.stop_answer(uuid), public.regenerate_answer(uuid)
  from public, anon, authenticated;

grant execute on function public.stop_answer(uuid), public.regenerate_answer(uuid) to authenticated;
grant execute on function
  public.claim_answers(text, integer, integer, boolean), public.keep_answers(text, jsonb, integer),
  public.stream_answer(uuid, text, integer, integer, text), public.finish_answer(uuid, text, integer, text, text, jsonb, text),
  public.release_answers(text), public.imagine_answer(uuid, text, integer, text), public.follow_pictures(text, integer, integer),
  public.post_picture(uuid, text, text, uuid, jsonb)
  to service_role;
