-- How much one member may do in a time: so much at once, and then one more each so many seconds. The one mechanism for all
-- areas; what may exist of something at all (jobs that wait, datasets, teams) is counted by its area.

create table private.allowances (
  member_id uuid not null references public.profiles (id) on delete cascade,
  act       text not null check (char_length(act) between 1 and 40),
  remaining double precision not null,
  at        timestamptz not null,
  primary key (member_id, act)
);

comment on table private.allowances is 'What is left to a member of each act, as it was at `at`: it refills with the time';

create function private.allow(member uuid, act text, burst integer, refill_s double precision, n integer default 1) returns void
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  -- Holds the row until the end: what one member does of a kind happens one after the other.
  insert into private.allowances as a (member_id, act, remaining, at)
  select allow.member, allow.act, allow.burst - allow.n, clock_timestamp() where allow.n <= allow.burst
  on conflict (member_id, act) do update
  set remaining = least(allow.burst, a.remaining + extract(epoch from clock_timestamp() - a.at) / allow.refill_s) - allow.n,
      at = clock_timestamp()
  where least(allow.burst, a.remaining + extract(epoch from clock_timestamp() - a.at) / allow.refill_s) >= allow.n;
  if not found then
    raise exception 'That was a lot at once' using errcode = 'PT429', hint = 'Wait a little, then try again.';
  end if;
end
$$;

comment on function private.allow(uuid, text, integer, double precision, integer) is
  'Takes `n` from what a member may do of an act: at most `burst` at once, one more every `refill_s` seconds. PT429: too much. '
  'What is taken is given back when the transaction fails';

revoke all on function private.allow(uuid, text, integer, double precision, integer) from public, anon, authenticated;
