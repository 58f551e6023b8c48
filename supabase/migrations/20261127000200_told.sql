-- What is told and logged, in the words and at the time in which a reader expects it.

-- The outcome of an import, as the page says it: thousands are set apart, and what did not happen is left out.

create or replace function public.import_contacts(
  import_id uuid, team_id uuid, rows jsonb, on_duplicate text default 'skip', source text default ''
) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  team   constant uuid := private.edit_team(import_contacts.team_id);
  wanted constant integer := case jsonb_typeof(rows) when 'array' then jsonb_array_length(rows) end;
  result jsonb;
  added  integer;
  merged integer := 0;
begin
  select i.outcome into result from private.contact_imports i where i.id = import_id and i.team_id = team;
  if found then  -- sent twice
    return result;
  elsif wanted is null or on_duplicate not in ('skip', 'fill', 'add') then
    raise exception 'This is no import' using errcode = '22023';
  elsif wanted > 10000 then
    raise exception 'At most 10,000 contacts at once' using errcode = 'PT409';
  end if;
  perform private.room_for_contacts(team, wanted);
  -- Two imports at once into one team would not see each other's addresses.
  perform pg_advisory_xact_lock(hashtextextended('import_contacts ' || team, 0));
  delete from private.contact_imports i where i.created_at < now() - interval '1 day';

  create temporary table incoming on commit drop as
  select r.place::integer as place, r.fields, lower(btrim(coalesce(r.fields ->> 'email', ''))) as email,
         case when jsonb_typeof(r.fields) <> 'object'
              then jsonb_build_array(jsonb_build_object('row', r.place, 'field', '', 'message', 'This is no contact'))
              else w.faults
         end as faults,
         null::uuid as existing, false as repeated
  from jsonb_array_elements(rows) with ordinality as r (fields, place)
  left join (
    select f.place, jsonb_agg(jsonb_build_object('row', f.place, 'field', f.field, 'message', f.message) order by f.field) as faults
    from private.contact_faults(team, (
      select jsonb_agg(case jsonb_typeof(x.fields) when 'object' then '{"name": null}'::jsonb || x.fields else '{}' end order by x.place)
      from jsonb_array_elements(rows) with ordinality as x (fields, place))) f
    group by f.place
  ) w on w.place = r.place;

  if on_duplicate <> 'add' then
    update pg_temp.incoming i set repeated = true
    where i.email <> '' and i.faults is null and exists (
      select from pg_temp.incoming o where o.email = i.email and o.faults is null and o.place < i.place);
    update pg_temp.incoming i set existing = c.id
    from (select distinct on (x.email) x.email, x.id from public.contacts x
          where x.team_id = team and x.email <> '' order by x.email, x.created_at, x.id) c
    where c.email = i.email and i.faults is null and not i.repeated;
  end if;

  insert into public.contacts (team_id, name, email, phone, company, title, stage, tags, notes, owner_id)
  select team, btrim(f ->> 'name', E' \t\r\n'), i.email, btrim(coalesce(f ->> 'phone', '')),
         btrim(coalesce(f ->> 'company', '')), btrim(coalesce(f ->> 'title', '')), coalesce(f ->> 'stage', 'lead'),
         private.tags(f -> 'tags'), coalesce(f ->> 'notes', ''), (f ->> 'owner_id')::uuid
  from pg_temp.incoming i cross join lateral (select i.fields) as x (f)
  where i.faults is null and i.existing is null and not i.repeated
  order by i.place;
  get diagnostics added = row_count;

  if on_duplicate = 'fill' then
    update public.contacts c set
      phone   = case when c.phone = '' then btrim(coalesce(i.fields ->> 'phone', '')) else c.phone end,
      company = case when c.company = '' then btrim(coalesce(i.fields ->> 'company', '')) else c.company end,
      title   = case when c.title = '' then btrim(coalesce(i.fields ->> 'title', '')) else c.title end,
      notes   = case when c.notes = '' then coalesce(i.fields ->> 'notes', '') else c.notes end,
      tags    = (array(select distinct t collate "C" from unnest(c.tags || private.tags(i.fields -> 'tags')) t order by 1))[:20]
    from pg_temp.incoming i where c.id = i.existing;
    get diagnostics merged = row_count;
  end if;

  select jsonb_build_object(
    'added', added, 'filled', merged, 'skipped', wanted - added - merged - count(*) filter (where i.faults is not null),
    'failed', count(*) filter (where i.faults is not null),
    'errors', coalesce((
      select jsonb_agg(e order by (e ->> 'row')::integer)
      from (select jsonb_array_elements(b.faults) as e from pg_temp.incoming b where b.faults is not null order by b.place limit 500) x),
      '[]'))
  into result from pg_temp.incoming i;
  drop table pg_temp.incoming;
  insert into private.contact_imports (id, team_id, member_id, outcome) values (import_id, team, auth.uid(), result);
  perform private.notify(
    auth.uid(), 'import_finished', coalesce(nullif(btrim(left(source, 120)), ''), 'Contacts'), '/contacts?team=' || team,
    subject => import_id, body => (
      select string_agg(to_char(w.n, 'FM999,999,999') || w.what, ', ' order by w.place)
      from (values (1, added, ' added'), (2, merged, ' filled'), (3, (result ->> 'skipped')::integer, ' there already'),
                   (4, (result ->> 'failed')::integer, ' with errors')) w (place, n, what)
      where w.place = 1 or w.n > 0));
  return result;
