-- What a hosted Supabase project has before its first migration: roles, schemas and functions under their hosted names,
-- with the columns that migrations, clients and the services can see. Run as supabase_admin, the superuser, in one
-- transaction; run again after this file changed, so every statement can be repeated over what is there.


-- Roles. Passwords are set by bootstrap.py.

do $$
declare
  wanted record;
begin
  for wanted in
    select *
    from (values
      ('postgres',                'login createrole createdb bypassrls replication'),
      ('authenticator',           'login noinherit'),
      ('anon',                    'nologin noinherit'),
      ('authenticated',           'nologin noinherit'),
      ('service_role',            'nologin noinherit bypassrls'),
      ('supabase_auth_admin',     'nologin noinherit'),
      ('supabase_storage_admin',  'nologin noinherit'),
      ('supabase_realtime_admin', 'nologin noinherit')
    ) as roles (name, options)
  loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
      execute format('create role %I', wanted.name);
    end if;
    execute format('alter role %I with %s', wanted.name, wanted.options);
  end loop;
end
$$;

grant anon, authenticated, service_role to authenticator, postgres;
grant pg_monitor, pg_signal_backend to postgres;

alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role authenticator set idle_in_transaction_session_timeout = '60s';

alter database postgres owner to postgres;
alter database postgres set search_path = "$user", public, extensions;

create schema if not exists extensions authorization postgres;
create schema if not exists auth authorization supabase_auth_admin;
create schema if not exists storage authorization supabase_storage_admin;
create schema if not exists realtime authorization supabase_realtime_admin;
create schema if not exists _embedded;

grant usage on schema public, extensions, auth, storage, realtime to postgres, anon, authenticated, service_role;
grant all on schema public to postgres;


-- New tables are granted to nobody. (Postgres gives nothing by itself; this undoes what a project may have set.)

alter default privileges for role postgres in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges for role postgres in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges for role postgres in schema public revoke all on functions from anon, authenticated, service_role;


-- Auth

create or replace function auth.jwt() returns jsonb
  language sql stable
  return coalesce(nullif(current_setting('request.jwt.claim', true), ''),
                  nullif(current_setting('request.jwt.claims', true), ''))::jsonb;

create or replace function auth.uid() returns uuid
  language sql stable
  return coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

create or replace function auth.role() returns text
  language sql stable
  return coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role');

create or replace function auth.email() returns text
  language sql stable
  return coalesce(nullif(current_setting('request.jwt.claim.email', true), ''),
                  nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'email');

do $$
begin
  create type auth.aal_level as enum ('aal1', 'aal2', 'aal3');
exception
  when duplicate_object then null;
end
$$;

create table if not exists auth.users (
  instance_id                 uuid,
  id                          uuid primary key,
  aud                         varchar(255),
  role                        varchar(255),
  email                       varchar(255),
  encrypted_password          varchar(255),
  email_confirmed_at          timestamptz,
  invited_at                  timestamptz,
  confirmation_token          varchar(255),
  confirmation_sent_at        timestamptz,
  recovery_token              varchar(255),
  recovery_sent_at            timestamptz,
  email_change_token_new      varchar(255),
  email_change                varchar(255),
  email_change_sent_at        timestamptz,
  last_sign_in_at             timestamptz,
  raw_app_meta_data           jsonb,
  raw_user_meta_data          jsonb,
  is_super_admin              boolean,
  created_at                  timestamptz,
  updated_at                  timestamptz,
  phone                       text unique,
  phone_confirmed_at          timestamptz,
  phone_change                text default '',
  phone_change_token          varchar(255) default '',
  phone_change_sent_at        timestamptz,
  confirmed_at                timestamptz generated always as (least(email_confirmed_at, phone_confirmed_at)) stored,
  email_change_token_current  varchar(255) default '',
  email_change_confirm_status smallint default 0 check (email_change_confirm_status between 0 and 2),
  banned_until                timestamptz,
  reauthentication_token      varchar(255) default '',
  reauthentication_sent_at    timestamptz,
  is_sso_user                 boolean not null default false,
  deleted_at                  timestamptz,
  is_anonymous                boolean not null default false
);

create unique index if not exists users_email_partial_key on auth.users (email) where is_sso_user = false;
create index if not exists users_instance_id_email_idx on auth.users (instance_id, lower(email));

