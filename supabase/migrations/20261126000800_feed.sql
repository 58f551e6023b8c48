-- The feed: what members publish, who likes it, and what is said to it.

-- Posts -------------------------------------------------------------------------------------------------------------

create table public.posts (
  id            uuid primary key default gen_random_uuid(),
  author_id     uuid not null references public.profiles (id) on delete cascade,
  generation_id uuid not null unique references public.generations (id) on delete cascade,
  caption       text not null default '' check (char_length(caption) <= 500),
  kind          text not null check (kind in ('image', 'video')),
  prompt        text not null check (char_length(prompt) <= 1000),
  media_path    text not null check (char_length(media_path) <= 300),
  poster_path   text not null check (char_length(poster_path) <= 300),
  media_type    text not null check (char_length(media_type) <= 40),
  width         integer not null,
  height        integer not null,
  duration      real,
  colour        text not null check (colour ~ '^#[0-9a-f]{6}$'),
  like_count    integer not null default 0 check (like_count >= 0),
  comment_count integer not null default 0 check (comment_count >= 0),
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  version       bigint not null default 0
);

comment on table public.posts is 'A public generation with a few words; it goes when the generation goes or is made private';
comment on column public.posts.kind is 'This and all down to colour are the generation''s, which never change: a post is read without it';

create index posts_author on public.posts (author_id, created_at desc, id);
create index posts_newest on public.posts (created_at desc, id);
create index posts_updated_at on public.posts (updated_at);

create trigger stamp before insert or update on public.posts for each row execute function live.stamp();

alter table public.posts enable row level security;

create policy "everybody reads the feed" on public.posts
  for select to anon, authenticated
  using (true);

create policy "authors remove their own" on public.posts
  for delete to authenticated
  using (author_id = (select auth.uid()));

grant select on public.posts to anon, authenticated, service_role;
grant delete on public.posts to authenticated;

select live.announce('public.posts', $$array['world', live.member_topic(author_id)]$$);

create function private.withdraw_post() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  delete from public.posts p where p.generation_id = new.id;
  return null;
end
$$;

create trigger withdraw_post after update of visibility on public.generations
  for each row when (old.visibility = 'public' and new.visibility = 'private') execute function private.withdraw_post();


-- Likes: one row for each member and post, whatever they change their mind ------------------------------------------

create table public.likes (
  id         uuid primary key default gen_random_uuid(),
  post_id    uuid not null references public.posts (id) on delete cascade,
  member_id  uuid not null references public.profiles (id) on delete cascade,
  liked      boolean not null default true,
  posted_at  timestamptz not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0,
  unique (post_id, member_id)
);

comment on column public.likes.liked is 'False: taken back. The row stays, so that liking again is no news to the author';
comment on column public.likes.posted_at is 'When the post was made: a member''s likes are read in the order of the feed';

create index likes_member on public.likes (member_id, posted_at desc, id);
create index likes_of_a_post on public.likes (post_id, created_at desc) where liked;
create index likes_updated_at on public.likes (updated_at);

create trigger stamp before insert or update on public.likes for each row execute function live.stamp();

alter table public.likes enable row level security;

create policy "everybody sees who likes what" on public.likes
  for select to anon, authenticated
  using (liked or member_id = (select auth.uid()));

grant select on public.likes to anon, authenticated, service_role;

select live.announce('public.likes', 'live.member_topic(member_id)');


-- Comments ----------------------------------------------------------------------------------------------------------

create table public.comments (
  id         uuid primary key default gen_random_uuid(),
  post_id    uuid not null references public.posts (id) on delete cascade,
  author_id  uuid not null references public.profiles (id) on delete cascade,
  body       text not null check (char_length(body) <= 1000 and body ~ '\S'),
  edited_at  timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version    bigint not null default 0
);

create index comments_post on public.comments (post_id, created_at desc, id);
create index comments_author on public.comments (author_id, created_at desc, id);
create index comments_updated_at on public.comments (updated_at);

create trigger stamp before insert or update on public.comments for each row execute function live.stamp();

alter table public.comments enable row level security;

create policy "everybody reads comments" on public.comments
  for select to anon, authenticated
  using (true);

