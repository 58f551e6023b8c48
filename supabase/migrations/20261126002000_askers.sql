-- What the assistant answered belongs to whoever asked, too: they take it back, a picture drawn with their credits above all.

create or replace function private.my_message(message uuid, owner boolean default false) returns public.chat_messages
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.chat_messages;
  mine boolean;
begin
  select * into said from public.chat_messages m where m.id = my_message.message;
  perform private.my_chat(said.session_id);
  select * into said from public.chat_messages m where m.id = my_message.message for no key update;
  mine := said.author_id = auth.uid() and said.role = 'user'
    or my_message.owner and said.role = 'assistant' and said.metadata ->> 'asked_by' = auth.uid()::text
    or my_message.owner and exists (
      select from public.chat_participants p
      where p.session_id = said.session_id and p.member_id = auth.uid() and p.role = 'owner' and said.role <> 'system');
  if not coalesce(mine, false) then
    raise exception 'This message is not yours' using errcode = '42501';
  end if;
  return said;
end
$$;

comment on function private.my_message(uuid, boolean) is
  'A message of the caller''s, locked; with `owner` any in a session they own, and what the assistant answered them. '
  'PT404: there is none; 42501: it is not theirs';