create table if not exists auth.identities (
  provider_id     text not null,
  user_id         uuid not null references auth.users (id) on delete cascade,
  identity_data   jsonb not null,
  provider        text not null,
  last_sign_in_at timestamptz,
  created_at      timestamptz,
  updated_at      timestamptz,
  email           text generated always as (lower(identity_data ->> 'email')) stored,
  id              uuid primary key default gen_random_uuid(),
  unique (provider_id, provider)
);

create index if not exists identities_user_id_idx on auth.identities (user_id);

create table if not exists auth.sessions (
  id           uuid primary key,
  user_id      uuid not null references auth.users (id) on delete cascade,
  created_at   timestamptz,
  updated_at   timestamptz,
  factor_id    uuid,
  aal          auth.aal_level,
  not_after    timestamptz,
  refreshed_at timestamp,
  user_agent   text,
  ip           inet,
  tag          text
);

create index if not exists sessions_user_id_idx on auth.sessions (user_id);

create table if not exists auth.refresh_tokens (
  instance_id uuid,
  id          bigserial primary key,
  token       varchar(255) unique,
  user_id     varchar(255),
  revoked     boolean,
  created_at  timestamptz,
  updated_at  timestamptz,
  parent      varchar(255),
  session_id  uuid references auth.sessions (id) on delete cascade
);

create index if not exists refresh_tokens_parent_idx on auth.refresh_tokens (parent);
create index if not exists refresh_tokens_session_id_revoked_idx on auth.refresh_tokens (session_id, revoked);

alter table auth.users enable row level security;
alter table auth.identities enable row level security;
alter table auth.sessions enable row level security;
alter table auth.refresh_tokens enable row level security;

grant select, insert, update, delete, references, trigger on all tables in schema auth to postgres;
grant all on all sequences in schema auth to postgres;


-- Storage

do $$
begin
  create type storage.buckettype as enum ('STANDARD', 'ANALYTICS', 'VECTOR');
exception
  when duplicate_object then null;
end
$$;

create table if not exists storage.buckets (
  id                 text primary key,
  name               text not null unique,
  owner              uuid,
  created_at         timestamptz default now(),
  updated_at         timestamptz default now(),
  public             boolean default false,
  avif_autodetection boolean default false,
  file_size_limit    bigint,
  allowed_mime_types text[],
  owner_id           text,
  type               storage.buckettype not null default 'STANDARD'
);

create table if not exists storage.objects (
  id               uuid primary key default gen_random_uuid(),
  bucket_id        text references storage.buckets (id),
  name             text,
  owner            uuid,
  created_at       timestamptz default now(),
  updated_at       timestamptz default now(),
  last_accessed_at timestamptz default now(),
  metadata         jsonb,
  path_tokens      text[] generated always as (string_to_array(name, '/')) stored,
  version          text,
  owner_id         text,
  user_metadata    jsonb
);

create unique index if not exists bucketid_objname on storage.objects (bucket_id, name);
create index if not exists name_prefix_search on storage.objects (name text_pattern_ops);

create or replace function storage.foldername(name text) returns text[]
  language sql immutable
  return (string_to_array(name, '/'))[1 : cardinality(string_to_array(name, '/')) - 1];

create or replace function storage.filename(name text) returns text
  language sql immutable
  return (string_to_array(name, '/'))[cardinality(string_to_array(name, '/'))];

create or replace function storage.extension(name text) returns text
  language sql immutable
  return reverse(split_part(reverse(storage.filename(name)), '.', 1));

create or replace function storage.operation() returns text
  language sql stable
  return current_setting('storage.operation', true);

create or replace function storage.update_updated_at_column() returns trigger
  language plpgsql
as $$
begin
  new.updated_at := now();
  return new;
end
$$;

-- A row deleted by SQL would leave its file behind. The Storage service sets storage.allow_delete_query in its own
-- transactions, as the platform's does.

create or replace function storage.protect_delete() returns trigger
  language plpgsql
as $$
begin
  if coalesce(current_setting('storage.allow_delete_query', true), 'false') <> 'true' then
    raise exception 'Direct deletion from storage tables is not allowed. Use the Storage API instead.'
      using errcode = '42501', hint = 'This prevents accidental data loss from orphaned objects.';
  end if;
  return null;
end
$$;

create or replace trigger update_objects_updated_at before update on storage.objects
  for each row execute function storage.update_updated_at_column();
