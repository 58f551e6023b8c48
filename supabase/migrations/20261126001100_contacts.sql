-- Contacts: whom a team knows, at which stage each of them is, and what is said of them.

create table public.contacts (
  id          uuid primary key default gen_random_uuid(),
  team_id     uuid not null references public.teams (id) on delete cascade,
  name        text not null check (char_length(name) <= 120 and name ~ '\S'),
  email       text collate "C" not null default ''
              check (email = '' or char_length(email) <= 254 and email ~ '^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]+$'),
  phone       text not null default '' check (phone ~ '^[0-9A-Za-z+()#*./ -]{0,40}$'),
  company     text not null default '' check (char_length(company) <= 120),
  title       text not null default '' check (char_length(title) <= 120),
  stage       text not null default 'lead' check (stage in ('lead', 'qualified', 'proposal', 'won', 'lost')),
  stage_since timestamptz not null default now(),
  tags        text[] not null default '{}' check (cardinality(tags) <= 20 and char_length(tags::text) <= 1000),
  notes       text not null default '' check (char_length(notes) <= 5000),
  owner_id    uuid references public.profiles (id) on delete set null,
  edited      jsonb not null default '{}' check (jsonb_typeof(edited) = 'object'),
  name_key    text collate "C" not null default '' check (char_length(name_key) <= 300),
  company_key text collate "C" not null default '' check (char_length(company_key) <= 300),
  search      text collate "C" not null default '' check (char_length(search) <= 4000),
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  version     bigint not null default 0
);

comment on column public.contacts.stage_since is 'When it came to its stage: the newest is on top there';
comment on column public.contacts.owner_id is 'Who looks after it';
comment on column public.contacts.edited is 'By field, who changed it last, and when: {"name": {"by": member, "at": time}}';
comment on column public.contacts.name_key is 'By which names are sorted, the same way everywhere';
comment on column public.contacts.search is 'The words by whose beginnings it is found, each behind a space: those of everything but the notes';

create index contacts_name on public.contacts (team_id, name_key, id);
create index contacts_company on public.contacts (team_id, company_key, id);
create index contacts_created on public.contacts (team_id, created_at, id);
create index contacts_updated on public.contacts (team_id, updated_at, id);
create index contacts_stage on public.contacts (team_id, stage, stage_since, id);
create index contacts_email on public.contacts (team_id, email) where email <> '';
create index contacts_owner on public.contacts (owner_id);
create index contacts_updated_at on public.contacts (updated_at);

-- Words and tags have no index: policies are asked before operators that might leak, so one would not be used. A search
-- reads what the team has, along the order that is asked for: 200,000 at most, some 30 ms for 100,000.


-- Words are what stands between spaces and signs; also how somebody looks for them (`state/contacts.py`).

create function private.words(text text) returns text[]
  language sql immutable set search_path = ''
as $$
  select array(
    select distinct w from regexp_split_to_table(lower(words.text), '[\x01-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+') w where w <> '')
$$;

create function private.prepare_contact() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  fields constant text[] := array['name', 'email', 'phone', 'company', 'title', 'stage', 'tags', 'notes', 'owner_id'];
  was    jsonb;
  is_    jsonb;
begin
  if tg_op = 'INSERT' then
    new.edited := '{}';
    new.stage_since := clock_timestamp();
  else
    was := to_jsonb(old);
    is_ := to_jsonb(new);
    new.edited := old.edited || coalesce((
      select jsonb_object_agg(f, jsonb_build_object('by', auth.uid(), 'at', clock_timestamp()))
      from unnest(fields) f where was -> f is distinct from is_ -> f), '{}');
    new.stage_since := case when new.stage <> old.stage then clock_timestamp() else old.stage_since end;
  end if;
  new.name_key := lower(new.name);
  new.company_key := lower(new.company);
  new.search := ' ' || array_to_string(private.words(
    concat_ws(' ', new.name, new.email, new.company, new.title, new.phone, regexp_replace(new.phone, '\D', '', 'g'),
              array_to_string(new.tags, ' '))), ' ');
  return new;
end
$$;

create trigger prepare before insert or update on public.contacts for each row execute function private.prepare_contact();
create trigger stamp before insert or update on public.contacts for each row execute function live.stamp();