grant select on public.comments to anon, authenticated, service_role;

select live.announce('public.comments', $$array['world', live.member_topic(author_id)]$$);


-- Counters: kept by triggers, so that they are right whoever writes, and whatever cascades --------------------------

create function private.count_likes() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    update public.posts p set like_count = p.like_count + d.n
    from (select r.post_id, count(*) as n from new_rows r where r.liked group by r.post_id) d
    where p.id = d.post_id;
  elsif tg_op = 'UPDATE' then
    update public.posts p set like_count = p.like_count + d.n
    from (select n.post_id, sum(n.liked::integer - o.liked::integer) as n
          from new_rows n join old_rows o on o.id = n.id group by n.post_id) d
    where p.id = d.post_id and d.n <> 0;
  else
    -- All of somebody's at once: in one order, so that two who leave do not wait for each other.
    perform 1 from public.posts p where p.id in (select r.post_id from old_rows r where r.liked) order by p.id for no key update;
    update public.posts p set like_count = p.like_count - d.n
    from (select r.post_id, count(*) as n from old_rows r where r.liked group by r.post_id) d
    where p.id = d.post_id;
  end if;
  return null;
end
$$;

create trigger count_insert after insert on public.likes
  referencing new table as new_rows for each statement execute function private.count_likes();
create trigger count_update after update on public.likes
  referencing old table as old_rows new table as new_rows for each statement execute function private.count_likes();
create trigger count_delete after delete on public.likes
  referencing old table as old_rows for each statement execute function private.count_likes();

create function private.count_comments() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if tg_op = 'INSERT' then
    update public.posts p set comment_count = p.comment_count + d.n
    from (select r.post_id, count(*) as n from new_rows r group by r.post_id) d
    where p.id = d.post_id;
  else
    perform 1 from public.posts p where p.id in (select r.post_id from old_rows r) order by p.id for no key update;
    update public.posts p set comment_count = p.comment_count - d.n
    from (select r.post_id, count(*) as n from old_rows r group by r.post_id) d
    where p.id = d.post_id;
  end if;
  return null;
end
$$;

create trigger count_insert after insert on public.comments
  referencing new table as new_rows for each statement execute function private.count_comments();
create trigger count_delete after delete on public.comments
  referencing old table as old_rows for each statement execute function private.count_comments();


-- Who is told -------------------------------------------------------------------------------------------------------

create function private.tell_author() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  post public.posts;
  -- as a record: only comments have an author and a body
  what jsonb := to_jsonb(new);
begin
  select * into post from public.posts p where p.id = new.post_id;
  perform private.notify(
    post.author_id, tg_argv[0], left(coalesce(nullif(btrim(post.caption), ''), post.prompt), 80), '/feed?post=' || post.id,
    coalesce(what ->> 'author_id', what ->> 'member_id')::uuid, post.id, coalesce(what ->> 'body', ''));
  return null;
end
$$;

create trigger tell_author after insert on public.likes for each row execute function private.tell_author('like');
create trigger tell_author after insert on public.comments for each row execute function private.tell_author('comment');


-- What members do ---------------------------------------------------------------------------------------------------

create function private.publish_post(member uuid, post_id uuid, generation_id uuid, caption text) returns public.posts
  language plpgsql security definer set search_path = ''
as $$
declare
  picture public.generations;
  post    public.posts;
begin
  perform private.allow(member, 'post', 10, 120);
  select * into post from public.posts p where p.id = publish_post.post_id and p.author_id = publish_post.member;
  if found then
    return post; -- sent twice
  end if;
  -- Held, so that it cannot be made private between this look and the post.
  select * into picture from public.generations g
  where g.id = publish_post.generation_id and g.owner_id = publish_post.member for no key update;
  if not found then
    raise exception 'This picture is gone' using errcode = 'PT404';
  end if;
  if exists (select 1 from public.posts p where p.generation_id = picture.id) then
    raise exception 'This picture is in the feed already' using errcode = '23505';
  end if;
  if picture.visibility = 'private' then
    update public.generations g set visibility = 'public' where g.id = picture.id;
  end if;
  insert into public.posts (id, author_id, generation_id, caption, kind, prompt, media_path, poster_path, media_type,
                            width, height, duration, colour)
  values (publish_post.post_id, publish_post.member, picture.id, btrim(coalesce(publish_post.caption, ''), E' \t\r\n'), picture.kind,
          picture.prompt, picture.media_path, picture.poster_path, picture.media_type, picture.width, picture.height,
          picture.duration, picture.colour)
  returning * into post;
  return post;
