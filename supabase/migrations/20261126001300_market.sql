-- The market: prices that everybody sees, one message per tick; what members watch, and what they want to be told of.

create table public.crypto_prices (
  id                    uuid primary key default gen_random_uuid(),
  symbol                text not null unique check (symbol ~ '^[A-Z0-9]{2,10}$'),
  name                  text not null check (char_length(name) between 1 and 60),
  price                 numeric not null check (price > 0 and price < 1e12),
  open_24h              numeric not null check (open_24h > 0 and open_24h < 1e12),
  change_24h            numeric not null default 0,
  change_percentage_24h numeric not null default 0,
  supply                numeric not null check (supply >= 0 and supply < 1e18),
  market_cap            bigint not null default 0,
  volume_24h            bigint not null default 0,
  simulated             boolean not null default true,
  position              integer not null default 0,
  last_updated          timestamptz not null default now(),
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  version               bigint not null default 0
);

comment on table public.crypto_prices is 'One row per symbol, in US dollars; written by `tick_prices` alone';
comment on column public.crypto_prices.open_24h is 'The price a day ago, from which the changes are worked out';
comment on column public.crypto_prices.supply is 'Coins in circulation: the market cap is the price times these';
comment on column public.crypto_prices.simulated is 'False: the last price came from an exchange';

create index crypto_prices_updated_at on public.crypto_prices (updated_at);

create trigger stamp before insert or update on public.crypto_prices for each row execute function live.stamp();

alter table public.crypto_prices enable row level security;

create policy "everybody sees prices" on public.crypto_prices
  for select to anon, authenticated
  using (true);

grant select on public.crypto_prices to anon, authenticated, service_role;

-- A tick moves all of them every second, so it carries no more than what moves.
select live.announce('public.crypto_prices', $$'market'::text$$,
  columns => array['symbol', 'price', 'change_24h', 'change_percentage_24h', 'last_updated']);


-- Not announced: whoever has a minute's candle and hears the ticks can go on with it.

