-- E-mail, better behaved: answers go to whoever wrote, a refusal is not taken for an address that is gone, and nobody is told
-- too little, or sent a digest that says nothing. Functions of the migration of e-mail, as they are from here on.

-- Answers go to whoever sent the campaign, as long as they are there.

drop function public.claim_emails(text, integer, integer);

create function public.claim_emails(worker text, n integer, lease_s integer default 60)
  returns table (
    id uuid, attempt integer, token text, sender text, reply_to text, team text, to_name text, to_address text, subject text, body text,
    links jsonb)
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  taken   uuid[];
  refused uuid[];
begin
  -- In turns between teams: one team's thousand does not hold up another's first.
  select coalesce(array_agg(line.id), '{}') into taken
  from (
    select q.id from (
      select e.id, e.scheduled_at, row_number() over (partition by e.team_id order by e.scheduled_at, e.id) as turn
      from public.sent_emails e
      join private.email_letters l on l.email_id = e.id
      where e.status = 'queued' and e.scheduled_at <= now() and l.worker is null
    ) q
    order by q.turn, q.scheduled_at, q.id
    limit least(greatest(n, 0), 500)
  ) line;
  if cardinality(taken) = 0 then
    return;
  end if;
  select coalesce(array_agg(e.id), '{}') into refused
  from public.sent_emails e join public.email_suppressions s on s.team_id = e.team_id and s.address = e.to_address
  where e.id = any (taken);
  if cardinality(refused) > 0 then
    perform private.hold_teams_of(refused);
    perform private.end_queued(refused, 'They do not want any');
  end if;
  return query
  with free as (
    select e.id from public.sent_emails e
    join private.email_letters l on l.email_id = e.id
    where e.id = any (taken) and e.status = 'queued' and l.worker is null
    order by e.id
    for update of l skip locked
  ), leased as (
    update private.email_letters l
    set worker = claim_emails.worker, attempt = l.attempt + 1, expires_at = now() + make_interval(secs => lease_s)
    from free where l.email_id = free.id
    returning l.*
  )
  select e.id, l.attempt, l.token, coalesce(p.display_name, t.name), u.email::text, t.name, e.to_name, e.to_address, e.subject, l.body,
         coalesce((select jsonb_object_agg(k.url, k.token) from private.email_links k where k.email_id = e.id), '{}')
  from leased l
  join public.sent_emails e on e.id = l.email_id
  join public.teams t on t.id = e.team_id
  left join public.profiles p on p.id = e.sender_id
  left join auth.users u on u.id = e.sender_id
  order by e.scheduled_at, e.id;
end
$$;

comment on function public.claim_emails(text, integer, integer) is
  'Takes up to n letters that are due for a worker, in turns between teams, under a lease; `links` are {url: token}, answers go to '
  '`reply_to`';

revoke all on function public.claim_emails(text, integer, integer) from public, anon, authenticated;
grant execute on function public.claim_emails(text, integer, integer) to service_role;


-- A letter bounces when it is refused for good. Its address is left alone only where there is nobody: a server that takes the
-- text for spam, or does not relay, says nothing about who lives there.

create or replace function public.report_emails(worker text, reports jsonb) returns setof uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  ids constant uuid[] := array(select (r ->> 'id')::uuid from jsonb_array_elements(reports) r);
begin
  perform private.hold_teams_of(ids);
  return query
  with report as (
    select * from jsonb_to_recordset(reports)
      as r (id uuid, attempt integer, status text, error text, simulated boolean, retry_s integer, gone boolean)
  ), held as (
    select e.id, r.error, coalesce(r.simulated, false) as simulated, r.retry_s, coalesce(r.gone, true) as gone,
           case when r.status = 'retry' and l.failures >= 4 then 'failed' else r.status end as status
    from public.sent_emails e
    join report r on r.id = e.id and r.status in ('sent', 'bounced', 'failed', 'retry')
    join private.email_letters l on l.email_id = e.id and l.worker = report_emails.worker and l.attempt = r.attempt
    where e.status = 'queued'
    order by e.id
    for update of e, l
  ), let_go as (
    update private.email_letters l
    set worker = null, expires_at = null, handed_at = case when held.status = 'retry' then null else l.handed_at end,
        failures = l.failures + case when held.status = 'retry' then 1 else 0 end
    from held where l.email_id = held.id
  ), suppressed as (
    insert into public.email_suppressions (team_id, address, reason)
    select e.team_id, e.to_address, 'bounced' from held join public.sent_emails e on e.id = held.id
    where held.status = 'bounced' and held.gone
    order by e.team_id, e.to_address
    on conflict on constraint email_suppressions_team_id_address_key do nothing
  )
  update public.sent_emails e
  set status = case held.status when 'retry' then 'queued' else held.status end, error = left(held.error, 300), simulated = held.simulated,
      scheduled_at = case held.status when 'retry' then now() + make_interval(secs => coalesce(held.retry_s, 60)) else e.scheduled_at end,
      sent_at = case held.status when 'sent' then now() when 'bounced' then now() else e.sent_at end,
      ended_at = case when held.status in ('bounced', 'failed') then now() end
  from held where e.id = held.id
  returning e.id;
