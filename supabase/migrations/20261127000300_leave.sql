-- Whoever leaves hears whether they have left, and a letter that waits is not said to be written.

-- A link that is old, or has not come through whole, unsubscribes nobody: who believes the contrary is written to again.

drop function public.unsubscribe(text);

create function public.unsubscribe(token text, sure boolean default true) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  letter public.sent_emails;
begin
  select e.* into letter from private.email_letters l join public.sent_emails e on e.id = l.email_id where l.token = unsubscribe.token;
  if not found or letter.sent_at is null and letter.status = 'queued' and not exists (
    select from private.email_letters l where l.email_id = letter.id and l.handed_at is not null) then
    return false;
  end if;
  if unsubscribe.sure then
    perform private.hold_teams_of(array[letter.id]);
    insert into public.email_suppressions (team_id, address, reason) values (letter.team_id, letter.to_address, 'unsubscribed')
    on conflict on constraint email_suppressions_team_id_address_key do update set reason = excluded.reason
      where email_suppressions.reason <> 'unsubscribed';
    perform private.end_queued(array(
      select e.id from public.sent_emails e
      where e.team_id = letter.team_id and e.to_address = letter.to_address and e.status = 'queued'), 'They unsubscribed');
  end if;
  return true;
end
$$;

comment on function public.unsubscribe(text, boolean) is
  'Whoever has the letter wants no more of the team''s; false: no letter that anybody has. Not sure: only asked whether there is one';

revoke all on function public.unsubscribe(text, boolean) from public, anon, authenticated;
grant execute on function public.unsubscribe(text, boolean) to anon, authenticated, service_role;


-- What is to go later is scheduled: nobody has been written to yet.

create or replace function private.log_campaign() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(
    new.sender_id, new.team_id, 'email_sent', new.name, 'email_campaigns', new.id,
    jsonb_build_object('count', new.recipients, 'later', new.scheduled_at > now()));
  return null;
end
$$;