create table public.price_candles (
  id         uuid primary key default gen_random_uuid(),
  symbol     text not null references public.crypto_prices (symbol) on delete cascade,
  minute     timestamptz not null check (minute = date_trunc('minute', minute, 'UTC')),
  open       numeric not null check (open > 0),
  high       numeric not null,
  low        numeric not null check (low > 0 and low <= high),
  close      numeric not null check (close > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (symbol, minute)
) with (fillfactor = 70);

comment on table public.price_candles is
  'The last hours by minutes. Changed every second, so nothing that changes is indexed: not even updated_at';

create index price_candles_minute on public.price_candles (minute);

create trigger stamp before insert or update on public.price_candles for each row execute function live.stamp();

alter table public.price_candles enable row level security;

create policy "everybody sees candles" on public.price_candles
  for select to anon, authenticated
  using (true);

grant select on public.price_candles to anon, authenticated, service_role;

create function public.price_sparklines(minutes integer default 60) returns table (symbol text, closes numeric[])
  language sql stable security definer set search_path = ''
as $$
  select c.symbol, array_agg(c.close order by c.minute)
  from public.price_candles c
  where c.minute > now() - make_interval(mins => least(greatest(price_sparklines.minutes, 1), 180))
  group by c.symbol
$$;

comment on function public.price_sparklines(integer) is 'The closes of the last minutes of all symbols, the oldest first';


create table public.market_status (
  id         uuid primary key default gen_random_uuid(),
  source     text not null default 'simulated' check (source in ('simulated', 'live', 'fallback')),
  provider   text not null default '' check (char_length(provider) <= 60),
  note       text not null default '' check (char_length(note) <= 300),
  since      timestamptz not null default now(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

comment on table public.market_status is 'One row: where the prices come from';
comment on column public.market_status.source is 'fallback: simulated, because the provider does not answer';

create unique index market_status_is_one_row on public.market_status ((true));
create index market_status_updated_at on public.market_status (updated_at);

create trigger stamp before insert or update on public.market_status for each row execute function live.stamp();

alter table public.market_status enable row level security;

create policy "everybody sees where prices come from" on public.market_status
  for select to anon, authenticated
  using (true);

grant select on public.market_status to anon, authenticated, service_role;

select live.announce('public.market_status', $$'market'::text$$);

insert into public.market_status default values;


-- What a member watches, in their order.

create table public.watchlists (
  id         uuid primary key default gen_random_uuid(),
  owner_id   uuid not null references public.profiles (id) on delete cascade,
  symbol     text not null references public.crypto_prices (symbol) on delete cascade,
  position   double precision not null default 0 check (position between -1e9 and 1e9),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (owner_id, symbol)
);

create index watchlists_symbol on public.watchlists (symbol);
create index watchlists_updated_at on public.watchlists (updated_at);

create trigger stamp before insert or update on public.watchlists for each row execute function live.stamp();

alter table public.watchlists enable row level security;

create policy "members see their own" on public.watchlists
  for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "members order their own" on public.watchlists
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "members remove their own" on public.watchlists
  for delete to authenticated
  using (owner_id = (select auth.uid()));

grant select, delete, update (position) on public.watchlists to authenticated;
grant select on public.watchlists to service_role;

select live.announce('public.watchlists', 'live.member_topic(owner_id)');

create function public.watch_symbol(
  watch_id uuid, symbol text, "position" double precision default null
) returns public.watchlists
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  watched public.watchlists;
begin
  perform 1 from public.profiles p where p.id = auth.uid() for no key update; -- one after the other: they are counted
  insert into public.watchlists (id, owner_id, symbol, position)
  select watch_symbol.watch_id, auth.uid(), watch_symbol.symbol, coalesce(watch_symbol.position, max(w.position) + 1, 1)
  from public.watchlists w where w.owner_id = auth.uid()
  on conflict do nothing;
  if (select count(*) from public.watchlists w where w.owner_id = auth.uid()) > 50 then
    raise exception 'You watch 50 already: remove one first' using errcode = 'PT409';
  end if;
  select * into watched from public.watchlists w where w.owner_id = auth.uid() and w.symbol = watch_symbol.symbol;
  return watched;
end
$$;

comment on function public.watch_symbol(uuid, text, double precision) is
  'Puts a symbol on the caller''s list, at the end unless told where; one that is there stays where it is. 23503: no such symbol';


-- Alerts. They fire in the tick that takes the price across, once; then they rest until they are armed again.

create table public.price_alerts (
  id              uuid primary key default gen_random_uuid(),
  owner_id        uuid not null references public.profiles (id) on delete cascade,
  symbol          text not null references public.crypto_prices (symbol) on delete cascade,
  kind            text not null check (kind in ('above', 'below', 'percent')),
  threshold       numeric not null check (threshold > 0 and threshold < 1e12 and (kind <> 'percent' or threshold between 0.01 and 1000)),
  reference_price numeric not null,
  armed           boolean not null default true,
  armed_at        timestamptz not null default now(),
  triggered_at    timestamptz,
  triggered_price numeric,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  version         bigint not null default 0
);

comment on column public.price_alerts.threshold is 'A price, or by percent: how far it moves from the reference price, up or down';
comment on column public.price_alerts.reference_price is 'The price when the alert was armed';

create index price_alerts_owner on public.price_alerts (owner_id);
create index price_alerts_symbol on public.price_alerts (symbol);
create index price_alerts_armed on public.price_alerts (symbol) where armed;
create index price_alerts_updated_at on public.price_alerts (updated_at);

create trigger stamp before insert or update on public.price_alerts for each row execute function live.stamp();

alter table public.price_alerts enable row level security;

create policy "members see their own" on public.price_alerts
  for select to authenticated
  using (owner_id = (select auth.uid()));

create policy "members remove their own" on public.price_alerts
  for delete to authenticated
  using (owner_id = (select auth.uid()));

grant select, delete on public.price_alerts to authenticated;
grant select on public.price_alerts to service_role;

select live.announce('public.price_alerts', 'live.member_topic(owner_id)');

insert into public.notification_kinds (kind, section, title, description, position) values
  ('price_alert', 'Market', 'A price alert fires', 'Once for each alert; you arm it again by hand', 60);

create function public.set_price_alert(alert_id uuid, symbol text, kind text, threshold numeric) returns public.price_alerts
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  made  public.price_alerts;
  price numeric;
begin
  -- Shared with other alerts, not with a tick: it either sees the alert, or the alert sees its price.
  select p.price into price from public.crypto_prices p where p.symbol = set_price_alert.symbol for share;
  if not found then
    raise exception 'There is no such symbol' using errcode = 'PT404';
  end if;
  perform 1 from public.profiles p where p.id = auth.uid() for no key update; -- one after the other: they are counted
  insert into public.price_alerts (id, owner_id, symbol, kind, threshold, reference_price)
  values (set_price_alert.alert_id, auth.uid(), set_price_alert.symbol, set_price_alert.kind, set_price_alert.threshold, price)
  on conflict (id) do nothing;
  if (select count(*) from public.price_alerts a where a.owner_id = auth.uid()) > 50 then
    raise exception 'You have 50 alerts already: remove one first' using errcode = 'PT409';
  end if;
  select * into made from public.price_alerts a where a.id = set_price_alert.alert_id and a.owner_id = auth.uid();
  if not found then
    raise exception 'This alert is another member''s' using errcode = 'PT409';
  end if;
  return made;
end
$$;

comment on function public.set_price_alert(uuid, text, text, numeric) is
  'Makes and arms an alert of the caller''s; with an id that is there already it does nothing. PT404, PT409: too many';

create function public.arm_price_alert(alert_id uuid, armed boolean) returns public.price_alerts
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  mine  public.price_alerts;
  price numeric;
begin
  select * into mine from public.price_alerts a where a.id = arm_price_alert.alert_id and a.owner_id = auth.uid();
  if not found then
    raise exception 'There is no such alert' using errcode = 'PT404';
  end if;
  select p.price into price from public.crypto_prices p where p.symbol = mine.symbol for share; -- as in set_price_alert
  update public.price_alerts a
  set armed           = arm_price_alert.armed,
      armed_at        = case when arm_price_alert.armed then now() else a.armed_at end,
      reference_price = case when arm_price_alert.armed then price else a.reference_price end
  where a.id = arm_price_alert.alert_id and a.armed <> arm_price_alert.armed;
  select * into mine from public.price_alerts a where a.id = arm_price_alert.alert_id;
  return mine;
end
$$;

comment on function public.arm_price_alert(uuid, boolean) is
  'Arms an alert of the caller''s at the price of now, or lets it rest; armed already, it stays as it is. PT404';


-- The tick. One worker at a time moves the market.

create table private.market_lease (
  one        boolean primary key default true check (one),
  worker     text check (char_length(worker) <= 200),
  expires_at timestamptz not null default '-infinity'
);

comment on table private.market_lease is 'Which worker moves the market, until when';

insert into private.market_lease default values;

create function private.hold_market(worker text, lease_s integer) returns boolean
  language plpgsql security definer set search_path = ''
as $$
begin
  update private.market_lease l
  set worker = hold_market.worker, expires_at = clock_timestamp() + make_interval(secs => hold_market.lease_s)
  where l.worker is null or l.worker = hold_market.worker or l.expires_at < clock_timestamp();
  return found;
end
$$;

create function public.claim_market(worker text, lease_s integer default 15) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
begin
  if not private.hold_market(worker, lease_s) then
    return null;
  end if;
  return jsonb_build_object(
    'prices', (select jsonb_agg(jsonb_build_object('symbol', p.symbol, 'price', p.price, 'open', p.open_24h, 'volume', p.volume_24h)
                                order by p.position, p.symbol)
               from public.crypto_prices p),
    'candles', (select count(*) from public.price_candles c where c.minute > now() - interval '1 hour'));
end
$$;

comment on function public.claim_market(text, integer) is
  'Takes the market for a worker, and says how it stands; null while another holds it';

create function public.release_market(worker text) returns boolean
  language plpgsql security definer set search_path = ''
as $$
begin
  update private.market_lease l set worker = null, expires_at = '-infinity' where l.worker = release_market.worker;
  return found;
end
$$;

comment on function public.release_market(text) is 'Gives the market back, so that another need not wait for the lease to end';

create function public.backfill_candles(worker text, candles jsonb) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  filled integer;
begin
  if not private.hold_market(worker, 15) then
    return 0;
  end if;
  insert into public.price_candles (symbol, minute, open, high, low, close)
  select c.symbol, date_trunc('minute', c.minute, 'UTC'), c.open, c.high, c.low, c.close
  from jsonb_to_recordset(backfill_candles.candles)
    as c (symbol text, minute timestamptz, open numeric, high numeric, low numeric, close numeric)
  join public.crypto_prices p on p.symbol = c.symbol
  on conflict (symbol, minute) do nothing;
  get diagnostics filled = row_count;
  return filled;
end
$$;

comment on function public.backfill_candles(text, jsonb) is 'A past for an empty market; minutes that are there stay as they are';

create function private.say_price(price numeric) returns text
  language sql immutable set search_path = ''
  return case when price >= 1 then to_char(price, 'FM999,999,999,990.00') else trim_scale(round(price, 8))::text end;

create function private.fire_alerts(moves jsonb) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  fired  public.price_alerts;
  number integer := 0;
begin
  for fired in
    update public.price_alerts a
    set armed = false, triggered_at = clock_timestamp(), triggered_price = m.price
    from jsonb_to_recordset(moves) as m (symbol text, before numeric, price numeric)
    where a.armed and a.symbol = m.symbol
      and case a.kind
            when 'above' then m.before < a.threshold and m.price >= a.threshold
            when 'below' then m.before > a.threshold and m.price <= a.threshold
            else abs(m.price - a.reference_price) * 100 >= a.reference_price * a.threshold
          end
    returning a.*
  loop
    number := number + 1;
    perform private.notify(
      fired.owner_id, 'price_alert',
      case
        when fired.kind = 'above' then format('%s rose to $%s', fired.symbol, private.say_price(fired.threshold))
        when fired.kind = 'below' then format('%s fell to $%s', fired.symbol, private.say_price(fired.threshold))
        else format('%s %s by %s %%', fired.symbol,
                    case when fired.triggered_price > fired.reference_price then 'rose' else 'fell' end,
                    trim_scale(fired.threshold))
      end,
      '/market?symbol=' || fired.symbol, subject => fired.id,
      body => format('It was at $%s', private.say_price(fired.triggered_price)));
  end loop;
  return number;
end
$$;

comment on function private.fire_alerts(jsonb) is
  'Fires the armed alerts that a tick crosses: from strictly on the near side to the threshold or past it. An alert that '
  'was armed beyond its threshold waits until the price has come back';

create function public.tick_prices(worker text, ticks jsonb, lease_s integer default 15, feed jsonb default null) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  was     jsonb;
  moves   jsonb;
  minute_ timestamptz := date_trunc('minute', clock_timestamp(), 'UTC');
  begun   boolean;
  moved   integer;
begin
  if not private.hold_market(worker, lease_s) then -- which also lets ticks come one after the other
    return null;
  end if;

  -- No alert is armed between this and the end of the tick (see set_price_alert).
  select jsonb_object_agg(l.symbol, l.price) into was
  from (
    select p.symbol, p.price from public.crypto_prices p
    where p.symbol in (select t ->> 'symbol' from jsonb_array_elements(ticks) t)
    order by p.symbol
    for no key update
  ) l;

  with moved as (
    update public.crypto_prices p
    set price                 = t.price,
        open_24h              = coalesce(t.open, p.open_24h),
        change_24h            = t.price - coalesce(t.open, p.open_24h),
        change_percentage_24h = round((t.price / coalesce(t.open, p.open_24h) - 1) * 100, 4),
        market_cap            = least(t.price * p.supply, 9e18)::bigint,
        volume_24h            = least(coalesce(t.volume, p.volume_24h), 9e18)::bigint,
        simulated             = coalesce(t.simulated, true),
        last_updated          = clock_timestamp()
    from (
      select distinct on (x.symbol) x.*
      from jsonb_to_recordset(ticks) as x (symbol text, price numeric, open numeric, volume numeric, simulated boolean)
      where x.price > 0 and x.price < 1e12 and (x.open is null or x.open > 0 and x.open < 1e12) and coalesce(x.volume, 0) >= 0
      order by x.symbol
    ) t
    where p.symbol = t.symbol
    returning p.symbol, p.price
  )
  select jsonb_agg(jsonb_build_object('symbol', m.symbol, 'before', (was ->> m.symbol)::numeric, 'price', m.price)), count(*)
  into moves, moved
  from moved m;

  if moved > 0 then
    begun := not exists (select 1 from public.price_candles c where c.minute >= minute_);
    insert into public.price_candles as c (symbol, minute, open, high, low, close)
    select m.symbol, minute_, m.before, greatest(m.before, m.price), least(m.before, m.price), m.price
    from jsonb_to_recordset(moves) as m (symbol text, before numeric, price numeric)
    on conflict (symbol, minute) do update
    set high = greatest(c.high, excluded.close), low = least(c.low, excluded.close), close = excluded.close;
    if begun then
      delete from public.price_candles c where c.minute < minute_ - interval '3 hours';
    end if;
    perform private.fire_alerts(moves);
  end if;

  if feed is not null then
    update public.market_status s
    set source = f.source, provider = f.provider, note = f.note, since = now()
    from (
      select feed ->> 'source' as source, left(coalesce(feed ->> 'provider', ''), 60) as provider,
             left(coalesce(feed ->> 'note', ''), 300) as note
    ) f
    where (s.source, s.provider, s.note) is distinct from (f.source, f.provider, f.note);
  end if;
  return moved;
end
$$;

comment on function public.tick_prices(text, jsonb, integer, jsonb) is
  'New prices, all in one statement: [{symbol, price, open?, volume?, simulated?}]. Goes on with the candles, fires alerts, '
  'and says where the prices come from: feed {source, provider, note}. How many moved; null while another worker holds the market';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.hold_market(text, integer), private.say_price(numeric), private.fire_alerts(jsonb),
  public.price_sparklines(integer), public.watch_symbol(uuid, text, double precision),
  public.set_price_alert(uuid, text, text, numeric), public.arm_price_alert(uuid, boolean),
  public.claim_market(text, integer), public.release_market(text), public.backfill_candles(text, jsonb),
  public.tick_prices(text, jsonb, integer, jsonb)
  from public, anon, authenticated;
grant execute on function public.price_sparklines(integer) to anon, authenticated, service_role;
grant execute on function
  public.watch_symbol(uuid, text, double precision), public.set_price_alert(uuid, text, text, numeric), public.arm_price_alert(uuid, boolean)
  to authenticated;
grant execute on function
  public.claim_market(text, integer), public.release_market(text), public.backfill_candles(text, jsonb),
  public.tick_prices(text, jsonb, integer, jsonb)
  to service_role;


-- Where the market begins -------------------------------------------------------------------------------------------

insert into public.crypto_prices (symbol, name, price, open_24h, supply, volume_24h, position)
select s.symbol, s.name, s.price, s.price, s.supply, s.volume, row_number() over ()
from (values
  ('BTC', 'Bitcoin', 97250.00, 19780000, 42100000000),
  ('ETH', 'Ethereum', 3415.00, 120400000, 21800000000),
  ('SEI', 'Sei', 0.4820, 4150000000, 214000000),
  ('USDC', 'USD Coin', 1.0000, 39500000000, 8900000000),
  ('USDT', 'Tether', 1.0000, 132000000000, 88000000000),
  ('SOL', 'Solana', 236.40, 474000000, 5400000000),
  ('BNB', 'BNB', 641.20, 144000000, 1700000000),
  ('XRP', 'XRP', 1.4350, 57000000000, 7200000000),
  ('DOGE', 'Dogecoin', 0.4012, 146900000000, 6300000000),
  ('ADA', 'Cardano', 0.9340, 35700000000, 1900000000),
  ('TRX', 'TRON', 0.2010, 86300000000, 780000000),
  ('AVAX', 'Avalanche', 42.10, 409000000, 690000000),
  ('TON', 'Toncoin', 5.720, 2550000000, 410000000),
  ('SHIB', 'Shiba Inu', 0.00002510, 589000000000000, 1100000000),
  ('LINK', 'Chainlink', 17.60, 627000000, 820000000),
  ('DOT', 'Polkadot', 8.340, 1520000000, 640000000),
  ('BCH', 'Bitcoin Cash', 498.00, 19790000, 610000000),
  ('NEAR', 'NEAR Protocol', 6.420, 1220000000, 540000000),
  ('SUI', 'Sui', 3.510, 2850000000, 1300000000),
  ('LTC', 'Litecoin', 94.80, 75200000, 890000000),
  ('UNI', 'Uniswap', 11.20, 600000000, 410000000),
  ('APT', 'Aptos', 12.40, 535000000, 480000000),
  ('PEPE', 'Pepe', 0.00001980, 420690000000000, 3100000000),
  ('DAI', 'Dai', 1.0000, 5360000000, 210000000),
  ('ICP', 'Internet Computer', 11.05, 474000000, 190000000),
  ('XLM', 'Stellar', 0.4710, 30000000000, 1900000000),
  ('ETC', 'Ethereum Classic', 29.40, 150000000, 420000000),
  ('XMR', 'Monero', 161.50, 18450000, 88000000),
  ('HBAR', 'Hedera', 0.1420, 38200000000, 560000000),
  ('FIL', 'Filecoin', 5.410, 602000000, 360000000),
  ('ARB', 'Arbitrum', 0.8450, 4100000000, 520000000),
  ('OP', 'Optimism', 2.080, 1254000000, 380000000),
  ('ATOM', 'Cosmos', 8.020, 391000000, 290000000),
  ('INJ', 'Injective', 28.60, 98900000, 210000000),
  ('IMX', 'Immutable', 1.540, 1690000000, 95000000),
  ('GRT', 'The Graph', 0.2360, 9550000000, 110000000),
  ('AAVE', 'Aave', 176.40, 15000000, 310000000),
  ('MKR', 'Maker', 1590.00, 878000, 92000000),
  ('RENDER', 'Render', 7.610, 517000000, 340000000),
  ('STX', 'Stacks', 2.020, 1500000000, 160000000),
  ('ALGO', 'Algorand', 0.2980, 8310000000, 310000000),
  ('VET', 'VeChain', 0.03720, 80980000000, 98000000),
  ('FTM', 'Fantom', 0.9870, 2803000000, 560000000),
  ('THETA', 'Theta Network', 1.820, 1000000000, 74000000),
  ('SAND', 'The Sandbox', 0.5210, 2440000000, 480000000),
  ('MANA', 'Decentraland', 0.5080, 1940000000, 310000000),
  ('AXS', 'Axie Infinity', 6.540, 155000000, 88000000),
  ('EGLD', 'MultiversX', 34.90, 27500000, 52000000),
  ('TIA', 'Celestia', 5.830, 443000000, 240000000),
  ('LDO', 'Lido DAO', 1.620, 896000000, 150000000)
) as s (symbol, name, price, supply, volume);

update public.crypto_prices set market_cap = (price * supply)::bigint;