end
$$;

comment on function public.report_emails(text, jsonb) is
  '[{"id", "attempt", "status": sent|bounced|failed|retry, "error", "simulated", "retry_s", "gone"}]: gives the leases back; returns '
  'the ids that were the worker''s. The fifth retry is a failure; what bounced is not written to again, unless gone is false';


-- Who wrote to a few wants to know who of them has read it; who wrote to many does not want to be told 500 times. So up to ten
-- recipients each is told by name, and of more the first, the tenth, the hundredth; the campaign's page says the rest, live.

create or replace function private.track(email uuid, kind text, url text, machine boolean, agent text) returns void
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  letter  public.sent_emails;
  handed  timestamptz;
  by_machine boolean;
  openers integer;
begin
  perform private.hold_teams_of(array[track.email]);
  select e.* into letter from public.sent_emails e where e.id = track.email for no key update;
  if not found then
    return;
  end if;
  select l.handed_at into handed from private.email_letters l where l.email_id = letter.id;
  if letter.sent_at is null and handed is null then
    return;  -- nobody has it yet
  end if;
  -- Nobody reads that quickly: it is what looks through mail on its way.
  by_machine := coalesce(track.machine, false)
    or now() < coalesce(letter.delivered_at, letter.sent_at, handed) + interval '2 seconds';
  if exists (
      select from public.email_clicks c
      where c.email_id = letter.id and c.kind = track.kind and c.machine = by_machine and c.url is not distinct from track.url
        and c.created_at > now() - interval '10 minutes')
     or (select count(*) from public.email_clicks c where c.email_id = letter.id) >= 100 then
    return;
  end if;
  insert into public.email_clicks (team_id, email_id, kind, url, machine, agent)
  values (letter.team_id, letter.id, track.kind, track.url, by_machine, left(regexp_replace(coalesce(track.agent, ''), '[[:cntrl:]]', '', 'g'), 200));
  if by_machine then
    return;
  end if;
  update public.sent_emails e
  set status       = case when track.kind = 'click' or e.status = 'clicked' then 'clicked' when e.status in ('bounced', 'cancelled') then e.status
                          else 'opened' end,
      error        = case when e.status in ('bounced', 'cancelled') then e.error end,
      ended_at     = case when e.status in ('bounced', 'cancelled') then e.ended_at end,
      sent_at      = coalesce(e.sent_at, handed),
      delivered_at = coalesce(e.delivered_at, now()),
      opened_at    = coalesce(e.opened_at, now()),
      clicked_at   = case track.kind when 'click' then coalesce(e.clicked_at, now()) else e.clicked_at end,
      opens        = greatest(1, (  -- whoever clicks has opened it, whether or not they let pictures in
        select count(*) from public.email_clicks c where c.email_id = e.id and c.kind = 'open' and not c.machine)),
      clicks       = e.clicks + case track.kind when 'click' then 1 else 0 end
  where e.id = letter.id;
  if letter.opened_at is null then
    -- One after the other, or two who open at once both count themselves as the ninth, and nobody is the tenth.
    perform pg_advisory_xact_lock(hashtextextended('openers of ' || letter.campaign_id, 0));
    select count(*) into openers from public.sent_emails e where e.campaign_id = letter.campaign_id and e.status in ('opened', 'clicked');
    perform private.notify(
      letter.sender_id, 'email_opened', c.name, format('/emails/%s?team=%s', c.id, letter.team_id), subject => c.id,
      body => case when c.recipients > 10 and openers > 1 then openers || ' people'
                   else coalesce(nullif(letter.to_name, ''), letter.to_address)
                        || case when openers > 1 then format(' and %s more', openers - 1) else '' end end)
    from public.email_campaigns c
    where c.id = letter.campaign_id and (c.recipients <= 10 or openers in (1, 10, 100, 1000));
  end if;
end
$$;

update public.notification_kinds
set position = 66, description = 'By a person. Of up to ten recipients each, of more the first, the tenth, the hundredth'
where kind = 'email_opened';


-- Digests: none on a day on which there is nothing to say, and none lost because a mail server is away in the morning.

alter table public.digests drop constraint digests_status_check;
alter table public.digests add constraint digests_status_check check (status in ('queued', 'sending', 'sent', 'failed', 'quiet'));

comment on column public.digests.status is 'quiet: there was nothing to say, and nothing is sent';

create or replace function private.digest_numbers(member uuid) returns jsonb
  language sql stable security definer set search_path = ''