end
$$;

-- A post is held before anything else of it is touched: whoever likes, comments on or removes it takes the same way.

create function private.hold_post(post_id uuid) returns public.posts
  language plpgsql security definer set search_path = ''
as $$
declare
  post public.posts;
begin
  select * into post from public.posts p where p.id = hold_post.post_id for no key update;
  if not found then
    raise exception 'This post is gone' using errcode = 'PT404';
  end if;
  return post;
end
$$;

create function private.like_post(member uuid, like_id uuid, post_id uuid, liked boolean) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  post public.posts;
  mine public.likes;
begin
  perform private.allow(member, 'like', 60, 1);
  post := private.hold_post(like_post.post_id);
  if like_post.liked then
    insert into public.likes as l (id, post_id, member_id, posted_at)
    values (like_post.like_id, post.id, like_post.member, post.created_at)
    on conflict (post_id, member_id) do update set liked = true where not l.liked;
  else
    update public.likes l set liked = false where l.post_id = post.id and l.member_id = like_post.member and l.liked;
  end if;
  select * into mine from public.likes l where l.post_id = post.id and l.member_id = like_post.member;
  select * into post from public.posts p where p.id = post.id;
  return jsonb_build_object(
    'row', case when mine.id is not null then to_jsonb(mine) end, 'count', post.like_count, 'post_version', post.version);
end
$$;

create function private.comment_on_post(member uuid, comment_id uuid, post_id uuid, body text) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  post public.posts;
  said public.comments;
begin
  perform private.allow(member, 'comment', 10, 6);
  post := private.hold_post(comment_on_post.post_id);
  select * into said from public.comments c where c.id = comment_on_post.comment_id and c.author_id = comment_on_post.member;
  if not found then
    insert into public.comments (id, post_id, author_id, body)
    values (comment_on_post.comment_id, post.id, comment_on_post.member, btrim(comment_on_post.body, E' \t\r\n'))
    returning * into said;
  end if;
  select * into post from public.posts p where p.id = post.id;
  return jsonb_build_object('row', to_jsonb(said), 'count', post.comment_count, 'post_version', post.version);
end
$$;

create function public.publish_post(post_id uuid, generation_id uuid, caption text default '') returns public.posts
  language sql security definer set search_path = ''
as $$
  select private.publish_post(auth.uid(), publish_post.post_id, publish_post.generation_id, publish_post.caption)
$$;

comment on function public.publish_post(uuid, uuid, text) is
  'Puts a picture of the caller''s into the feed, and makes it public. Sent twice with one id, the first one counts';

create function public.like_post(like_id uuid, post_id uuid, liked boolean) returns jsonb
  language sql security definer set search_path = ''
as $$
  select private.like_post(auth.uid(), like_post.like_id, like_post.post_id, like_post.liked)
$$;

comment on function public.like_post(uuid, uuid, boolean) is
  'The caller likes a post, or does so no longer, however often it is sent: {"row": the like, "count": likes of the post, '
  '"post_version": the state of the post that counts it}. `like_id` is used if they never liked it before';

create function public.comment_on_post(comment_id uuid, post_id uuid, body text) returns jsonb
  language sql security definer set search_path = ''
as $$
  select private.comment_on_post(auth.uid(), comment_on_post.comment_id, comment_on_post.post_id, comment_on_post.body)
$$;

comment on function public.comment_on_post(uuid, uuid, text) is
  'The caller comments: {"row": the comment, "count": comments on the post, "post_version": the state that counts it}';

create function public.edit_comment(comment_id uuid, body text) returns public.comments
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.comments;
begin
  perform private.allow(auth.uid(), 'comment', 10, 6);
  update public.comments c
  set body = btrim(edit_comment.body, E' \t\r\n'), edited_at = now()
  where c.id = edit_comment.comment_id and c.author_id = auth.uid()
  returning * into said;
  if not found then
    raise exception 'This comment is gone' using errcode = 'PT404';
  end if;
  return said;