create or replace trigger protect_objects_delete before delete or truncate on storage.objects
  for each statement execute function storage.protect_delete();
create or replace trigger protect_buckets_delete before delete or truncate on storage.buckets
  for each statement execute function storage.protect_delete();

alter table storage.buckets enable row level security;
alter table storage.objects enable row level security;

grant select, insert, update, delete, references, trigger on storage.buckets, storage.objects
  to anon, authenticated, service_role, postgres;


-- Realtime

create table if not exists realtime.messages (
  topic          text not null,
  extension      text not null,
  payload        jsonb,
  event          text,
  private        boolean default false,
  updated_at     timestamp not null default now(),
  inserted_at    timestamp not null default now(),
  id             uuid not null default gen_random_uuid(),
  binary_payload bytea,
  primary key (id, inserted_at)
) partition by range (inserted_at);

create index if not exists messages_inserted_at_topic_index on realtime.messages (inserted_at desc, topic)
  where extension = 'broadcast' and private;

create or replace function realtime.topic() returns text
  language sql stable
  return nullif(current_setting('realtime.topic', true), '');

-- With the caller's rights, so that policies decide; a message that may not be sent is a warning and no error, because
-- the statement that caused it is worth more than its announcement.

create or replace function realtime.send(payload jsonb, event text, topic text, private boolean default true) returns void
  language plpgsql
as $$
declare
  message_id constant uuid := gen_random_uuid();
begin
  perform set_config('realtime.topic', send.topic, true);
  insert into realtime.messages (id, payload, event, topic, private, extension)
  values (
    message_id,
    case when send.payload ? 'id' then send.payload else jsonb_set(send.payload, '{id}', to_jsonb(message_id)) end,
    send.event, send.topic, send.private, 'broadcast');
exception
  when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.send_binary(payload bytea, event text, topic text, private boolean default true) returns void
  language plpgsql
as $$
begin
  perform set_config('realtime.topic', send_binary.topic, true);
  insert into realtime.messages (binary_payload, event, topic, private, extension)
  values (send_binary.payload, send_binary.event, send_binary.topic, send_binary.private, 'broadcast');
exception
  when others then
    raise warning 'WarnSendingBroadcastMessage: %', sqlerrm;
end
$$;

create or replace function realtime.broadcast_changes(
  topic_name text, event_name text, operation text, table_name text, table_schema text, new record, old record,
  level text default 'ROW'
) returns void
  language plpgsql
as $$
begin
  if level = 'STATEMENT' then
    raise exception 'function can only be triggered for each row, not for each statement';
  end if;
  if operation not in ('INSERT', 'UPDATE', 'DELETE') then
    raise exception 'Unexpected operation type: %', operation;
  end if;
  perform realtime.send(
    jsonb_build_object('old_record', old, 'record', new, 'operation', operation, 'table', table_name, 'schema', table_schema),
    event_name, topic_name);
exception
  when others then
    raise exception 'Failed to process the row: %', sqlerrm;
end
$$;

alter table realtime.messages enable row level security;

grant select, insert, update on realtime.messages to anon, authenticated, service_role, postgres;

-- One partition a day, some days ahead (a laptop may sleep through a few), the last three kept. Called at every start
-- and every hour.

create or replace function _embedded.keep_message_partitions() returns void
  language plpgsql
as $$
declare
  today constant date := (now() at time zone 'utc')::date;
  day   date;
  old   record;
begin
  for day in select generate_series(today - 1, today + 7, interval '1 day')::date
  loop
    if to_regclass(format('realtime.messages_%s', to_char(day, 'YYYY_MM_DD'))) is null then
      execute format('create table realtime.%I partition of realtime.messages for values from (%L) to (%L)',
                     'messages_' || to_char(day, 'YYYY_MM_DD'), day, day + 1);
      execute format('alter table realtime.%I owner to supabase_realtime_admin', 'messages_' || to_char(day, 'YYYY_MM_DD'));
      execute format('alter table realtime.%I enable row level security', 'messages_' || to_char(day, 'YYYY_MM_DD'));
    end if;
  end loop;
  for old in
    select c.relname
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'realtime.messages'::regclass
      and c.relname < 'messages_' || to_char(today - 3, 'YYYY_MM_DD')
  loop
    execute format('drop table realtime.%I', old.relname);
  end loop;
end
$$;

