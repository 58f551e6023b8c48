-- Broadcasts can be lost without a word. Numbered beats on `world` go the way that all changes go, so that whoever
-- misses a number, or hears none, knows that changes may be missing, too. And the database tells what time it has.

create sequence live.beats;

create function public.beat() returns bigint
  language plpgsql security definer set search_path = ''
as $$
declare
  n bigint;
begin
  -- Several workers share the numbers; the lock lets them commit in the order in which they were drawn.
  perform pg_advisory_xact_lock(hashtext('live.beats'));
  n := nextval('live.beats');
  perform realtime.send(jsonb_build_object('n', n, 'at', clock_timestamp()), 'beat', 'world', true);
  return n;
end
$$;

comment on function public.beat() is 'Sends the next number as `beat` on the topic `world`; the number';

create function public.clock() returns timestamptz
  language sql volatile set search_path = ''
as $$
  select clock_timestamp()
$$;

comment on function public.clock() is 'The time of the database, against which others measure their clocks';

revoke all on sequence live.beats from public, anon, authenticated, service_role;
revoke all on function public.beat() from public, anon, authenticated;
revoke all on function public.clock() from public, anon, authenticated;
grant execute on function public.beat() to service_role;
grant execute on function public.clock() to anon, authenticated, service_role;