end
$$;

comment on function public.edit_comment(uuid, text) is 'Other words for a comment of the caller''s';

create function public.remove_comment(comment_id uuid) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
declare
  said public.comments;
  post public.posts;
begin
  select * into said from public.comments c where c.id = remove_comment.comment_id;
  if not found then
    return null; -- sent twice
  end if;
  post := private.hold_post(said.post_id);
  delete from public.comments c where c.id = said.id and auth.uid() in (c.author_id, post.author_id);
  if not found then
    raise exception 'Only its author and the author of the post remove a comment' using errcode = '42501';
  end if;
  select * into post from public.posts p where p.id = said.post_id;
  return jsonb_build_object('count', post.comment_count, 'post_version', post.version);
end
$$;

comment on function public.remove_comment(uuid) is
  'Removes a comment of the caller''s, or one on a post of theirs: {"count": comments that are left, "post_version"}';


-- The crowd: demo members whom the worker lets act, so that a new studio is alive. It has the service key and could do
-- anything; through these it acts for demo members only, and what it has made costs nobody a credit.

create table private.crowd_turns (
  one     boolean primary key default true check (one),
  next_at timestamptz not null
);

comment on table private.crowd_turns is 'When the crowd acts next, however many workers there are';

create table private.crowd_jobs (
  job_id uuid primary key references public.generation_jobs (id) on delete cascade
);

comment on table private.crowd_jobs is 'What nobody asked for: only this is published and pruned by the crowd';

create function private.note_crowd_job() returns trigger
  language plpgsql security definer set search_path = ''
as $$
begin
  if auth.uid() is null and exists (select 1 from public.profiles p where p.id = new.owner_id and p.is_demo) then
    insert into private.crowd_jobs (job_id) values (new.id);
  end if;
  return null;
end
$$;

create trigger note_crowd_job after insert on public.generation_jobs for each row execute function private.note_crowd_job();

create function private.must_be_demo(member uuid) returns void
  language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select 1 from public.profiles p where p.id = must_be_demo.member and p.is_demo) then
    raise exception 'There is no such demo member' using errcode = 'PT404';
  end if;
end
$$;

create function public.crowd_turn(pause_s double precision) returns jsonb
  language plpgsql security definer set search_path = ''
as $$
declare
  here    uuid[];
  members uuid[];
begin
  insert into private.crowd_turns as t (next_at) values (now() + make_interval(secs => crowd_turn.pause_s))
  on conflict (one) do update set next_at = excluded.next_at where t.next_at <= now();
  if not found then
    return null;
  end if;
  select coalesce(array_agg(u.id), '{}') into here from public.user_presence u
  where u.status <> 'offline' and u.last_seen > now() - interval '2 minutes';
  -- Whoever is signed in as one of them speaks for themselves.
  select array_agg(p.id order by p.username) into members from public.profiles p where p.is_demo and p.id <> all (here);
  return jsonb_build_object(
    'members', coalesce(to_jsonb(members), '[]'),
    'watched', cardinality(here) > 0,
    'posts', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', p.id, 'author', p.author_id,
        'liked_by', (select coalesce(jsonb_agg(l.member_id), '[]') from public.likes l
                     where l.post_id = p.id and l.member_id = any (members)),
        'said_by', (select coalesce(jsonb_agg(distinct c.author_id), '[]') from public.comments c
                    where c.post_id = p.id and c.author_id = any (members))) order by p.created_at desc)
      from (select * from public.posts order by created_at desc limit 30) p), '[]'),
    'pictures', coalesce((
      select jsonb_agg(jsonb_build_object('id', g.id, 'owner', g.owner_id))
      from (
        select g.id, g.owner_id from public.generations g
        join private.crowd_jobs c on c.job_id = g.job_id
        where g.visibility = 'public' and g.owner_id = any (members)
          and not exists (select 1 from public.posts p where p.generation_id = g.id)
        order by g.created_at desc limit 20
      ) g), '[]'),
    'open_jobs', (
      select count(*) from private.crowd_jobs c join public.generation_jobs j on j.id = c.job_id
      where j.status in ('waiting', 'active')));
