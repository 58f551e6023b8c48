-- Credits: one account a member, and a ledger that is only ever added to.
--
-- C1  A balance is the sum of its account's transactions, and never below zero.
-- C2  A transaction is never changed, nor deleted but with its member.
-- C3  A key is one transaction of an account, however often it is sent; with another amount it is refused.
-- C4  What a job costs is held when it is queued. It ends once: settled when the job completes, or given back, whatever races.
--
-- Whoever moves credits locks the account's row first, so that the movements of one account are in one line; a job's row, where
-- there is one, was locked before that. A transaction that ends jobs of several members must be the only one that does.

create table public.credit_accounts (
  id         uuid primary key references public.profiles (id) on delete cascade,
  balance    integer not null default 0,
  low        boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  constraint credit_accounts_never_below_zero check (balance >= 0)
);

comment on table public.credit_accounts is 'What each member has; the id is the member''s. Changed by private.post alone';
comment on column public.credit_accounts.low is 'Its member has been told that it runs low, and it has not risen since';

create index credit_accounts_updated_at on public.credit_accounts (updated_at);

create trigger stamp before insert or update on public.credit_accounts for each row execute function live.stamp();

alter table public.credit_accounts enable row level security;

create policy "members see their own" on public.credit_accounts
  for select to authenticated
  using (id = (select auth.uid()));

grant select on public.credit_accounts to authenticated, service_role;

select live.announce('public.credit_accounts', 'live.member_topic(id)');


create table public.credit_transactions (
  id              uuid primary key default gen_random_uuid(),
  account_id      uuid not null references public.credit_accounts (id) on delete cascade,
  kind            text not null check (kind in ('grant', 'topup', 'hold', 'settle', 'refund')),
  amount          integer not null,
  balance_after   integer not null check (balance_after >= 0),
  purpose         text not null check (purpose ~ '^[a-z_]{2,40}$'),
  label           text not null default '' check (char_length(label) <= 120),
  reference_table text check (reference_table ~ '^[a-z_]{2,60}$'),
  reference_id    uuid,
  idempotency_key text not null check (char_length(idempotency_key) between 1 and 120),
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  version         bigint not null default 0,
  unique (account_id, idempotency_key),
  check ((reference_table is null) = (reference_id is null)),
  check (case kind when 'hold' then amount < 0 when 'settle' then amount = 0 else amount > 0 end)
);

comment on table public.credit_transactions is 'Every movement of credits there has been';
comment on column public.credit_transactions.kind is
  'hold: taken for something that was queued; settle: that is finished, nothing moves; refund: that is not to be, and all is given back';
comment on column public.credit_transactions.purpose is 'What for: image, video, training, welcome, top_up';
comment on column public.credit_transactions.label is 'In words: a prompt, the name of a model';

create index credit_transactions_account on public.credit_transactions (account_id, created_at desc, id);
create index credit_transactions_reference on public.credit_transactions (reference_id, reference_table) where reference_id is not null;
create index credit_transactions_updated_at on public.credit_transactions (updated_at);

create trigger stamp before insert or update on public.credit_transactions for each row execute function live.stamp();

alter table public.credit_transactions enable row level security;

create policy "members see their own" on public.credit_transactions
  for select to authenticated
  using (account_id = (select auth.uid()));

grant select on public.credit_transactions to authenticated, service_role;

select live.announce('public.credit_transactions', 'live.member_topic(account_id)');


-- C2. By whichever way it comes, and for everybody: only where a member is gone already does the cascade find nobody here.

create function private.refuse_change() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'DELETE' then
    if tg_table_name = 'credit_transactions' then
      if not exists (select 1 from public.credit_accounts a where a.id = old.account_id) then
        return old;
      end if;
    elsif not exists (select 1 from public.profiles p where p.id = old.id) then
      return old;
    end if;
  end if;
  raise exception 'What is in the ledger stays as it is' using errcode = '42501';
end
$$;

create trigger immutable before update or delete on public.credit_transactions
  for each row execute function private.refuse_change();
create trigger immutable_as_a_whole before truncate on public.credit_transactions
  for each statement execute function private.refuse_change();