alter table public.contacts enable row level security;

create policy "members see contacts of their teams" on public.contacts
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

grant select on public.contacts to authenticated, service_role;

select live.announce('public.contacts', $$live.topic('team', team_id)$$);


create table public.contact_comments (
  id         uuid primary key default gen_random_uuid(),
  team_id    uuid not null references public.teams (id) on delete cascade,
  contact_id uuid not null references public.contacts (id) on delete cascade,
  author_id  uuid references public.profiles (id) on delete set null,
  body       text not null check (char_length(body) <= 2000 and body ~ '\S'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

create index contact_comments_contact on public.contact_comments (contact_id, created_at, id);
create index contact_comments_team on public.contact_comments (team_id);
create index contact_comments_author on public.contact_comments (author_id);
create index contact_comments_updated_at on public.contact_comments (updated_at);

create trigger stamp before insert or update on public.contact_comments for each row execute function live.stamp();

alter table public.contact_comments enable row level security;

create policy "members see comments of their teams" on public.contact_comments
  for select to authenticated
  using (team_id = any ((select live.mine('team'))::uuid[]));

grant select on public.contact_comments to authenticated, service_role;

select live.announce('public.contact_comments', $$live.topic('team', team_id)$$);


create table public.contact_filters (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null references public.profiles (id) on delete cascade,
  team_id    uuid not null references public.teams (id) on delete cascade,
  name       text not null check (char_length(name) <= 60 and name ~ '\S'),
  settings   jsonb not null check (jsonb_typeof(settings) = 'object' and octet_length(settings::text) <= 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on table public.contact_filters is 'What a member wants to find again with one click; only theirs';
comment on column public.contact_filters.settings is 'search, stage, tag, owner, sort and order';

create index contact_filters_owner on public.contact_filters (owner_id, team_id);
create index contact_filters_team on public.contact_filters (team_id);
create index contact_filters_updated_at on public.contact_filters (updated_at);

create trigger stamp before insert or update on public.contact_filters for each row execute function live.stamp();

alter table public.contact_filters enable row level security;

create policy "members see their own" on public.contact_filters
  for select to authenticated
  using (owner_id = (select auth.uid()));

grant select on public.contact_filters to authenticated, service_role;

select live.announce('public.contact_filters', 'live.member_topic(owner_id)');

-- Sent twice, an import is made once.

create table private.contact_imports (
  id         uuid primary key,
  team_id    uuid not null references public.teams (id) on delete cascade,
  member_id  uuid references public.profiles (id) on delete set null,
  outcome    jsonb not null,
  created_at timestamptz not null default now()
);

create index contact_imports_team on private.contact_imports (team_id);
create index contact_imports_member on private.contact_imports (member_id);
create index contact_imports_created on private.contact_imports (created_at);

insert into public.notification_kinds (kind, section, title, description, position) values
  ('mention', 'Work', 'Somebody mentions you', 'In a comment on a contact', 61),
  ('import_finished', 'Work', 'Contacts are imported', '', 62);


-- Writing. The team before its epoch, its epoch before its contacts: as whoever ends the team, or leaves it, does.

create function private.edit_team(team uuid) returns uuid
  language plpgsql security definer set search_path = ''
as $$
begin
  if private.role_in_team(team, auth.uid()) is not null then
    perform from public.teams t where t.id = edit_team.team for key share;
    perform live.topic('team', team);
  end if;
  case private.role_in_team(team, auth.uid())
    when 'owner', 'editor' then return team;
    when 'viewer' then
      raise exception 'Viewers of the team change nothing' using errcode = '42501';
    else
      raise exception 'There is no such team' using errcode = 'PT404';
  end case;
end
$$;

comment on function private.edit_team(uuid) is
  'The team, held until the transaction ends, if the caller may change what is in it. 42501: they may only look; PT404: they are not in it';

create function private.edit_contact(contact uuid) returns uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  team uuid;
begin
  select c.team_id into team from public.contacts c
  where c.id = contact and private.role_in_team(c.team_id, auth.uid()) is not null;
  if team is null then
    raise exception 'There is no such contact' using errcode = 'PT404';
  end if;
  return private.edit_team(team);
end
$$;

comment on function private.edit_contact(uuid) is 'The team of a contact that the caller may change, held as by edit_team';

-- What is wrong with what somebody wrote: for one contact and for ten thousand, which are looked at in one go.

create function private.contact_faults(team uuid, contacts jsonb) returns table (place bigint, field text, message text)
  language sql stable security definer set search_path = ''
as $$
  select f.place, f.key, f.fault
  from (
    select c.place, e.key, case
      when e.key not in ('name', 'email', 'phone', 'company', 'title', 'stage', 'tags', 'notes', 'owner_id')
        then 'There is no such field'
      when e.key = 'tags' then case
        when jsonb_typeof(e.value) <> 'array' then 'Tags are a list'
        when jsonb_array_length(e.value) > 20 then 'At most 20 tags'
        when exists (
          select from jsonb_array_elements(e.value) t
          where jsonb_typeof(t) <> 'string' or char_length(btrim(t #>> '{}')) not between 1 and 40)
          then 'A tag has 1 to 40 letters'
        end
      when e.key = 'owner_id' then case
        when jsonb_typeof(e.value) = 'null' then null
        when not exists (
          select from public.team_members m where m.team_id = contact_faults.team and m.member_id::text = e.value #>> '{}')
          then 'Whoever looks after it must be in the team'
        end
      when e.key = 'name' and jsonb_typeof(e.value) = 'null' then 'A contact needs a name'
      when jsonb_typeof(e.value) <> 'string' then 'This must be a text'
      when e.key = 'notes' then case when char_length(x.said) > 5000 then 'At most 5,000 letters' end
      when e.key = 'name' and x.said = '' then 'A contact needs a name'
      when e.key in ('name', 'company', 'title') and char_length(x.said) > 120 then 'At most 120 letters'
      when e.key = 'stage' and x.said not in ('lead', 'qualified', 'proposal', 'won', 'lost') then 'There is no such stage'
      when e.key = 'email' and x.said <> ''
           and (char_length(x.said) > 254 or x.said !~ '^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>".]+$')
        then 'This is not an e-mail address'
      when e.key = 'phone' and x.said !~ '^[0-9A-Za-z+()#*./ -]{0,40}$' then 'This is not a phone number'
      end as fault
    from jsonb_array_elements(contacts) with ordinality c (fields, place)
    cross join lateral jsonb_each(c.fields) e
    cross join lateral (select btrim(e.value #>> '{}', E' \t\r\n') as said) x
  ) f
  where f.fault is not null
$$;

comment on function private.contact_faults(uuid, jsonb) is
  'Of an array of objects, by place from 1 and field, as a sentence; none: the fields may be written';

create function private.tags(tags jsonb) returns text[]
  language sql immutable set search_path = ''
as $$
  select array(
    select distinct regexp_replace(lower(btrim(t)), '\s+', ' ', 'g') collate "C"
    from jsonb_array_elements_text(case when jsonb_typeof(tags.tags) = 'array' then tags.tags else '[]' end) t
    where btrim(t) <> '' order by 1)
$$;

create function private.check_contact(team uuid, fields jsonb) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  fault record;
begin
  if jsonb_typeof(fields) is distinct from 'object' then
    raise exception 'The fields of a contact are an object' using errcode = '22023';
  end if;
  select * into fault from private.contact_faults(team, jsonb_build_array(fields)) f order by f.field limit 1;
  if found then
    raise exception '%', fault.message using errcode = '22023', hint = fault.field;
  end if;
end
$$;

create function private.room_for_contacts(team uuid, wanted integer) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  if (select count(*) from public.contacts c where c.team_id = team) + wanted > 200000 then
    raise exception 'A team has at most 200,000 contacts' using errcode = 'PT409';
  end if;
end
$$;

create function public.add_contact(contact_id uuid, team_id uuid, fields jsonb) returns public.contacts
  language plpgsql security definer set search_path = ''
as $$
declare
  team constant uuid := private.edit_team(add_contact.team_id);
  f    constant jsonb := add_contact.fields;
  made public.contacts;
begin
  select * into made from public.contacts c where c.id = add_contact.contact_id;
  if found then  -- sent twice
    if made.team_id = team then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  end if;
  perform private.check_contact(team, '{"name": null}'::jsonb || f);
  perform private.room_for_contacts(team, 1);
  insert into public.contacts (id, team_id, name, email, phone, company, title, stage, tags, notes, owner_id)
  values (add_contact.contact_id, team, btrim(f ->> 'name', E' \t\r\n'), lower(btrim(coalesce(f ->> 'email', ''))),
          btrim(coalesce(f ->> 'phone', '')), btrim(coalesce(f ->> 'company', '')), btrim(coalesce(f ->> 'title', '')),
          coalesce(f ->> 'stage', 'lead'), private.tags(f -> 'tags'), coalesce(f ->> 'notes', ''), (f ->> 'owner_id')::uuid)
  returning * into made;
  return made;
end
$$;

-- One or many, in one statement: one change for others. Only what `changes` names is written.

create function private.write_contacts(ids uuid[], changes jsonb, more_tags text[], less_tags text[]) returns setof public.contacts
  language sql security definer set search_path = ''
as $$
  update public.contacts c set
    name     = coalesce(btrim(changes ->> 'name', E' \t\r\n'), c.name),
    email    = coalesce(lower(btrim(changes ->> 'email')), c.email),
    phone    = coalesce(btrim(changes ->> 'phone'), c.phone),
    company  = coalesce(btrim(changes ->> 'company'), c.company),
    title    = coalesce(btrim(changes ->> 'title'), c.title),
    stage    = coalesce(changes ->> 'stage', c.stage),
    notes    = coalesce(changes ->> 'notes', c.notes),
    owner_id = case when changes ? 'owner_id' then (changes ->> 'owner_id')::uuid else c.owner_id end,
    tags     = array(
      select distinct t collate "C"
      from unnest((case when changes ? 'tags' then private.tags(changes -> 'tags') else c.tags end) || more_tags) t
      where t <> all (less_tags) order by 1)
  where c.id = any (ids)
  returning c.*
$$;

create function public.edit_contact(contact_id uuid, changes jsonb) returns public.contacts
  language plpgsql security definer set search_path = ''
as $$
declare
  team constant uuid := private.edit_contact(edit_contact.contact_id);
  done public.contacts;
begin
  perform private.check_contact(team, edit_contact.changes);
  select * into done from private.write_contacts(array[edit_contact.contact_id], edit_contact.changes, '{}', '{}');
  if done.id is null then
    raise exception 'There is no such contact' using errcode = 'PT404';
  end if;
  return done;
end
$$;

create function public.edit_contacts(
  team_id uuid, ids uuid[], changes jsonb default '{}', more_tags jsonb default '[]', less_tags jsonb default '[]'
) returns setof public.contacts
  language plpgsql security definer set search_path = ''
as $$
declare
  team   constant uuid := private.edit_team(edit_contacts.team_id);
  theirs uuid[];
begin
  if cardinality(edit_contacts.ids) > 1000 then  -- as many as one answer holds
    raise exception 'At most 1,000 contacts at once' using errcode = 'PT409';
  end if;
  perform private.check_contact(team, edit_contacts.changes);
  perform private.check_contact(team, jsonb_build_object('tags', edit_contacts.more_tags));
  if edit_contacts.changes ?| array['name', 'email', 'phone'] then
    raise exception 'This is each contact''s own' using errcode = '22023';
  end if;
  select array_agg(c.id) into theirs from public.contacts c where c.id = any (edit_contacts.ids) and c.team_id = team;
  return query
  select w.*
  from private.write_contacts(theirs, edit_contacts.changes, private.tags(edit_contacts.more_tags), private.tags(edit_contacts.less_tags)) w;
exception when check_violation then
  raise exception 'A contact has at most 20 tags' using errcode = '22023', hint = 'tags';
end
$$;

create function public.remove_contacts(team_id uuid, ids uuid[]) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  team    constant uuid := private.edit_team(remove_contacts.team_id);
  removed integer;
begin
  if cardinality(remove_contacts.ids) > 10000 then
    raise exception 'At most 10,000 contacts at once' using errcode = 'PT409';
  end if;
  delete from public.contacts c where c.id = any (remove_contacts.ids) and c.team_id = team;
  get diagnostics removed = row_count;
  return removed;
end
$$;

create function public.import_contacts(
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
    subject => import_id, body => added || ' added, ' || (result ->> 'skipped') || ' there already, ' || (result ->> 'failed') || ' with errors');
  return result;
end
$$;

-- Who is named with an @ is told, if they are in the team.

create function public.comment_on_contact(comment_id uuid, contact_id uuid, body text) returns public.contact_comments
  language plpgsql security definer set search_path = ''
as $$
declare
  team  constant uuid := private.edit_contact(comment_on_contact.contact_id);
  said  constant text := btrim(comment_on_contact.body, E' \t\r\n');
  made  public.contact_comments;
begin
  select * into made from public.contact_comments c where c.id = comment_on_contact.comment_id;
  if found then  -- sent twice
    if made.contact_id = comment_on_contact.contact_id and made.author_id = auth.uid() then
      return made;
    end if;
    raise exception 'This id is taken' using errcode = '23505';
  elsif (select count(*) from public.contact_comments c where c.contact_id = comment_on_contact.contact_id) >= 1000 then
    raise exception 'A contact has at most 1,000 comments' using errcode = 'PT409';
  end if;
  perform private.allow(auth.uid(), 'contact comment', 30, 2);
  insert into public.contact_comments (id, team_id, contact_id, author_id, body)
  values (comment_on_contact.comment_id, team, comment_on_contact.contact_id, auth.uid(), said)
  returning * into made;
  perform private.notify(
    p.id, 'mention', c.name, format('/contacts?team=%s&contact=%s', team, c.id), auth.uid(), c.id, said)
  from public.contacts c, public.profiles p
  join public.team_members m on m.member_id = p.id and m.team_id = team
  where c.id = comment_on_contact.contact_id
    and p.username in (select lower(x[1]) from regexp_matches(said, '(?:^|[^A-Za-z0-9_@])@([A-Za-z0-9_]{3,24})(?![A-Za-z0-9_])', 'g') x);
  return made;
end
$$;

create function public.remove_contact_comment(comment_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  gone public.contact_comments;
begin
  select * into gone from public.contact_comments c
  where c.id = remove_contact_comment.comment_id and private.role_in_team(c.team_id, auth.uid()) is not null;
  if not found then
    return;
  end if;
  perform private.edit_team(gone.team_id);
  if gone.author_id is distinct from auth.uid() and private.role_in_team(gone.team_id, auth.uid()) <> 'owner' then
    raise exception 'Only who wrote it, or an owner of the team, may do this' using errcode = '42501';
  end if;
  delete from public.contact_comments c where c.id = gone.id;
end
$$;

create function public.save_contact_filter(filter_id uuid, team_id uuid, name text, settings jsonb) returns public.contact_filters
  language plpgsql security definer set search_path = ''
as $$
declare
  saved public.contact_filters;
begin
  if private.role_in_team(save_contact_filter.team_id, auth.uid()) is null then
    raise exception 'There is no such team' using errcode = 'PT404';
  end if;
  perform from public.profiles p where p.id = auth.uid() for no key update;
  if (select count(*) from public.contact_filters f
      where f.owner_id = auth.uid() and f.team_id = save_contact_filter.team_id and f.id <> filter_id) >= 50 then
    raise exception 'At most 50 filters in a team' using errcode = 'PT409';
  end if;
  insert into public.contact_filters as f (id, owner_id, team_id, name, settings)
  values (save_contact_filter.filter_id, auth.uid(), save_contact_filter.team_id, btrim(save_contact_filter.name), save_contact_filter.settings)
  on conflict (id) do update set name = excluded.name, settings = excluded.settings where f.owner_id = auth.uid()
  returning * into saved;
  if saved.id is null then
    raise exception 'This id is taken' using errcode = '23505';
  end if;
  return saved;
end
$$;

create function public.remove_contact_filter(filter_id uuid) returns void
  language sql security definer set search_path = ''
as $$
  delete from public.contact_filters f where f.id = remove_contact_filter.filter_id and f.owner_id = auth.uid()
$$;

-- How many there are, of each stage and with each tag: the thirty most frequent.

create function public.contact_counts(team_id uuid) returns jsonb
  language sql stable security definer set search_path = ''
as $$
  with stages as (
    select c.stage, count(*) as n from public.contacts c
    where c.team_id = contact_counts.team_id and live.is_member('team', contact_counts.team_id)
    group by c.stage
  ), tags as (
    select tag, count(*) as n from public.contacts c, unnest(c.tags) tag
    where c.team_id = contact_counts.team_id and live.is_member('team', contact_counts.team_id)
    group by tag order by n desc, tag limit 30
  )
  select jsonb_build_object(
    'total', (select coalesce(sum(s.n), 0) from stages s),
    'stages', (select coalesce(jsonb_object_agg(s.stage, s.n), '{}') from stages s),
    'tags', (select coalesce(jsonb_agg(jsonb_build_array(t.tag, t.n) order by t.n desc, t.tag), '[]') from tags t))
$$;

comment on function public.add_contact(uuid, uuid, jsonb) is
  'A contact under an id of the caller''s; sent twice it is made once. 22023: the field in the hint is wrong; PT409: too many';
comment on function public.edit_contact(uuid, jsonb) is 'Writes the fields that `changes` names and leaves the others. 22023: the field in the hint is wrong';
comment on function public.edit_contacts(uuid, uuid[], jsonb, jsonb, jsonb) is
  'The same to many, which others hear of as one change: fields, tags more, tags less. Those that were changed; PT409: too many';
comment on function public.remove_contacts(uuid, uuid[]) is 'How many there were; one that is gone is no error';
comment on function public.import_contacts(uuid, uuid, jsonb, text, text) is
  'Up to 10,000 contacts under an id of the caller''s; sent twice they are made once. `on_duplicate`: those whose address is '
  'there already are skipped, fill what is empty in the one that is there, or are added. {added, filled, skipped, failed, '
  'errors: [{row, field, message}]}, rows from 1, the first 500 of the errors';
comment on function public.comment_on_contact(uuid, uuid, text) is 'Sent twice it is made once; whoever is named with an @ is told. PT429: too many at once';
comment on function public.remove_contact_comment(uuid) is 'For who wrote it and owners; one that is gone is no error';
comment on function public.save_contact_filter(uuid, uuid, text, jsonb) is 'A filter of the caller''s, new or changed. PT409: too many';
comment on function public.remove_contact_filter(uuid) is 'One that is gone is no error';
comment on function public.contact_counts(uuid) is '{total, stages: {stage: n}, tags: [[tag, n], …]}; of a team that is none of the caller''s: nothing';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.words(text), private.prepare_contact(), private.edit_team(uuid), private.edit_contact(uuid),
  private.contact_faults(uuid, jsonb), private.tags(jsonb), private.check_contact(uuid, jsonb),
  private.room_for_contacts(uuid, integer), private.write_contacts(uuid[], jsonb, text[], text[]),
  public.add_contact(uuid, uuid, jsonb), public.edit_contact(uuid, jsonb), public.edit_contacts(uuid, uuid[], jsonb, jsonb, jsonb),
  public.remove_contacts(uuid, uuid[]), public.import_contacts(uuid, uuid, jsonb, text, text),
  public.comment_on_contact(uuid, uuid, text), public.remove_contact_comment(uuid),
  public.save_contact_filter(uuid, uuid, text, jsonb), public.remove_contact_filter(uuid), public.contact_counts(uuid)
  from public, anon, authenticated;

grant execute on function
  public.add_contact(uuid, uuid, jsonb), public.edit_contact(uuid, jsonb), public.edit_contacts(uuid, uuid[], jsonb, jsonb, jsonb),
  public.remove_contacts(uuid, uuid[]), public.import_contacts(uuid, uuid, jsonb, text, text),
  public.comment_on_contact(uuid, uuid, text), public.remove_contact_comment(uuid),
  public.save_contact_filter(uuid, uuid, text, jsonb), public.remove_contact_filter(uuid), public.contact_counts(uuid)
  to authenticated;