-- Which rows some people may see, for Postgres Changes: each question names a role and claims, a query and its keys. It
-- runs with the rights of `authenticator`, which can become nobody but those whom requests may be.

drop function if exists _embedded.see_rows(jsonb, bigint[]);  -- as it was before

create or replace function _embedded.see_rows(questions jsonb)
  returns table (n bigint, seen int[], error text)
  language plpgsql
as $$
declare
  question jsonb;
begin
  for n, question in select i, q from jsonb_array_elements(questions) with ordinality as x(q, i) order by i
  loop
    seen := '{}';
    error := null;
    begin
      perform pg_catalog.set_config('role', question->>'role', true),
              pg_catalog.set_config('request.jwt.claims', question->>'claims', true),
              pg_catalog.set_config('request.jwt.claim.sub', question->>'sub', true),
              pg_catalog.set_config('request.jwt.claim.role', question->>'role', true),
              pg_catalog.set_config('search_path', 'public, extensions', true);
      execute question->>'query' into seen using question->'keys';
    exception when others then
      error := sqlerrm;
    end;
    perform pg_catalog.set_config('role', 'none', true);
    return next;
  end loop;
end
$$;

revoke all on function _embedded.see_rows(jsonb) from public;
grant execute on function _embedded.see_rows(jsonb) to authenticator;
grant usage on schema _embedded to authenticator;

do $$
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime_messages_publication') then
    create publication supabase_realtime_messages_publication for table realtime.messages
      with (publish = 'insert', publish_via_partition_root = true);
  end if;
end
$$;

alter publication supabase_realtime owner to postgres;


-- Whose everything is.

do $$
declare
  owned record;
begin
  for owned in
    select format('alter %s %s owner to %I', kind, name, 'supabase_' || schema || '_admin') as command
    from (
      select n.nspname as schema, 'table' as kind, c.oid::regclass::text as name
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('auth', 'storage', 'realtime') and c.relkind in ('r', 'p')
      union all
      select n.nspname, 'function', p.oid::regprocedure::text
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      where n.nspname in ('auth', 'storage', 'realtime')
      union all
      select n.nspname, 'type', format_type(t.oid, null)
      from pg_catalog.pg_type t
      join pg_catalog.pg_namespace n on n.oid = t.typnamespace
      where n.nspname in ('auth', 'storage', 'realtime') and t.typtype = 'e'
    ) as things
  loop
    execute owned.command;
  end loop;
end
$$;


-- Migrations run as `postgres`, which may add policies and triggers to the platform's tables but not change them. The
-- platform does this with a server extension (supautils). Here `postgres` inherits the owners' rights, without being
-- able to become them, and event triggers refuse the rest with the platform's words.

do $$
begin
  grant supabase_auth_admin, supabase_storage_admin, supabase_realtime_admin to postgres
    with inherit true, set false, admin false;
end
$$;

create or replace function _embedded.guard_definitions() returns event_trigger
  language plpgsql security invoker set search_path = ''
as $$
declare
  changed record;
begin
  if current_user <> 'postgres' then
    return;
  end if;
  for changed in execute format(
    $query$
      select c.object_type, c.object_identity
      from pg_catalog.%I() c
      where c.object_type not in ('policy', 'trigger')
        and (c.schema_name in ('auth', 'storage', 'realtime')
             or c.object_type = 'schema' and c.object_identity in ('auth', 'storage', 'realtime'))
    $query$,
    case tg_event when 'sql_drop' then 'pg_event_trigger_dropped_objects' else 'pg_event_trigger_ddl_commands' end)
  loop
    raise exception 'must be owner of % %', changed.object_type, changed.object_identity using errcode = '42501';
  end loop;
end
$$;

drop event trigger if exists guard_definitions;
create event trigger guard_definitions on ddl_command_end execute function _embedded.guard_definitions();
drop event trigger if exists guard_drops;
create event trigger guard_drops on sql_drop execute function _embedded.guard_definitions();
drop function if exists _embedded.guard_drops();

grant usage on schema _embedded to postgres;


-- REST reads the schema again after every definition.

create or replace function extensions.pgrst_ddl_watch() returns event_trigger
  language plpgsql
as $$
begin
  notify pgrst, 'reload schema';
end
$$;

drop event trigger if exists pgrst_ddl_watch;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
drop event trigger if exists pgrst_drop_watch;
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_ddl_watch();