create trigger stays before delete on public.credit_accounts
  for each row execute function private.refuse_change();
create trigger stays_as_a_whole before truncate on public.credit_accounts
  for each statement execute function private.refuse_change();


-- Moving credits ----------------------------------------------------------------------------------------------------

create function private.low_credits() returns integer
  language sql immutable
  return 25;

comment on function private.low_credits() is 'Below this a member is told that credits run low';

create function private.credits(n integer) returns text
  language sql immutable
  return case n when 1 then '1 credit' else format('%s credits', n) end;

create function private.post(
  account uuid, kind text, amount integer, purpose text, label text, key text,
  reference_table text default null, reference_id uuid default null, id uuid default null
) returns public.credit_transactions
  language plpgsql security definer set search_path = ''
as $$
declare
  held    public.credit_accounts;
  made    public.credit_transactions;
  is_low  boolean;
begin
  select * into held from public.credit_accounts a where a.id = post.account for no key update;
  if not found then
    raise exception 'There is no such account' using errcode = 'PT404';
  end if;

  select * into made from public.credit_transactions t where t.account_id = post.account and t.idempotency_key = post.key;
  if found then  -- C3
    if (made.kind, made.amount) is distinct from (post.kind, post.amount) then
      raise exception 'This was sent before, with another amount' using errcode = 'PT409';
    end if;
    return made;
  end if;

  if held.balance + post.amount < 0 then
    raise exception 'This costs %, and you have %', private.credits(-post.amount), private.credits(held.balance)
      using errcode = 'PT402', hint = 'Top up, or choose something smaller.';
  end if;
  is_low := held.balance + post.amount < private.low_credits();
  if post.amount <> 0 then
    update public.credit_accounts a set balance = a.balance + post.amount, low = is_low where a.id = post.account;
  end if;
  insert into public.credit_transactions
    (id, account_id, kind, amount, balance_after, purpose, label, reference_table, reference_id, idempotency_key)
  values (
    coalesce(post.id, gen_random_uuid()), post.account, post.kind, post.amount, held.balance + post.amount, post.purpose,
    left(post.label, 120), post.reference_table, post.reference_id, post.key)
  returning * into made;
  if is_low and not held.low and post.amount < 0 then
    perform private.notify(
      post.account, 'low_credits', 'Your credits run low', '/credits', subject => post.account,
      body => private.credits(made.balance_after) || case made.balance_after when 1 then ' is left' else ' are left' end);
  end if;
  return made;
end
$$;

comment on function private.post(uuid, text, integer, text, text, text, text, uuid, uuid) is
  'The one way in which a balance changes. PT402: not enough; PT409: the key was used with another amount; PT404: no account';

create function private.hold(
  member uuid, cost integer, source text, id uuid, purpose text, label text default ''
) returns public.credit_transactions
  language plpgsql security definer set search_path = ''
as $$
declare
  made public.credit_transactions;
begin
  made := private.post(
    hold.member, 'hold', -hold.cost, hold.purpose, hold.label, format('hold:%s:%s', hold.source, hold.id), hold.source, hold.id);
  -- A thing that was deleted and is made anew under its old id would be free.
  if exists (
    select 1 from public.credit_transactions t
    where t.account_id = hold.member and t.idempotency_key = format('end:%s:%s', hold.source, hold.id)
  ) then
    raise exception 'This has ended, and stays so' using errcode = 'PT409';
  end if;
  return made;
end
$$;

comment on function private.hold(uuid, integer, text, uuid, text, text) is
  'Takes what a thing costs, once, until `settle` or `give_back` ends it. The thing is named by its table and id. PT402: not enough; '
  'PT409: it has ended, or costs something else by now';

create function private.finish_hold(source text, id uuid, kind text) returns public.credit_transactions
  language plpgsql security definer set search_path = ''
as $$
declare
  held public.credit_transactions;
  made public.credit_transactions;