end
$$;

comment on function public.crowd_turn(double precision) is
  'What the crowd sees if it may act now: {"members": who are not here themselves, "watched": whether any member is here, "posts", "pictures": not published yet, '
  '"open_jobs"}; null while it is not its turn. The next turn is after the pause';

create function public.crowd_generate(member uuid, prompt text, model text, seed bigint) returns uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  job uuid;
begin
  perform private.must_be_demo(crowd_generate.member);
  insert into public.generation_jobs (owner_id, kind, prompt, model_id, params)
  select crowd_generate.member, 'image', crowd_generate.prompt, m.id,
         jsonb_build_object('width', 1024, 'height', 1024, 'count', 1, 'steps', 28, 'seed', crowd_generate.seed, 'duration', 4)
  from public.models m
  where m.slug = crowd_generate.model and m.owner_id is null and 'image' = any (m.makes)
  returning id into job;
  return job;
end
$$;

create function public.crowd_publish(member uuid, generation_id uuid, caption text) returns uuid
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.must_be_demo(crowd_publish.member);
  return (private.publish_post(
    crowd_publish.member, gen_random_uuid(), crowd_publish.generation_id, crowd_publish.caption)).id;
end
$$;

create function public.crowd_like(member uuid, post_id uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.must_be_demo(crowd_like.member);
  perform private.like_post(crowd_like.member, gen_random_uuid(), crowd_like.post_id, true);
end
$$;

create function public.crowd_comment(member uuid, post_id uuid, body text) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.must_be_demo(crowd_comment.member);
  perform private.comment_on_post(crowd_comment.member, gen_random_uuid(), crowd_comment.post_id, crowd_comment.body);
end
$$;

create function public.prune_crowd(keep integer default 300) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  pruned integer;
begin
  delete from public.generations g
  where g.id in (
    select o.id from public.generations o
    join private.crowd_jobs c on c.job_id = o.job_id
    join public.profiles p on p.id = o.owner_id and p.is_demo
    where not o.favourite
    order by o.created_at desc, o.id
    offset greatest(prune_crowd.keep, 0));
  get diagnostics pruned = row_count;
  -- A job of which nothing is left, once nobody looks at it in the queue any more.
  delete from public.generation_jobs j
  using private.crowd_jobs c
  where c.job_id = j.id and j.status in ('completed', 'failed', 'cancelled') and j.finished_at < now() - interval '10 minutes'
    and not exists (select 1 from public.generations g where g.job_id = j.id);
  return pruned;
end
$$;

comment on function public.prune_crowd(integer) is
  'Deletes the oldest pictures that the crowd has made, and so their posts, but for the newest `keep` and those marked by somebody';


-- Rights ------------------------------------------------------------------------------------------------------------

revoke all on function
  private.withdraw_post(), private.count_likes(), private.count_comments(), private.tell_author(),
  private.publish_post(uuid, uuid, uuid, text), private.hold_post(uuid),
  private.like_post(uuid, uuid, uuid, boolean), private.comment_on_post(uuid, uuid, uuid, text),
  public.publish_post(uuid, uuid, text), public.like_post(uuid, uuid, boolean), public.comment_on_post(uuid, uuid, text),
  public.edit_comment(uuid, text), public.remove_comment(uuid), private.note_crowd_job(), private.must_be_demo(uuid),
  public.crowd_turn(double precision), public.crowd_generate(uuid, text, text, bigint), public.crowd_publish(uuid, uuid, text),
  public.crowd_like(uuid, uuid), public.crowd_comment(uuid, uuid, text), public.prune_crowd(integer)
  from public, anon, authenticated;
grant execute on function
  public.publish_post(uuid, uuid, text), public.like_post(uuid, uuid, boolean), public.comment_on_post(uuid, uuid, text),
  public.edit_comment(uuid, text), public.remove_comment(uuid)
  to authenticated;
grant execute on function
  public.crowd_turn(double precision), public.crowd_generate(uuid, text, text, bigint), public.crowd_publish(uuid, uuid, text),
  public.crowd_like(uuid, uuid), public.crowd_comment(uuid, uuid, text), public.prune_crowd(integer)
  to service_role;