end
$$;


-- A comment on a post is an activity of whoever wrote it; a few in a row, as in a conversation, are one. A like is none: it is one
-- press of many, taken back as easily, and the feed and the bell tell of it already.

create function private.log_post_comment() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if not exists (
    select from public.member_activities a
    where a.entity_id = new.post_id and a.member_id = new.author_id and a.kind = 'post_commented'
      and a.created_at > now() - interval '10 minutes')
  then
    perform private.log_activity(new.author_id, null, 'post_commented', coalesce(nullif(p.caption, ''), p.prompt), 'posts', p.id)
    from public.posts p where p.id = new.post_id;
  end if;
  return null;
end
$$;

create trigger log_comment after insert on public.comments for each row execute function private.log_post_comment();


-- What was said and written before anybody came: as `spread_floor`, which dates contacts and the board back, and right after it.

do $$
declare
  target text;
begin
  foreach target in array array[
    'chat_sessions', 'chat_messages', 'notifications', 'email_templates', 'email_campaigns', 'sent_emails', 'email_clicks', 'email_suppressions']
  loop
    execute format(
      'create or replace trigger stamp before insert or update on public.%I for each row '
      'when (current_setting(''starling.furnishing'', true) is distinct from ''on'') execute function live.stamp()', target);
  end loop;
end
$$;

create function private.spread_words() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  demo constant uuid := '5d3c1e0a-7000-4000-8000-000000000001';
  chat constant uuid := '5d3c1e0a-7000-4000-8000-000000000002';
  this constant xid := pg_current_xact_id()::xid;