begin
  select * into held from public.credit_transactions t
  where t.reference_table = finish_hold.source and t.reference_id = finish_hold.id and t.kind = 'hold';
  if not found then
    return null;
  end if;
  -- Of two that end it the second waits here, and then finds the end of the first.
  perform 1 from public.credit_accounts a where a.id = held.account_id for no key update;
  select * into made from public.credit_transactions t
  where t.account_id = held.account_id and t.idempotency_key = format('end:%s:%s', finish_hold.source, finish_hold.id);
  if found then
    return made;
  end if;
  return private.post(
    held.account_id, finish_hold.kind, case finish_hold.kind when 'refund' then -held.amount else 0 end, held.purpose, held.label,
    format('end:%s:%s', finish_hold.source, finish_hold.id), finish_hold.source, finish_hold.id);
end
$$;

create function private.settle(source text, id uuid) returns public.credit_transactions
  language sql security definer set search_path = ''
as $$
  select private.finish_hold(settle.source, settle.id, 'settle')
$$;

create function private.give_back(source text, id uuid) returns public.credit_transactions
  language sql security definer set search_path = ''
as $$
  select private.finish_hold(give_back.source, give_back.id, 'refund')
$$;

comment on function private.finish_hold(text, uuid, text) is 'C4: a hold has one end. Returns it, whichever it is; null where nothing was held';
comment on function private.settle(text, uuid) is 'The thing is finished: what was held for it is spent. Nothing happens where it has ended before';
comment on function private.give_back(text, uuid) is 'The thing is not to be: what was held for it is given back, once';


-- Jobs with a price ------------------------------------------------------------------------------------------------

create function private.charge() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  ended constant text[] := array['completed', 'failed', 'cancelled'];
  job   jsonb;
begin
  if tg_op = 'INSERT' then
    if new.cost > 0 and new.status <> all (ended) then
      job := to_jsonb(new);
      perform private.hold(
        new.owner_id, new.cost, tg_table_name::text, new.id, coalesce(tg_argv[1], job ->> 'kind'), coalesce(job ->> tg_argv[0], ''));
    end if;
  elsif tg_op = 'DELETE' then
    -- With its member everything goes, the account as well.
    if old.status <> all (ended) and exists (select 1 from public.profiles p where p.id = old.owner_id) then
      perform private.give_back(tg_table_name::text, old.id);
    end if;
  elsif new.status is distinct from old.status then
    if old.status = any (ended) and old.cost > 0 then
      raise exception 'This has ended, and stays so' using errcode = 'PT409';
    elsif new.status = 'completed' then
      perform private.settle(tg_table_name::text, new.id);
    elsif new.status = any (ended) then
      perform private.give_back(tg_table_name::text, new.id);
    end if;
  end if;
  return null;
end
$$;

comment on function private.charge() is
  'Attached to a table of jobs, it moves the credits: held when a job is queued (PT402 refuses the job), settled when it completes, '
  'given back when it fails, is cancelled or deleted; a job that waits again keeps its hold. The table has the columns id, owner_id, '
  'cost and status (waiting|active|completed|failed|cancelled). The first argument is the column that names a job in words, the '
  'second what it is charged as, where that is not in its column `kind`: create trigger charge after insert or update of status '
  'or delete on public.training_jobs for each row execute function private.charge(''name'', ''training'')';

create trigger charge after insert or update of status or delete on public.generation_jobs
  for each row execute function private.charge('prompt');

-- It may give back to many members at once: one at a time, or two of them could wait for each other.

create or replace function public.release_expired_leases() returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  job  public.generation_jobs;
  jobs integer := 0;
begin
  if not pg_try_advisory_xact_lock(hashtext('release_expired_leases')) then
    return 0;
  end if;
  for job in
    select j.* from public.generation_jobs j
    left join private.job_leases l on l.job_id = j.id
    where j.status = 'active' and (l.job_id is null or l.expires_at < now())
    order by j.id
    for update of j skip locked
  loop
    perform private.fail(job, 'The renderer stopped answering', false);
    jobs := jobs + 1;
  end loop;
  return jobs;
end
$$;


-- Everybody has an account, with something to begin with ---------------------------------------------------------------

create function private.open_account(member uuid) returns void
  language sql security definer set search_path = ''
