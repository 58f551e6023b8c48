-- E-mail: what a team writes to its contacts. Templates, campaigns (one e-mail to one or many contacts), what became of each
-- letter, who does not want any; and the daily digest, which is for members.
--
-- queued → sent → delivered → opened → clicked, or bounced | failed | cancelled. Nothing goes back, but that what was thought
-- to have failed on its way, and is then opened, did arrive.

create table public.email_templates (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null references public.teams (id) on delete cascade,
  author_id  uuid references public.profiles (id) on delete set null,
  name       text collate "C" not null check (char_length(name) <= 80 and name ~ '\S'),
  subject    text not null check (char_length(subject) <= 200 and subject ~ '\S' and subject !~ '[\x01-\x1f\x7f]'),
  body       text not null check (char_length(body) <= 10000 and body ~ '\S'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on column public.email_templates.body is
  'Plain text; {{first_name}} and the like are filled in for each contact, {{first_name|there}} says what stands for nothing';

create index email_templates_team on public.email_templates (team_id, created_at, id);
create index email_templates_author on public.email_templates (author_id);
create index email_templates_updated_at on public.email_templates (updated_at);


create table public.email_campaigns (
  id           uuid primary key default gen_random_uuid(),
  team_id      uuid not null references public.teams (id) on delete cascade,
  template_id  uuid references public.email_templates (id) on delete set null,
  sender_id    uuid references public.profiles (id) on delete set null,
  name         text not null check (char_length(name) <= 200 and name ~ '\S'),
  subject      text not null check (char_length(subject) <= 200),
  recipients   integer not null default 0 check (recipients >= 0),
  skipped      integer not null default 0 check (skipped >= 0),
  scheduled_at timestamptz not null default now(),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  version      bigint not null default 0
);

comment on column public.email_campaigns.recipients is 'How many letters it is';
comment on column public.email_campaigns.skipped is 'How many contacts were left out: no address, the same address twice, or suppressed';

create index email_campaigns_team on public.email_campaigns (team_id, created_at desc, id);
create index email_campaigns_template on public.email_campaigns (template_id);
create index email_campaigns_sender on public.email_campaigns (sender_id);
create index email_campaigns_updated_at on public.email_campaigns (updated_at);


create table public.sent_emails (
  id           uuid primary key default gen_random_uuid(),
  team_id      uuid not null references public.teams (id) on delete cascade,
  campaign_id  uuid not null references public.email_campaigns (id) on delete cascade,
  template_id  uuid references public.email_templates (id) on delete set null,
  contact_id   uuid references public.contacts (id) on delete set null,
  sender_id    uuid references public.profiles (id) on delete set null,
  to_name      text not null default '' check (char_length(to_name) <= 120),
  to_address   text collate "C" not null check (char_length(to_address) <= 254 and to_address !~ '[\s\x01-\x1f,;<>"]'),
  subject      text not null check (char_length(subject) <= 300 and subject !~ '[\x01-\x1f\x7f]'),
  status       text not null default 'queued'
               check (status in ('queued', 'sent', 'delivered', 'opened', 'clicked', 'bounced', 'failed', 'cancelled')),
  error        text check (char_length(error) <= 300),
  simulated    boolean not null default false,
  opens        integer not null default 0,
  clicks       integer not null default 0,
  scheduled_at timestamptz not null default now(),
  sent_at      timestamptz,
  delivered_at timestamptz,
  opened_at    timestamptz,
  clicked_at   timestamptz,
  ended_at     timestamptz,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  version      bigint not null default 0
);

comment on column public.sent_emails.simulated is 'It went nowhere: no mail server is set up, and the worker plays its part';
comment on column public.sent_emails.opens is 'By people; what machines fetched is in email_clicks only';
comment on column public.sent_emails.ended_at is 'When it bounced, failed or was cancelled';

create index sent_emails_team on public.sent_emails (team_id, created_at desc, id);
create index sent_emails_status on public.sent_emails (team_id, status, created_at desc, id);
create index sent_emails_campaign on public.sent_emails (campaign_id, created_at desc, id);
create index sent_emails_template on public.sent_emails (template_id, created_at desc, id);
create index sent_emails_numbers on public.sent_emails (team_id, template_id, status);
create index sent_emails_progress on public.sent_emails (campaign_id, status);
create index sent_emails_contact on public.sent_emails (contact_id, created_at desc);
create index sent_emails_sender on public.sent_emails (sender_id, created_at desc);
create index sent_emails_due on public.sent_emails (scheduled_at, id) where status = 'queued';
create index sent_emails_simulated on public.sent_emails (sent_at) where simulated and status in ('sent', 'delivered', 'opened');
create index sent_emails_updated_at on public.sent_emails (updated_at);


create table public.email_clicks (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null references public.teams (id) on delete cascade,
  email_id   uuid not null references public.sent_emails (id) on delete cascade,
  kind       text not null check (kind in ('open', 'click')),
  url        text check (char_length(url) <= 2000),
  machine    boolean not null,
  agent      text not null default '' check (char_length(agent) <= 200),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  check ((kind = 'click') = (url is not null))
);

comment on table public.email_clicks is 'Opens and clicks, by people and by machines';
comment on column public.email_clicks.machine is 'A proxy that fetches pictures, a scanner that follows links: nobody has read anything';

create index email_clicks_email on public.email_clicks (email_id, kind, created_at desc);
create index email_clicks_team on public.email_clicks (team_id, created_at desc, id);
create index email_clicks_updated_at on public.email_clicks (updated_at);


create table public.email_suppressions (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null references public.teams (id) on delete cascade,
  address    text collate "C" not null check (char_length(address) <= 254 and address ~ '^[^\s@,;<>"]+@[^\s@,;<>"]+$'),
  reason     text not null check (reason in ('unsubscribed', 'bounced', 'added')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (team_id, address)
);

comment on table public.email_suppressions is 'Addresses that a team does not write to: asked for when a letter is queued, and again when it is sent';

create index email_suppressions_updated_at on public.email_suppressions (updated_at);


-- What nobody outside sees: tokens, and who is sending. What a letter says is asked for one by one: 500 of them would be too
-- much to tell.

create table private.email_letters (
  email_id   uuid primary key references public.sent_emails (id) on delete cascade,
  token      text not null unique default replace(gen_random_uuid()::text, '-', ''),
  body       text not null check (char_length(body) <= 20000),
  worker     text,
  attempt    integer not null default 0,
  failures   integer not null default 0,
  expires_at timestamptz,
  handed_at  timestamptz
);

comment on column private.email_letters.handed_at is
  'When it was handed to a mail server: from then on it may have arrived, and is not sent again';

create index email_letters_expires on private.email_letters (expires_at) where worker is not null;

create table private.email_links (
  token    text primary key default replace(gen_random_uuid()::text, '-', ''),
  email_id uuid not null references public.sent_emails (id) on delete cascade,
  url      text not null check (url ~ '^https?://[^\s\x01-\x1f<>"]+$' and char_length(url) <= 2000),
  unique (email_id, url)
);

do $$
declare
  target text;
begin
  foreach target in array array['email_templates', 'email_campaigns', 'sent_emails', 'email_clicks', 'email_suppressions'] loop
    execute format('create trigger stamp before insert or update on public.%I for each row execute function live.stamp()', target);
    execute format('alter table public.%I enable row level security', target);
    execute format(
      $p$create policy "members see e-mail of their teams" on public.%I
         for select to authenticated using (team_id = any ((select live.mine('team'))::uuid[]))$p$, target);
    execute format('grant select on public.%I to authenticated, service_role', target);
    perform live.announce(format('public.%I', target)::regclass, $t$live.topic('team', team_id)$t$);
  end loop;
end
$$;

insert into public.notification_kinds (kind, section, title, description, position) values
  ('email_opened', 'Work', 'An e-mail of yours is opened', 'By a person; what mail programs fetch by themselves does not count', 63);


-- What stands in a letter -----------------------------------------------------------------------------------------------

create function private.fill_in(source text, variables jsonb) returns text
  language sql immutable set search_path = ''
as $$
  -- Between two variables lies one part: both are found by the same pattern, and what is filled in is not looked at again.
  select string_agg(p.part || coalesce(
      nullif(btrim(fill_in.variables ->> btrim(split_part(v.said, '|', 1))), ''), btrim(split_part(v.said, '|', 2)), ''), '' order by p.n)
  from unnest(regexp_split_to_array(fill_in.source, '\{\{[^{}]*\}\}')) with ordinality as p (part, n)
  left join unnest(array(select m[1] from regexp_matches(fill_in.source, '\{\{([^{}]*)\}\}', 'g') m)) with ordinality as v (said, n)
    on v.n = p.n
$$;

comment on function private.fill_in(text, jsonb) is '{{name}} and {{name|what stands for nothing}}; what it does not know is nothing';

create function private.email_fault(source text) returns text
  language sql immutable set search_path = ''
as $$
  select coalesce(
    (select 'There is no {{' || btrim(split_part(m[1], '|', 1)) || '}}'
     from regexp_matches(source, '\{\{([^{}]*)\}\}', 'g') m
     where btrim(split_part(m[1], '|', 1)) not in ('name', 'first_name', 'email', 'company', 'title', 'sender', 'team')
     limit 1),
    case when regexp_replace(source, '\{\{[^{}]*\}\}', '', 'g') ~ '\{\{|\}\}' then 'A variable is not closed: {{first_name}}' end)
$$;

create function private.check_email(subject text, body text) returns void
  language plpgsql immutable security definer set search_path = ''
as $$
declare
  fault text;
begin
  if coalesce(check_email.subject, '') !~ '\S' or char_length(check_email.subject) > 200 then
    raise exception 'A subject has 1 to 200 letters' using errcode = '22023', hint = 'subject';
  elsif check_email.subject ~ '[\x01-\x1f\x7f]' then
    raise exception 'A subject is one line' using errcode = '22023', hint = 'subject';
  elsif coalesce(check_email.body, '') !~ '\S' or char_length(check_email.body) > 10000 then
    raise exception 'A text has 1 to 10,000 letters' using errcode = '22023', hint = 'body';
  end if;
  fault := private.email_fault(check_email.subject);
  if fault is not null then
    raise exception '%', fault using errcode = '22023', hint = 'subject';
  end if;
  fault := private.email_fault(check_email.body);
  if fault is not null then
    raise exception '%', fault using errcode = '22023', hint = 'body';
  end if;
end
$$;

create function private.email_urls(body text) returns setof text
  language sql immutable set search_path = ''
as $$
  -- As worker/letter.py finds them; what is not among these stays as it is written.
  select distinct m[1] from regexp_matches(body, '(https?://[^\s\x01-\x1f<>"]*[^\s\x01-\x1f<>".,;:!?)\]}''])', 'g') m
  where char_length(m[1]) <= 2000
  limit 20
$$;


-- What members do: nobody who may only look -----------------------------------------------------------------------------

create function public.save_email_template(template_id uuid, team_id uuid, name text, subject text, body text) returns public.email_templates
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  team  constant uuid := private.edit_team(save_email_template.team_id);
  saved public.email_templates;
begin
  if coalesce(save_email_template.name, '') !~ '\S' or char_length(save_email_template.name) > 80 then
    raise exception 'A name has 1 to 80 letters' using errcode = '22023', hint = 'name';
  end if;
  perform private.check_email(save_email_template.subject, save_email_template.body);
  if (select count(*) from public.email_templates t where t.team_id = team and t.id <> save_email_template.template_id) >= 100 then
    raise exception 'A team has at most 100 templates' using errcode = 'PT409';
  end if;
  insert into public.email_templates as t (id, team_id, author_id, name, subject, body)
  values (save_email_template.template_id, team, auth.uid(), btrim(save_email_template.name), btrim(save_email_template.subject),
          save_email_template.body)
  on conflict (id) do update set name = excluded.name, subject = excluded.subject, body = excluded.body where t.team_id = excluded.team_id
  returning * into saved;
  if saved.id is null then
    raise exception 'This id is taken' using errcode = '23505';
  end if;
  return saved;
end
$$;

create function public.remove_email_template(template_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  team uuid;
begin
  select t.team_id into team from public.email_templates t
  where t.id = remove_email_template.template_id and private.role_in_team(t.team_id, auth.uid()) is not null;
  if team is not null then
    perform private.edit_team(team);
    delete from public.email_templates t where t.id = remove_email_template.template_id;
  end if;
end
$$;

create function public.send_emails(
  campaign_id uuid, team_id uuid, contact_ids uuid[], subject text, body text, template_id uuid default null, name text default '',
  scheduled_at timestamptz default null
) returns public.email_campaigns
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  team     constant uuid := private.edit_team(send_emails.team_id);
  wanted   constant integer := coalesce(cardinality(send_emails.contact_ids), 0);
  due      constant timestamptz := greatest(send_emails.scheduled_at, now());
  made     public.email_campaigns;
  template uuid;
  sender   text;
  of_team  text;
  letters  integer;
begin
  -- One send of a team, and of a member, at a time: they share what a day allows, and an id.
  perform pg_advisory_xact_lock(hashtextextended('e-mail of ' || auth.uid(), 0));
  perform pg_advisory_xact_lock(hashtextextended('e-mail of ' || team, 0));
  select * into made from public.email_campaigns c where c.id = send_emails.campaign_id;
  if found then  -- sent twice
    if made.team_id = team then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  end if;
  perform private.check_email(send_emails.subject, send_emails.body);
  if char_length(send_emails.name) > 200 then
    raise exception 'A name has at most 200 letters' using errcode = '22023', hint = 'name';
  elsif wanted not between 1 and 1000 then
    raise exception 'From one to 1,000 contacts at once' using errcode = '22023', hint = 'contact_ids';
  elsif due > now() + interval '1 year' then
    raise exception 'At most a year ahead' using errcode = '22023', hint = 'scheduled_at';
  elsif (select count(*) from public.sent_emails e where e.sender_id = auth.uid() and e.created_at > now() - interval '1 day') + wanted > 2000 then
    raise exception 'You write at most 2,000 e-mails a day' using errcode = 'PT429', hint = 'Wait until tomorrow.';
  elsif (select count(*) from public.sent_emails e where e.team_id = team and e.created_at > now() - interval '1 day') + wanted > 5000 then
    raise exception 'A team writes at most 5,000 e-mails a day' using errcode = 'PT429', hint = 'Wait until tomorrow.';
  end if;
  select t.id into template from public.email_templates t where t.id = send_emails.template_id and t.team_id = team;
  select p.display_name into sender from public.profiles p where p.id = auth.uid();
  select t.name into of_team from public.teams t where t.id = team;

  insert into public.email_campaigns (id, team_id, template_id, sender_id, name, subject, scheduled_at)
  values (send_emails.campaign_id, team, template, auth.uid(), coalesce(nullif(btrim(send_emails.name), ''), nullif(btrim(private.fill_in(send_emails.subject, '{}')), ''), btrim(send_emails.subject)),
          btrim(send_emails.subject), due);

  with chosen as materialized (
    select gen_random_uuid() as id, c.id as contact_id, c.email, c.name, jsonb_build_object(
        'name', c.name, 'first_name', split_part(btrim(c.name), ' ', 1), 'email', c.email, 'company', c.company, 'title', c.title,
        'sender', sender, 'team', of_team) as variables
    from (
      select distinct on (lower(x.email)) x.* from public.contacts x
      where x.id = any (send_emails.contact_ids) and x.team_id = team and x.email <> ''
        and not exists (select from public.email_suppressions s where s.team_id = team and s.address = lower(x.email))
      order by lower(x.email), x.created_at, x.id
    ) c
  ), written as materialized (
    select c.id, left(private.fill_in(send_emails.body, c.variables), 20000) as body from chosen c
  ), mailed as (
    insert into public.sent_emails (id, team_id, campaign_id, template_id, contact_id, sender_id, to_name, to_address, subject, scheduled_at)
    select c.id, team, send_emails.campaign_id, template, c.contact_id, auth.uid(),
           left(regexp_replace(c.name, '[[:cntrl:]]+', ' ', 'g'), 120), lower(c.email),
           left(btrim(regexp_replace(private.fill_in(send_emails.subject, c.variables), '[[:cntrl:]]+', ' ', 'g')), 300), due
    from chosen c
    order by c.name desc, c.id  -- who was written last is shown first
    returning 1
  ), lettered as (
    insert into private.email_letters (email_id, body) select w.id, w.body from written w
  ), linked as (
    insert into private.email_links (email_id, url) select w.id, u from written w cross join lateral private.email_urls(w.body) u
  )
  select count(*) into letters from mailed;
  if letters = 0 then
    raise exception 'None of them has an address that may be written to' using errcode = '22023', hint = 'contact_ids';
  end if;
  update public.email_campaigns c set recipients = letters, skipped = wanted - letters where c.id = send_emails.campaign_id
  returning * into made;
  return made;
end
$$;

-- What is with a mail server already, or about to be, cannot be called back.

create function private.end_queued(ids uuid[], reason text) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  ended integer;
begin
  with open as (
    select e.id from public.sent_emails e
    join private.email_letters l on l.email_id = e.id
    where e.id = any (ids) and e.status = 'queued' and (l.worker is null or l.expires_at < now()) and l.handed_at is null
    order by e.id
    for update of e
  )
  update public.sent_emails e set status = 'cancelled', error = reason, ended_at = now() from open where e.id = open.id;
  get diagnostics ended = row_count;
  return ended;
end
$$;

create function public.cancel_emails(team_id uuid, campaign_id uuid default null, ids uuid[] default null) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  team constant uuid := private.edit_team(cancel_emails.team_id);
begin
  return private.end_queued(array(
    select e.id from public.sent_emails e
    where e.team_id = team and e.status = 'queued'
      and (e.campaign_id = cancel_emails.campaign_id or e.id = any (cancel_emails.ids))), null);
end
$$;

create function public.reschedule_campaign(campaign_id uuid, scheduled_at timestamptz) returns public.email_campaigns
  language plpgsql security definer set search_path = ''
as $$
declare
  due  constant timestamptz := greatest(coalesce(reschedule_campaign.scheduled_at, now()), now());
  made public.email_campaigns;
begin
  select * into made from public.email_campaigns c
  where c.id = reschedule_campaign.campaign_id and private.role_in_team(c.team_id, auth.uid()) is not null;
  if not found then
    raise exception 'There is no such campaign' using errcode = 'PT404';
  end if;
  perform private.edit_team(made.team_id);
  if due > now() + interval '1 year' then
    raise exception 'At most a year ahead' using errcode = '22023', hint = 'scheduled_at';
  end if;
  with open as (
    select e.id from public.sent_emails e
    join private.email_letters l on l.email_id = e.id
    where e.campaign_id = made.id and e.status = 'queued' and l.worker is null
    order by e.id
    for update of e
  )
  update public.sent_emails e set scheduled_at = due from open where e.id = open.id;
  if not found then
    raise exception 'Nothing of it waits any more' using errcode = 'PT409';
  end if;
  update public.email_campaigns c set scheduled_at = due where c.id = made.id returning * into made;
  return made;
end
$$;

create function public.email_letter(email_id uuid) returns text
  language sql stable security definer set search_path = ''
as $$
  select l.body from private.email_letters l
  join public.sent_emails e on e.id = l.email_id
  where e.id = email_letter.email_id and live.is_member('team', e.team_id)
$$;

create function public.suppress_address(suppression_id uuid, team_id uuid, address text) returns public.email_suppressions
  language plpgsql security definer set search_path = ''
as $$
declare
  team  constant uuid := private.edit_team(suppress_address.team_id);
  clean constant text := lower(btrim(coalesce(suppress_address.address, '')));
  made  public.email_suppressions;
begin
  if char_length(clean) > 254 or clean !~ '^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]+$' then
    raise exception 'This is not an e-mail address' using errcode = '22023', hint = 'address';
  end if;
  insert into public.email_suppressions (id, team_id, address, reason) values (suppress_address.suppression_id, team, clean, 'added')
  on conflict on constraint email_suppressions_team_id_address_key do nothing;
  perform private.end_queued(array(
    select e.id from public.sent_emails e where e.team_id = team and e.to_address = clean and e.status = 'queued'), 'Suppressed');
  select * into made from public.email_suppressions s where s.team_id = team and s.address = clean;
  return made;
end
$$;

create function public.allow_address(suppression_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  gone public.email_suppressions;
begin
  select * into gone from public.email_suppressions s
  where s.id = allow_address.suppression_id and private.role_in_team(s.team_id, auth.uid()) is not null;
  if not found then
    return;
  end if;
  perform private.edit_team(gone.team_id);
  if gone.reason = 'unsubscribed' then
    raise exception 'They unsubscribed: only they can undo that' using errcode = 'PT409';
  end if;
  delete from public.email_suppressions s where s.id = gone.id;
end
$$;

create function public.email_numbers(team_id uuid) returns jsonb
  language sql stable security definer set search_path = ''
as $$
  with mine as (select email_numbers.team_id as id where live.is_member('team', email_numbers.team_id)),
  templates as (
    select e.template_id, e.status, count(*) as n from public.sent_emails e join mine on mine.id = e.team_id group by 1, 2
  ), recent as (
    select c.id from public.email_campaigns c join mine on mine.id = c.team_id order by c.created_at desc, c.id limit 100
  ), campaigns as (
    select e.campaign_id, e.status, count(*) as n from recent r join public.sent_emails e on e.campaign_id = r.id group by 1, 2
  )
  select jsonb_build_object(
    'statuses', coalesce((select jsonb_object_agg(s.status, s.n) from (select t.status, sum(t.n) as n from templates t group by 1) s), '{}'),
    'templates', coalesce((select jsonb_agg(jsonb_build_array(t.template_id, t.status, t.n)) from templates t), '[]'),
    'campaigns', coalesce((select jsonb_agg(jsonb_build_array(c.campaign_id, c.status, c.n)) from campaigns c), '[]'))
$$;

create function public.campaign_numbers(campaign_id uuid) returns jsonb
  language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_object_agg(s.status, s.n), '{}')
  from (
    select e.status, count(*) as n
    from public.email_campaigns c join public.sent_emails e on e.campaign_id = c.id
    where c.id = campaign_numbers.campaign_id and live.is_member('team', c.team_id)
    group by 1
  ) s
$$;

comment on function public.save_email_template(uuid, uuid, text, text, text) is
  'A template, new or changed. 22023: what the hint names is wrong; PT409: too many; 42501: the caller may only look';
comment on function public.remove_email_template(uuid) is 'One that is gone is no error; what was sent with it stays';
comment on function public.send_emails(uuid, uuid, uuid[], text, text, uuid, text, timestamptz) is
  'Queues a letter to each of up to 1,000 contacts under an id of the caller''s; sent twice it is one campaign. Who has no address, '
  'is suppressed, or comes twice is left out. 22023: what the hint names is wrong; PT429: more than a day allows';
comment on function public.cancel_emails(uuid, uuid, uuid[]) is 'Ends what is queued and not on its way, of a campaign or by ids; how many';
comment on function public.reschedule_campaign(uuid, timestamptz) is 'When what is still queued of it goes; null: now. PT409: nothing waits';
comment on function public.email_letter(uuid) is 'What an e-mail says; null: it is none of the caller''s';
comment on function public.suppress_address(uuid, uuid, text) is 'The team does not write there any more; what is queued ends. 22023: no address';
comment on function public.allow_address(uuid) is 'Undoes it. PT409: they unsubscribed themselves';
comment on function public.email_numbers(uuid) is
  'Of a team: {statuses: {status: n}, templates: [[template, status, n]], campaigns (the newest 100): [[campaign, status, n]]}';
comment on function public.campaign_numbers(uuid) is 'Of one campaign: {status: n}';


-- What workers do -------------------------------------------------------------------------------------------------------

-- Teams before their epochs, epochs before letters, each in one order: as everybody who writes to a team does.

create function private.hold_teams_of(ids uuid[]) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  teams constant uuid[] := array(select distinct e.team_id from public.sent_emails e where e.id = any (ids));
begin
  perform from public.teams t where t.id = any (teams) order by t.id for key share;
  perform from live.circles c where c.kind = 'team' and c.id = any (teams) order by c.id for share;
end
$$;

create function public.claim_emails(worker text, n integer, lease_s integer default 60)
  returns table (id uuid, attempt integer, token text, sender text, team text, to_name text, to_address text, subject text, body text, links jsonb)
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
  select e.id, l.attempt, l.token, coalesce(p.display_name, t.name), t.name, e.to_name, e.to_address, e.subject, l.body,
         coalesce((select jsonb_object_agg(k.url, k.token) from private.email_links k where k.email_id = e.id), '{}')
  from leased l
  join public.sent_emails e on e.id = l.email_id
  join public.teams t on t.id = e.team_id
  left join public.profiles p on p.id = e.sender_id
  order by e.scheduled_at, e.id;
end
$$;

create function public.hand_over_email(worker text, email_id uuid, attempt integer) returns boolean
  language plpgsql security definer set search_path = ''
as $$
begin
  update private.email_letters l set handed_at = now()
  from public.sent_emails e
  where l.email_id = hand_over_email.email_id and e.id = l.email_id and e.status = 'queued' and l.worker = hand_over_email.worker
    and l.attempt = hand_over_email.attempt and l.handed_at is null and l.expires_at > now()
    and not exists (select from public.email_suppressions s where s.team_id = e.team_id and s.address = e.to_address);
  return found;
end
$$;

create function public.report_emails(worker text, reports jsonb) returns setof uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  ids constant uuid[] := array(select (r ->> 'id')::uuid from jsonb_array_elements(reports) r);
begin
  perform private.hold_teams_of(ids);
  return query
  with report as (
    select * from jsonb_to_recordset(reports) as r (id uuid, attempt integer, status text, error text, simulated boolean, retry_s integer)
  ), held as (
    select e.id, r.error, coalesce(r.simulated, false) as simulated, r.retry_s,
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
    select e.team_id, e.to_address, 'bounced' from held join public.sent_emails e on e.id = held.id where held.status = 'bounced'
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

create function public.settle_emails(reports jsonb) returns setof uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  ids constant uuid[] := array(select (r ->> 'id')::uuid from jsonb_array_elements(reports) r);
begin
  perform private.hold_teams_of(ids);
  return query
  with report as (
    select * from jsonb_to_recordset(reports) as r (id uuid, status text, error text)
  ), held as (
    select e.id, r.status, r.error from public.sent_emails e
    join report r on r.id = e.id and r.status in ('delivered', 'bounced')
    where e.status = 'sent'
    order by e.id
    for update of e
  ), suppressed as (
    insert into public.email_suppressions (team_id, address, reason)
    select e.team_id, e.to_address, 'bounced' from held join public.sent_emails e on e.id = held.id where held.status = 'bounced'
    order by e.team_id, e.to_address
    on conflict on constraint email_suppressions_team_id_address_key do nothing
  )
  update public.sent_emails e
  set status = held.status, error = left(held.error, 300),
      delivered_at = case held.status when 'delivered' then now() end, ended_at = case held.status when 'bounced' then now() end
  from held where e.id = held.id
  returning e.id;
end
$$;

create function public.release_emails(worker text) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  freed integer;
begin
  update private.email_letters l set worker = null, expires_at = null
  where l.worker = release_emails.worker and l.handed_at is null;
  get diagnostics freed = row_count;
  return freed;
end
$$;

create function public.rescue_emails() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  freed    integer;
  doubtful uuid[];
begin
  with expired as (
    select l.email_id from private.email_letters l
    where l.worker is not null and l.expires_at < now() and l.handed_at is null
    order by l.email_id
    for update skip locked
  )
  update private.email_letters l set worker = null, expires_at = null from expired where l.email_id = expired.email_id;
  get diagnostics freed = row_count;
  doubtful := array(
    select l.email_id from private.email_letters l
    where l.worker is not null and l.expires_at < now() - interval '1 minute' and l.handed_at is not null);
  if cardinality(doubtful) > 0 then
    perform private.hold_teams_of(doubtful);
    with held as (
      select e.id from public.sent_emails e
      join private.email_letters l on l.email_id = e.id
      where e.id = any (doubtful) and e.status = 'queued' and l.worker is not null and l.expires_at < now() - interval '1 minute'
      order by e.id
      for update of e, l
    ), let_go as (
      update private.email_letters l set worker = null, expires_at = null from held where l.email_id = held.id
    )
    update public.sent_emails e
    set status = 'failed', error = 'It may have arrived: what sent it stopped before it said so', ended_at = now()
    from held where e.id = held.id;
    update private.email_letters l set worker = null, expires_at = null
    from public.sent_emails e where e.id = l.email_id and l.email_id = any (doubtful) and e.status <> 'queued';
  end if;
  return freed + cardinality(doubtful);
end
$$;

create function public.simulated_emails(n integer default 500, seconds integer default 180)
  returns table (id uuid, status text, age_s double precision, token text, links text[], opens integer)
  language sql stable security definer set search_path = ''
as $$
  select e.id, e.status, extract(epoch from now() - e.sent_at)::double precision, l.token,
         array(select k.token from private.email_links k where k.email_id = e.id order by k.url), e.opens
  from public.sent_emails e
  join private.email_letters l on l.email_id = e.id
  where e.simulated and e.status in ('sent', 'delivered', 'opened') and e.sent_at > now() - make_interval(secs => seconds)
  order by e.sent_at, e.id
  limit n
$$;

comment on function public.claim_emails(text, integer, integer) is
  'Takes up to n letters that are due for a worker, in turns between teams, under a lease; `links` are {url: token}';
comment on function public.hand_over_email(text, uuid, integer) is
  'A letter goes to a mail server now: from here on it is not sent again. False: it is not the worker''s to send any more';
comment on function public.report_emails(text, jsonb) is
  '[{"id", "attempt", "status": sent|bounced|failed|retry, "error", "simulated", "retry_s"}]: gives the leases back; returns the '
  'ids that were the worker''s. The fifth retry is a failure';
comment on function public.settle_emails(jsonb) is '[{"id", "status": delivered|bounced, "error"}] of letters that were sent';
comment on function public.release_emails(text) is 'A worker that stops gives back what it has not handed over';
comment on function public.rescue_emails() is
  'Letters of dead workers wait again; those that had been handed to a mail server do not, as they may have arrived: they failed, and say so';
comment on function public.simulated_emails(integer, integer) is 'What was sent nowhere in the last seconds and may still be delivered, opened or clicked';


-- What readers do: without an account, by a token that only their letter has -----------------------------------------------

-- Opening the same letter again within ten minutes is the same opening; a letter has at most a hundred.

create function private.track(email uuid, kind text, url text, machine boolean, agent text) returns void
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
    -- Of a campaign the first, the tenth, the hundredth: more would be noise.
    select count(*) into openers from public.sent_emails e where e.campaign_id = letter.campaign_id and e.status in ('opened', 'clicked');
    if openers in (1, 10, 100, 1000) then
      perform private.notify(
        letter.sender_id, 'email_opened', c.name, format('/emails/%s?team=%s', c.id, letter.team_id), subject => c.id,
        body => case openers when 1 then coalesce(nullif(letter.to_name, ''), letter.to_address) else openers || ' people' end)
      from public.email_campaigns c where c.id = letter.campaign_id;
    end if;
  end if;
end
$$;

create function public.track_open(token text, machine boolean default false, agent text default '') returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  email uuid;
begin
  select l.email_id into email from private.email_letters l where l.token = track_open.token;
  if found then
    perform private.track(email, 'open', null, track_open.machine, track_open.agent);
  end if;
end
$$;

create function public.track_click(token text, machine boolean default false, agent text default '', counted boolean default true) returns text
  language plpgsql security definer set search_path = ''
as $$
declare
  link private.email_links;
begin
  select * into link from private.email_links k where k.token = track_click.token;
  if found and track_click.counted then
    perform private.track(link.email_id, 'click', link.url, track_click.machine, track_click.agent);
  end if;
  return link.url;
end
$$;

create function public.unsubscribe(token text) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  letter public.sent_emails;
begin
  select e.* into letter from private.email_letters l join public.sent_emails e on e.id = l.email_id where l.token = unsubscribe.token;
  if not found or letter.sent_at is null and letter.status = 'queued' and not exists (
    select from private.email_letters l where l.email_id = letter.id and l.handed_at is not null) then
    return;
  end if;
  perform private.hold_teams_of(array[letter.id]);
  insert into public.email_suppressions (team_id, address, reason) values (letter.team_id, letter.to_address, 'unsubscribed')
  on conflict on constraint email_suppressions_team_id_address_key do update set reason = excluded.reason
    where email_suppressions.reason <> 'unsubscribed';
  perform private.end_queued(array(
    select e.id from public.sent_emails e
    where e.team_id = letter.team_id and e.to_address = letter.to_address and e.status = 'queued'), 'They unsubscribed');
end
$$;

comment on function public.track_open(text, boolean, text) is
  'A letter was opened, by a machine if the caller or its haste says so; again within ten minutes it is the same. Nothing for an unknown token';
comment on function public.track_click(text, boolean, text, boolean) is
  'Where a link leads, null for an unknown one; counted as a click unless it is only asked';
comment on function public.unsubscribe(text) is 'Whoever has the letter wants no more of the team''s; says nothing, whatever the token';


-- The digest: once a day, in the morning where the member is, for those who want it -----------------------------------------

create table public.digest_preferences (
  id         uuid primary key references public.profiles (id) on delete cascade,
  wanted     boolean not null default false,
  hour       integer not null default 8 check (hour between 0 and 23),
  zone       text not null default 'UTC' check (char_length(zone) <= 60),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on column public.digest_preferences.id is 'The member''s';

create index digest_preferences_wanted on public.digest_preferences (id) where wanted;
create index digest_preferences_updated_at on public.digest_preferences (updated_at);

create table public.digests (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null references public.profiles (id) on delete cascade,
  day        date not null,
  status     text not null default 'queued' check (status in ('queued', 'sending', 'sent', 'failed')),
  numbers    jsonb not null default '{}' check (jsonb_typeof(numbers) = 'object' and octet_length(numbers::text) <= 4000),
  simulated  boolean not null default false,
  error      text check (char_length(error) <= 300),
  attempt    integer not null default 0,
  sent_at    timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (owner_id, day)
);

comment on column public.digests.day is 'Which morning it is for, where the member is: one a day, whatever happens';

create index digests_updated_at on public.digests (updated_at);
create index digests_open on public.digests (created_at) where status in ('queued', 'sending');

create table private.digest_leases (
  digest_id  uuid primary key references public.digests (id) on delete cascade,
  worker     text not null,
  attempt    integer not null,
  expires_at timestamptz not null
);

create trigger stamp before insert or update on public.digest_preferences for each row execute function live.stamp();
create trigger stamp before insert or update on public.digests for each row execute function live.stamp();

alter table public.digest_preferences enable row level security;
alter table public.digests enable row level security;

create policy "members see their own" on public.digest_preferences for select to authenticated using (id = (select auth.uid()));
create policy "members see their own" on public.digests for select to authenticated using (owner_id = (select auth.uid()));

grant select on public.digest_preferences, public.digests to authenticated, service_role;

select live.announce('public.digest_preferences', 'live.member_topic(id)');
select live.announce('public.digests', 'live.member_topic(owner_id)');

create function public.prefer_digest(wanted boolean, hour integer default 8, zone text default 'UTC') returns public.digest_preferences
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  made public.digest_preferences;
begin
  if not exists (select from pg_catalog.pg_timezone_names z where z.name = prefer_digest.zone) then
    raise exception 'There is no such time zone' using errcode = '22023', hint = 'zone';
  elsif prefer_digest.hour is null or prefer_digest.hour not between 0 and 23 then
    raise exception 'An hour of the day' using errcode = '22023', hint = 'hour';
  end if;
  insert into public.digest_preferences as p (id, wanted, hour, zone)
  values (auth.uid(), coalesce(prefer_digest.wanted, false), prefer_digest.hour, prefer_digest.zone)
  on conflict (id) do update set wanted = excluded.wanted, hour = excluded.hour, zone = excluded.zone
  returning * into made;
  return made;
end
$$;

create function private.digest_numbers(member uuid) returns jsonb
  language sql stable security definer set search_path = ''
as $$
  with teams as (select m.team_id from public.team_members m where m.member_id = digest_numbers.member),
  since as (select now() - interval '1 day' as at)
  select jsonb_build_object(
    'pictures', (select count(*) from public.generations g, since where g.owner_id = digest_numbers.member and g.created_at > since.at),
    'failed_jobs', (select count(*) from public.generation_jobs j, since
                    where j.owner_id = digest_numbers.member and j.status = 'failed' and j.finished_at > since.at),
    'unread', (select count(*) from public.notifications n where n.owner_id = digest_numbers.member and n.read_at is null),
    'contacts', (select count(*) from public.contacts c join teams on teams.team_id = c.team_id, since where c.created_at > since.at),
    'emails_sent', (select count(*) from public.sent_emails e join teams on teams.team_id = e.team_id, since where e.created_at > since.at),
    'emails_opened', (select count(*) from public.sent_emails e join teams on teams.team_id = e.team_id, since where e.opened_at > since.at),
    'credits', (select a.balance from public.credit_accounts a where a.id = digest_numbers.member))
$$;

create function public.claim_digests(worker text, n integer default 20, lease_s integer default 60)
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
  insert into public.digests (owner_id, day, numbers)
  select due.id, due.day, private.digest_numbers(due.id)
  from (
    select p.id, (now() at time zone p.zone)::date as day from public.digest_preferences p
    where p.wanted and extract(hour from now() at time zone p.zone) >= p.hour
      and not exists (select from public.digests d where d.owner_id = p.id and d.day >= (now() at time zone p.zone)::date)
    order by p.id
    limit n
  ) due
  on conflict (owner_id, day) do nothing;
  return query
  with open as (
    select d.id from public.digests d
    where d.status = 'queued' and d.attempt < 3
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

create function public.report_digests(worker text, reports jsonb) returns setof uuid
  language sql security definer set search_path = ''
as $$
  with report as (
    select * from jsonb_to_recordset(reports) as r (id uuid, attempt integer, status text, error text, simulated boolean)
  ), held as (
    select d.id, r.error, r.simulated, case when r.status = 'retry' and d.attempt >= 3 then 'failed' else r.status end as status
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

create function public.prune_mail(days integer default 400) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  pruned integer;
begin
  delete from public.digests d where d.created_at < now() - make_interval(days => least(days, 60));
  -- Gone with all that hangs on them; the team's epoch first, as everybody does.
  perform from live.circles c
  where c.kind = 'team' and c.id in (select x.team_id from public.email_campaigns x where x.created_at < now() - make_interval(days => days))
  order by c.id for share;
  delete from public.email_campaigns c where c.created_at < now() - make_interval(days => days);
  get diagnostics pruned = row_count;
  return pruned;
end
$$;

comment on function public.prefer_digest(boolean, integer, text) is 'Whether the caller wants a digest, from which hour of their day. 22023: hour or zone';
comment on function public.claim_digests(text, integer, integer) is
  'Writes the digests that are due, one a member and day, and takes up to n of them for a worker, which sends them at once';
comment on function public.report_digests(text, jsonb) is '[{"id", "attempt", "status": sent|failed|retry, "error", "simulated"}]; the third retry is a failure';
comment on function public.prune_mail(integer) is 'Deletes campaigns with their letters after so many days, digests after two months; how many campaigns';


-- What members do is told to their team, where activities are kept.

create function private.log_campaign() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.log_activity(
    new.sender_id, new.team_id, 'email_sent', new.name, 'email_campaigns', new.id, jsonb_build_object('count', new.recipients));
  return null;
end
$$;

do $$
begin
  if to_regprocedure('private.log_activity(uuid, uuid, text, text, text, uuid, jsonb)') is not null then
    create trigger log_campaign after update of recipients on public.email_campaigns
      for each row when (old.recipients = 0 and new.recipients > 0) execute function private.log_campaign();
    perform private.log_changes('public.email_templates', 'template', 'team_id', 'name', array['name', 'subject', 'body']);
  end if;
end
$$;


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.fill_in(text, jsonb), private.email_fault(text), private.check_email(text, text), private.email_urls(text),
  private.end_queued(uuid[], text), private.hold_teams_of(uuid[]), private.track(uuid, text, text, boolean, text),
  private.digest_numbers(uuid), private.log_campaign(),
  public.save_email_template(uuid, uuid, text, text, text), public.remove_email_template(uuid),
  public.send_emails(uuid, uuid, uuid[], text, text, uuid, text, timestamptz), public.cancel_emails(uuid, uuid, uuid[]),
  public.reschedule_campaign(uuid, timestamptz), public.email_letter(uuid), public.suppress_address(uuid, uuid, text),
  public.allow_address(uuid), public.email_numbers(uuid), public.campaign_numbers(uuid), public.claim_emails(text, integer, integer),
  public.hand_over_email(text, uuid, integer), public.report_emails(text, jsonb), public.settle_emails(jsonb),
  public.release_emails(text), public.rescue_emails(), public.simulated_emails(integer, integer),
  public.track_open(text, boolean, text), public.track_click(text, boolean, text, boolean), public.unsubscribe(text),
  public.prefer_digest(boolean, integer, text), public.claim_digests(text, integer, integer), public.report_digests(text, jsonb),
  public.prune_mail(integer)
  from public, anon, authenticated;

grant execute on function
  public.save_email_template(uuid, uuid, text, text, text), public.remove_email_template(uuid),
  public.send_emails(uuid, uuid, uuid[], text, text, uuid, text, timestamptz), public.cancel_emails(uuid, uuid, uuid[]),
  public.reschedule_campaign(uuid, timestamptz), public.email_letter(uuid), public.suppress_address(uuid, uuid, text),
  public.allow_address(uuid), public.email_numbers(uuid), public.campaign_numbers(uuid), public.prefer_digest(boolean, integer, text)
  to authenticated;
grant execute on function
  public.claim_emails(text, integer, integer), public.hand_over_email(text, uuid, integer), public.report_emails(text, jsonb),
  public.settle_emails(jsonb), public.release_emails(text), public.rescue_emails(), public.simulated_emails(integer, integer),
  public.claim_digests(text, integer, integer), public.report_digests(text, jsonb), public.prune_mail(integer)
  to service_role;
grant execute on function
  public.track_open(text, boolean, text), public.track_click(text, boolean, text, boolean), public.unsubscribe(text)
  to anon, authenticated, service_role;