begin
  perform set_config('starling.furnishing', 'on', true), set_config('request.jwt.claims', '', true);

  -- They came weeks ago, talked yesterday, and again an hour ago.
  update public.chat_messages m
  set created_at = case m.role
        when 'system' then private.at_work(24, 0) + m.seq * interval '3 minutes'
        else now() - make_interval(mins => (array[1310, 1302, 1297, 1114, 1106, 1101, 95, 62])[w.nr]) end,
      version = nextval('live.versions')
  from (
    select o.id, sum(case o.role when 'user' then 1 else 0 end) over (order by o.seq) as nr
    from public.chat_messages o
    where o.session_id = chat
      and exists (select from private.crowd_messages x join public.chat_messages c on c.id = x.message_id where c.xmin = this)
  ) w
  where m.id = w.id and w.nr <= 8;
  update public.chat_sessions s
  set created_at = private.at_work(24, 0), last_activity = l.at, version = nextval('live.versions')
  from (
    select max(m.created_at) as at from private.crowd_messages x join public.chat_messages m on m.id = x.message_id where m.xmin = this
  ) l
  where s.id = chat and l.at is not null;

  -- A campaign that has run its course: one letter came back, most were opened in the days after.
  update public.email_templates t set created_at = private.at_work(13, 4) + (t.created_at - now()), version = nextval('live.versions')
  where t.team_id = demo and t.xmin = this;
  update public.email_campaigns c
  set created_at = private.at_work(6, 2), scheduled_at = private.at_work(6, 2), version = nextval('live.versions')
  where c.team_id = demo and c.xmin = this;
  update public.sent_emails e
  set status = f.status, simulated = true, created_at = f.at + (e.created_at - now()), scheduled_at = f.at, sent_at = f.sent_at, version = nextval('live.versions'),
      error = case f.status when 'bounced' then '550 no such mailbox' end,
      ended_at = case f.status when 'bounced' then f.sent_at + interval '4 seconds' end,
      delivered_at = case when f.status <> 'bounced' then f.sent_at + interval '4 seconds' end,
      opened_at = case when f.status in ('opened', 'clicked') then f.opened_at end,
      clicked_at = case f.status when 'clicked' then f.opened_at + interval '2 minutes' end,
      opens = case when f.status in ('opened', 'clicked') then 1 else 0 end, clicks = case f.status when 'clicked' then 1 else 0 end
  from (
    select w.*, w.at + w.nr * interval '2 seconds' as sent_at, w.at + make_interval(mins => (w.nr * 137 % 3000)::integer + 3) as opened_at,
           case when w.nr = 7 then 'bounced' when w.nr % 7 = 2 then 'clicked' when w.nr % 5 in (0, 3) then 'opened' else 'delivered' end as status
    from (
      select o.id, private.at_work(6, 2) as at, row_number() over (order by o.to_address) as nr
      from public.sent_emails o where o.team_id = demo and o.xmin = this
    ) w
  ) f
  where e.id = f.id;
  insert into public.email_clicks (team_id, email_id, kind, url, machine, agent, created_at, version)
  select demo, e.id, w.kind, w.url, false, 'Mozilla/5.0', w.at, nextval('live.versions')
  from public.sent_emails e
  cross join lateral (
    select 'open', null, e.opened_at
    union all
    (select 'click', k.url, e.clicked_at from private.email_links k where k.email_id = e.id limit 1)
  ) w (kind, url, at)
  where e.team_id = demo and e.xmin = this and w.at is not null;
  insert into public.email_suppressions (team_id, address, reason, created_at, version)
  select demo, e.to_address, 'bounced', e.ended_at, nextval('live.versions')
  from public.sent_emails e where e.team_id = demo and e.xmin = this and e.status = 'bounced'
  on conflict on constraint email_suppressions_team_id_address_key do nothing;

  update public.member_activities a set created_at = w.at, version = nextval('live.versions')
  from (
    select c.id, c.created_at from public.email_campaigns c union all select t.id, t.created_at from public.email_templates t
  ) w (id, at)
  where a.team_id = demo and a.entity_id = w.id and a.xmin = this;

  -- What somebody was told of it is as old, and was mostly read.
  update public.notifications n
  set happened_at = w.at, read_at = case when w.at < now() - interval '2 days' then w.at + interval '2 hours' end, version = nextval('live.versions')
  from (
    select o.id, coalesce(
      (select t.created_at from public.tasks t where t.id = o.subject_id),
      (select max(c.created_at) from public.contact_comments c where c.contact_id = o.subject_id and c.author_id = o.actor_ids[1]),
      (select max(m.created_at) from public.chat_messages m where m.session_id = o.subject_id and m.author_id = o.actor_ids[1])) as at
    from public.notifications o where o.xmin = this
  ) w
  where n.id = w.id and w.at is not null;

  perform set_config('starling.furnishing', '', true);
  return null;
end
$$;

comment on function private.spread_words() is
  'When the demo members'' team has just been furnished: what they have said and written is hours, days and weeks old';

-- By its name it comes after `spread`.
create constraint trigger spread_words after insert on private.demo_seeds
  deferrable initially deferred for each row when (new.what = 'floor') execute function private.spread_words();


-- The first pictures are dated back, and with them what is logged and told of them.

create function private.date_back_news() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  news constant jsonb := to_jsonb(new);
  made timestamptz;
begin
  if new.kind = 'post_published' then
    select p.created_at into made from public.posts p where p.id = (news ->> 'entity_id')::uuid;
  else
    select now() - c.ago into made from private.crowd_jobs c where c.job_id = coalesce(news ->> 'entity_id', news ->> 'subject_id')::uuid;
  end if;
  if made is null then
    return new;
  elsif tg_table_name = 'notifications' then
    new.happened_at := made;
  else
    new.created_at := made;
  end if;
  return new;
end
$$;

create trigger stamp_back before insert on public.member_activities
  for each row when (new.kind in ('generation_finished', 'post_published')) execute function private.date_back_news();
create trigger stamp_back before insert on public.notifications
  for each row when (new.kind = 'generation_finished') execute function private.date_back_news();

revoke all on function private.log_post_comment(), private.spread_words(), private.date_back_news() from public, anon, authenticated;
