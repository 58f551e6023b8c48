-- Counts: how many pictures there are behind those that a page has loaded. The indexes by which pages read them carry what
-- their filters look at, so that counting a hundred thousand reads an index and no row.

drop index public.generations_owner;
drop index public.generations_public;

create index generations_owner on public.generations (owner_id, created_at desc, id) include (visibility, kind, favourite);
create index generations_public on public.generations (created_at desc, id) include (kind) where visibility = 'public';
