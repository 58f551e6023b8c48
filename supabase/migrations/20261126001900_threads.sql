-- Threads, however long a chat: each reply knows with which message its thread begins, and that message how many replies
-- it has. Who reads a chat holds some hundred of its messages, by which neither could be told.

alter table public.chat_messages
  add column thread  uuid references public.chat_messages (id) on delete set null,
  add column replies integer not null default 0;

comment on column public.chat_messages.thread is 'With which message the thread of this reply begins';
comment on column public.chat_messages.replies is 'How many replies the thread that begins here has, without deleted ones';

drop function live.announce_chat_messages_insert() cascade;
drop function live.announce_chat_messages_update() cascade;
drop function live.announce_chat_messages_delete() cascade;

select live.announce('public.chat_messages', $$live.topic('chat', session_id)$$);

create index chat_messages_thread on public.chat_messages (thread, seq);

with recursive threads as (
  select m.id, m.id as thread from public.chat_messages m where m.reply_to is null
  union all
  select m.id, t.thread from public.chat_messages m join threads t on m.reply_to = t.id
)
update public.chat_messages m set thread = t.thread from threads t where t.id = m.id and m.reply_to is not null;

update public.chat_messages m set replies = t.replies
from (select r.thread, count(*) as replies from public.chat_messages r where r.deleted_at is null group by r.thread) t
where m.id = t.thread;

create function private.find_thread() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  select coalesce(m.thread, m.id) into new.thread from public.chat_messages m where m.id = new.reply_to;
  return new;
end
$$;

create function private.count_replies() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  update public.chat_messages m set replies = m.replies + case when new.deleted_at is null then 1 else -1 end where m.id = new.thread;
  return null;
end
$$;

create trigger thread before insert on public.chat_messages
  for each row when (new.reply_to is not null) execute function private.find_thread();
create trigger replied after insert on public.chat_messages
  for each row when (new.thread is not null) execute function private.count_replies();
create trigger unreplied after update of deleted_at on public.chat_messages
  for each row when (new.thread is not null and (old.deleted_at is null) <> (new.deleted_at is null)) execute function private.count_replies();

revoke all on function private.find_thread(), private.count_replies() from public, anon, authenticated;
