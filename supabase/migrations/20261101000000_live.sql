-- How changes travel: every watched table announces what a statement did to the circles that may see it, as
-- database broadcasts on private topics. Also what all tables share: versions, time stamps, the right to join a topic.

create schema live;
create schema private;

comment on schema live is 'Announcing changes, and who may listen to them';
comment on schema private is 'What no client ever sees: leases, trash, secrets';

revoke all on schema live from public;
revoke all on schema private from public;
grant usage on schema live to anon, authenticated, service_role;

-- Each area grants what it means to. Older projects give all of a new table away by themselves: every column of it too.

alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;


-- Versions order the states of one row (never rows among each other: sequences do not commit in order).

create sequence live.versions;

create function live.stamp() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  new.created_at := case tg_op when 'INSERT' then clock_timestamp() else old.created_at end;
  new.updated_at := clock_timestamp();
  new.version    := nextval('live.versions');
  return new;
end
$$;

comment on function live.stamp() is 'BEFORE INSERT OR UPDATE, each row: created_at, updated_at and version belong to the database';


-- Topics. `live.topics` lets a topic expression be one topic, several or none.

create function live.topics(topic text) returns text[]
  language sql immutable
  return array_remove(array[topic], null);

create function live.topics(topics text[]) returns text[]
  language sql immutable
  return array_remove(topics, null);

create function live.member_topic(member uuid) returns text
  language sql immutable
  return 'member:' || member;

-- A feed carries what the database says and nobody else writes to it; a room is for people to talk in.

create function live.may_read(topic text, extension text) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select case
    when topic in ('world', 'market') then extension = 'broadcast'
    when topic like 'member:%'        then extension = 'broadcast' and topic = live.member_topic(auth.uid())
    when topic = 'room:studio'        then auth.uid() is not null
    else false
  end
$$;

create function live.may_write(topic text, extension text) returns boolean
  language sql stable security definer set search_path = ''
as $$
  select topic like 'room:%' and live.may_read(topic, extension)
$$;

create policy "a circle reads its topic" on realtime.messages
  for select to anon, authenticated
  using (live.may_read((select realtime.topic()), extension));

create policy "people talk in their rooms" on realtime.messages
  for insert to anon, authenticated
  with check (live.may_write((select realtime.topic()), extension));


-- Announcing.

create function live.publish(topic text, source text, operation text, records jsonb, old_keys jsonb) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  message jsonb := jsonb_build_object(
    'table', source, 'operation', operation, 'records', coalesce(records, '[]'), 'old_keys', coalesce(old_keys, '[]'),
    'at', clock_timestamp());
begin
  -- Hosted projects refuse payloads from 256 KB on; whoever gets `refetch` asks for the rows instead.
  if octet_length(message::text) > 200000 then
    message := jsonb_build_object('table', source, 'operation', operation, 'refetch', true, 'at', clock_timestamp());
  end if;
  perform realtime.send(message, 'change', topic, true);
end
$$;

comment on function live.publish(text, text, text, jsonb, jsonb) is 'One message on one topic; too large a one becomes a request to fetch again';

create function live.announce(target regclass, topic text, columns text[] default null) returns void
  language plpgsql set search_path = ''
as $announce$
declare
  source  text;
  keys    text[];
  record_ text;
  key_    text;
  same_   text;
  name_   text;
begin
  select c.relname into source from pg_catalog.pg_class c where c.oid = target;

  select array_agg(a.attname order by a.attnum) into keys
  from pg_catalog.pg_index i
  join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
  where i.indrelid = target and i.indisprimary;

  if columns is null then
    select array_agg(a.attname order by a.attnum) into columns
    from pg_catalog.pg_attribute a
    where a.attrelid = target and a.attnum > 0 and not a.attisdropped;
  end if;
  select array_agg(distinct c) into columns from unnest(columns || keys || array['version']) as c;

  select string_agg(format('%L, r.%I', c, c), ', ') into record_ from unnest(columns) as c;
  select string_agg(format('%L, r.%I', c, c), ', ') into key_ from unnest(keys || array['version']) as c;
  select string_agg(format('o.%I = n.%I', c, c), ' and ') into same_ from unnest(keys) as c;
  name_ := format('announce_%s', source);

  -- `r` is the row in every generated query, so that the topic expression may use the bare column names.
  execute format($generate$
    create function live.%1$I() returns trigger language plpgsql security definer set search_path = '' as $body$
    begin
      perform live.publish(m.topic, %5$L, 'INSERT', m.records, null)
      from (
        select t.topic, jsonb_agg(jsonb_build_object(%2$s)) as records
        from new_rows r, unnest(live.topics(%4$s)) as t (topic)
        group by t.topic
      ) m;
      return null;
    end $body$
  $generate$, name_ || '_insert', record_, key_, topic, source);

  execute format($generate$
    create function live.%1$I() returns trigger language plpgsql security definer set search_path = '' as $body$
    begin
      perform live.publish(m.topic, %5$L, 'DELETE', null, m.old_keys)
      from (
        select t.topic, jsonb_agg(jsonb_build_object(%3$s)) as old_keys
        from old_rows r, unnest(live.topics(%4$s)) as t (topic)
        group by t.topic
      ) m;
      return null;
    end $body$
  $generate$, name_ || '_delete', record_, key_, topic, source);

  -- A row that moves between circles leaves the first as an old key, with the version of its new state.
  execute format($generate$
    create function live.%1$I() returns trigger language plpgsql security definer set search_path = '' as $body$
    begin
      perform live.publish(m.topic, %5$L, 'UPDATE', m.records, m.old_keys)
      from (
        select x.topic,
               jsonb_agg(x.record) filter (where x.record is not null) as records,
               jsonb_agg(x.old_key) filter (where x.old_key is not null) as old_keys
        from (
          select t.topic, jsonb_build_object(%2$s) as record, null::jsonb as old_key
          from new_rows r, unnest(live.topics(%4$s)) as t (topic)
          union all
          select gone.topic, null, (select jsonb_build_object(%3$s) from (select n.*) r)
          from old_rows o
          join new_rows n on %6$s
          cross join lateral (
            select unnest((select live.topics(%4$s) from (select o.*) r))
            except
            select unnest((select live.topics(%4$s) from (select n.*) r))
          ) as gone (topic)
        ) x
        group by x.topic
      ) m;
      return null;
    end $body$
  $generate$, name_ || '_update', record_, key_, topic, source, same_);

  execute format('revoke all on function live.%I(), live.%I(), live.%I() from public, anon, authenticated',
                 name_ || '_insert', name_ || '_update', name_ || '_delete');
  execute format('create trigger announce_insert after insert on %s referencing new table as new_rows
                  for each statement execute function live.%I()', target, name_ || '_insert');
  execute format('create trigger announce_update after update on %s referencing old table as old_rows new table as new_rows
                  for each statement execute function live.%I()', target, name_ || '_update');
  execute format('create trigger announce_delete after delete on %s referencing old table as old_rows
                  for each statement execute function live.%I()', target, name_ || '_delete');
end
$announce$;

comment on function live.announce(regclass, text, text[]) is
  'Attaches statement triggers that send one message per statement and topic. `topic` is an expression over the row''s '
  'columns giving a topic, an array of topics, or null; `columns` (default all) are what a record carries';


-- Rights: policies call may_read and may_write as the client's role; the rest belongs to triggers and migrations.

revoke all on all functions in schema live from public, anon, authenticated;
grant execute on function live.may_read(text, text), live.may_write(text, text) to anon, authenticated, service_role;