as $$
  with teams as (select m.team_id from public.team_members m where m.member_id = digest_numbers.member),
  since as (select now() - interval '1 day' as at)
  select jsonb_build_object(
    'pictures', (select count(*) from public.generations g, since where g.owner_id = digest_numbers.member and g.created_at > since.at),
    'failed_jobs', (select count(*) from public.generation_jobs j, since
                    where j.owner_id = digest_numbers.member and j.status = 'failed' and j.finished_at > since.at),
    'unread', (select count(*) from public.notifications n, since
               where n.owner_id = digest_numbers.member and n.read_at is null and n.happened_at > since.at),
    'contacts', (select count(*) from public.contacts c join teams on teams.team_id = c.team_id, since where c.created_at > since.at),
    'emails_sent', (select count(*) from public.sent_emails e join teams on teams.team_id = e.team_id, since where e.created_at > since.at),
    'emails_opened', (select count(*) from public.sent_emails e join teams on teams.team_id = e.team_id, since where e.opened_at > since.at),
    'credits', (select a.balance from public.credit_accounts a where a.id = digest_numbers.member))
$$;

create or replace function public.claim_digests(worker text, n integer default 20, lease_s integer default 60)
  returns table (id uuid, attempt integer, name text, address text, day date, numbers jsonb)
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
begin
  if n <= 0 then
    return;
  end if;
  -- What was with a mail server when its worker died may have arrived: it is not sent again, tomorrow there is another.
  update public.digests d set status = 'failed', error = 'It may have arrived: what sent it stopped before it said so'
  from private.digest_leases l
  where d.status = 'sending' and l.digest_id = d.id and l.expires_at < now();
  insert into public.digests (owner_id, day, numbers, status)
  select due.id, due.day, due.numbers,
         case when exists (select from jsonb_each(due.numbers - 'credits') x where x.value <> '0') then 'queued' else 'quiet' end
  from (
    select p.id, (now() at time zone p.zone)::date as day, private.digest_numbers(p.id) as numbers from public.digest_preferences p
    where p.wanted and extract(hour from now() at time zone p.zone) >= p.hour
      and not exists (select from public.digests d where d.owner_id = p.id and d.day >= (now() at time zone p.zone)::date)
    order by p.id
    limit n
  ) due
  on conflict (owner_id, day) do nothing;
  return query
  with open as (
    select d.id from public.digests d
    -- Tried again at once, then after a minute, three, seven, …: two hours in all.
    where d.status = 'queued' and d.attempt < 8
      and (d.attempt <= 1 or d.updated_at < now() - make_interval(mins => (2 ^ (d.attempt - 1))::integer - 1))
    order by d.created_at, d.id
    limit n
    for update skip locked
  ), taken as (
    update public.digests d set status = 'sending', attempt = d.attempt + 1 from open where d.id = open.id returning d.*
  ), leased as (
    insert into private.digest_leases as l (digest_id, worker, attempt, expires_at)
    select t.id, claim_digests.worker, t.attempt, now() + make_interval(secs => lease_s) from taken t
    on conflict (digest_id) do update set worker = excluded.worker, attempt = excluded.attempt, expires_at = excluded.expires_at
  )
  select t.id, t.attempt, p.display_name, u.email::text, t.day, t.numbers
  from taken t
  join public.profiles p on p.id = t.owner_id
  join auth.users u on u.id = t.owner_id;
end
$$;

create or replace function public.report_digests(worker text, reports jsonb) returns setof uuid
  language sql security definer set search_path = ''
as $$
  with report as (
    select * from jsonb_to_recordset(reports) as r (id uuid, attempt integer, status text, error text, simulated boolean)
  ), held as (
    select d.id, r.error, r.simulated, case when r.status = 'retry' and d.attempt >= 8 then 'failed' else r.status end as status
    from public.digests d
    join report r on r.id = d.id and r.attempt = d.attempt and r.status in ('sent', 'failed', 'retry')
    join private.digest_leases l on l.digest_id = d.id and l.worker = report_digests.worker and l.attempt = r.attempt
    where d.status = 'sending'
    order by d.id
    for update of d
  ), let_go as (
    delete from private.digest_leases l using held where l.digest_id = held.id
  )
  update public.digests d
  set status = case held.status when 'retry' then 'queued' else held.status end, error = left(held.error, 300),
      simulated = coalesce(held.simulated, false), sent_at = case held.status when 'sent' then now() end
  from held where d.id = held.id
  returning d.id
$$;

comment on function public.claim_digests(text, integer, integer) is
  'Writes the digests that are due, one a member and day, and takes up to n of those with something to say for a worker, which sends '
  'them at once';
comment on function public.report_digests(text, jsonb) is
  '[{"id", "attempt", "status": sent|failed|retry, "error", "simulated"}]; the eighth retry is a failure';