as $$
  insert into public.credit_accounts (id) values (open_account.member) on conflict (id) do nothing;
  select private.post(open_account.member, 'grant', 500, 'welcome', 'Welcome to the studio', 'welcome');
$$;

create function private.welcome_with_credits() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.open_account(new.id);
  return null;
end
$$;

create trigger welcome_with_credits after insert on public.profiles for each row execute function private.welcome_with_credits();

do $$
begin
  perform private.open_account(p.id) from public.profiles p;
end
$$;


-- What members do ---------------------------------------------------------------------------------------------------

create function public.top_up(amount integer, idempotency_key uuid) returns public.credit_accounts
  language plpgsql security definer set search_path = ''
as $$
declare
  member constant uuid := auth.uid();
  held   public.credit_accounts;
  today  record;
begin
  if top_up.amount is null or top_up.amount not between 10 and 1000 then
    raise exception 'From 10 to 1,000 credits at a time' using errcode = '23514', hint = 'amount';
  end if;
  if top_up.idempotency_key is null then
    raise exception 'A key is needed' using errcode = '23514', hint = 'idempotency_key';
  end if;
  -- One at a time for each member, so that nobody tops up past the limit.
  perform 1 from public.credit_accounts a where a.id = member for no key update;
  if not found then
    raise exception 'Sign in to top up' using errcode = '42501';
  end if;
  if not exists (
    select 1 from public.credit_transactions t
    where t.account_id = member and t.idempotency_key = format('topup:%s', top_up.idempotency_key)
  ) then
    select count(*) as times, coalesce(sum(t.amount), 0) as credits into today from public.credit_transactions t
    where t.account_id = member and t.kind = 'topup' and t.created_at > now() - interval '1 day';
    if today.times >= 20 or today.credits + top_up.amount > 2000 then
      raise exception 'At most 2,000 credits and 20 payments a day' using errcode = 'PT429', hint = 'Come back tomorrow.';
    end if;
  end if;
  perform private.post(
    member, 'topup', top_up.amount, 'top_up', 'Simulated payment', format('topup:%s', top_up.idempotency_key));
  select * into held from public.credit_accounts a where a.id = member;
  return held;
end
$$;

comment on function public.top_up(integer, uuid) is
  'Adds credits to the caller''s account, once for each key; the payment is simulated, no money moves. Returns the account as it is '
  'then. 23514: not from 10 to 1,000, or no key; PT409: the key was used with another amount; PT429: more than 2,000 or 20 payments in a day';

create function public.credit_spending(days integer default 30, zone text default 'UTC')
  returns table (day date, purpose text, credits integer)
  language sql stable security definer set search_path = ''
as $$
  -- What was given back was never spent: it counts on no day.
  select (t.created_at at time zone credit_spending.zone)::date, t.purpose, (-sum(t.amount))::integer
  from public.credit_transactions t
  where t.account_id = auth.uid() and t.kind = 'hold'
    and t.created_at >= (date_trunc('day', now() at time zone credit_spending.zone)
                         - make_interval(days => least(greatest(credit_spending.days, 1), 366) - 1)) at time zone credit_spending.zone
    and not exists (
      select 1 from public.credit_transactions e
      where e.reference_id = t.reference_id and e.reference_table = t.reference_table and e.kind = 'refund')
  group by 1, 2
  order by 1, 2
$$;

comment on function public.credit_spending(integer, text) is
  'What the caller spent on which day for what, today included, by the calendar of a time zone. 22023: no such zone';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.refuse_change(), private.low_credits(), private.credits(integer),
  private.post(uuid, text, integer, text, text, text, text, uuid, uuid),
  private.hold(uuid, integer, text, uuid, text, text), private.finish_hold(text, uuid, text), private.settle(text, uuid),
  private.give_back(text, uuid), private.charge(), private.open_account(uuid), private.welcome_with_credits(),
  public.top_up(integer, uuid), public.credit_spending(integer, text)
  from public, anon, authenticated;
grant execute on function public.top_up(integer, uuid), public.credit_spending(integer, text) to authenticated;
