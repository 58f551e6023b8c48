-- A studio in which people work: what the demo members' team and chat hold at the first start, and what the crowd does there.
-- It all goes through what members call themselves, as the demo member in question: the same checks, activities and news.

create table private.demo_seeds (
  what    text primary key,
  sown_at timestamptz not null default now()
);

comment on table private.demo_seeds is 'What was put into a new studio; once, also when somebody has emptied it since';

create table private.crowd_contacts (
  contact_id uuid primary key references public.contacts (id) on delete cascade,
  seeded     boolean not null default false,
  made_at    timestamptz not null default clock_timestamp()
);

comment on table private.crowd_contacts is 'Contacts that no visitor made: only these are moved by the crowd, and only those that were not seeded are pruned';

create table private.crowd_messages (
  message_id uuid primary key references public.chat_messages (id) on delete cascade,
  made_at    timestamptz not null default clock_timestamp()
);

comment on table private.crowd_messages is 'What the crowd has said in the demo members'' chat: only this is pruned';

create table private.crowd_tasks (
  task_id uuid primary key references public.tasks (id) on delete cascade,
  seeded  boolean not null default false,
  made_at timestamptz not null default clock_timestamp()
);

comment on table private.crowd_tasks is 'As crowd_contacts: tasks on the shared team''s board';

create function private.act_as(member uuid) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.must_be_demo(act_as.member);
  perform set_config('request.jwt.claims', jsonb_build_object('sub', act_as.member, 'role', 'authenticated')::text, true);
end
$$;

comment on function private.act_as(uuid) is 'Until the transaction ends the caller is this demo member. PT404: it is none';


-- The first day ---------------------------------------------------------------------------------------------------------

create function private.seed_contacts(members uuid[]) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  demo constant uuid := '5d3c1e0a-7000-4000-8000-000000000001';
begin
  create temporary table sown on commit drop as
  select w.*, members[1 + (w.place * 7) % cardinality(members)] as owner_id, gen_random_uuid() as id
  from (values
    (1,  'lead',      'Ines Carvalho',     'Tidewater Books',      'Art Director',          'publishing,covers'),
    (2,  'proposal',  'Jonas Lindqvist',   'Northlight Films',     'Producer',              'film,storyboard'),
    (3,  'won',       'Amara Okafor',      'Kestrel Games',        'Creative Lead',         'games,concept art'),
    (4,  'qualified', 'Theo Marchetti',    'Officina Verde',       'Founder',               'brand,packaging'),
    (5,  'lead',      'Yuki Tanabe',       'Paper Crane Press',    'Editor',                'publishing'),
    (6,  'lost',      'Rosa Delgado',      'Calle Norte',          'Marketing Lead',        'brand,events'),
    (7,  'proposal',  'Samir Haddad',      'Observatory Museum',   'Head of Exhibitions',   'museum,print'),
    (8,  'lead',      'Freya Nilsen',      'Fjord & Field',        'Brand Manager',         'brand,outdoor'),
    (9,  'won',       'Daniel Osei',       'Lantern Theatre',      'Artistic Director',     'stage,print'),
    (10, 'qualified', 'Clara Weiss',       'Halbmond Verlag',      'Picture Editor',        'publishing,covers'),
    (11, 'lead',      'Mateo Rivas',       'Alto Coffee',          'Head of Design',        'brand,packaging'),
    (12, 'qualified', 'Priya Raman',       'Monsoon Records',      'Label Manager',         'music,covers'),
    (13, 'proposal',  'Eleanor Byrne',     'Saltmarsh Tours',      'Owner',                 'travel,print'),
    (14, 'lead',      'Nikolai Petrov',    'Baltic Design Week',   'Curator',               'events'),
    (15, 'won',       'Hana Kovacs',       'Bright Orchard',       'Marketing Director',    'brand,retainer'),
    (16, 'lead',      'Louis Fontaine',    'Atelier Fontaine',     'Architect',             'architecture,renders'),
    (17, 'qualified', 'Zainab Yusuf',      'Copperfield Studio',   'Game Artist',           'games,concept art'),
    (18, 'lost',      'Oskar Brandt',      'Brandt & Sohn',        'Managing Director',     'architecture'),
    (19, 'lead',      'Lucia Moretti',     'Cinema Aurora',        'Programmer',            'film,print'),
    (20, 'proposal',  'Ben Whitaker',      'Hollow Oak Brewery',   'Co-founder',            'brand,packaging'),
    (21, 'won',       'Sofia Lund',        'Lund Interiors',       'Designer',              'architecture,renders'),
    (22, 'lead',      'Kwame Mensah',      'Gold Coast Journal',   'Photo Editor',          'publishing'),
    (23, 'qualified', 'Marta Zielinska',   'Teatr Nowy',           'Dramaturge',            'stage'),
    (24, 'lead',      'Arjun Mehta',       'Sandbar Travel',       'Content Lead',          'travel'),
    (25, 'won',       'Grainne Doyle',     'Harbour Festival',     'Festival Director',     'events,print,retainer'),
    (26, 'qualified', 'Elif Demir',        'Bosphorus Ceramics',   'Owner',                 'brand'),
    (27, 'lead',      'Tomas Novak',       'Vltava Pictures',      'Director',              'film,storyboard'),
    (28, 'proposal',  'Camille Roux',      'Maison Roux',          'Creative Director',     'fashion,campaign'),
    (29, 'lead',      'Noor Al-Sayed',     'Crescent Type',        'Type Designer',         'print'),
    (30, 'lost',      'Victor Hale',       'Hale Outdoor',         'Media Buyer',           'outdoor,campaign'),
    (31, 'qualified', 'Isla MacLeod',      'Skerry Distillery',    'Brand Manager',         'brand,packaging'),
    (32, 'lead',      'Pedro Almeida',     'Lisbon Book Fair',     'Organiser',             'publishing,events'),
    (33, 'won',       'Mei Lin',           'Jade Garden Hotels',   'Head of Brand',         'travel,retainer'),
    (34, 'lead',      'Anton Keller',      'Keller Optics',        'Product Manager',       'product'),
    (35, 'qualified', 'Ruth Abelson',      'Planetarium West',     'Director',              'museum,film'),
    (36, 'proposal',  'Diego Fuentes',     'Sol y Sombra',         'Choreographer',         'stage,music'),
    (37, 'lead',      'Astrid Holm',       'Polar Knitwear',       'Founder',               'fashion'),
    (38, 'won',       'Julian Park',       'Longwave Radio',       'Producer',              'music,covers'),
    (39, 'lead',      'Farah Siddiqui',    'Inkwell Magazine',     'Editor in Chief',       'publishing,covers'),
    (40, 'qualified', 'Henrik Dahl',       'Dahl Furniture',       'Head of Marketing',     'product,renders')
  ) as w (place, stage, name, company, title, tags);
  -- Everybody brought their own: an import of each.
  for i in 1..cardinality(members) loop
    perform private.act_as(members[i]);
    insert into public.contacts (id, team_id, name, email, phone, company, title, stage, tags, notes, owner_id)
    select s.id, demo, s.name,
           lower(split_part(s.name, ' ', 1)) || '@' || regexp_replace(lower(s.company), '[^a-z]+', '', 'g') || '.example',
           format('020 7946 %s', to_char(100 + s.place * 17, 'FM0000')), s.company, s.title, s.stage,
           array(select t collate "C" from unnest(string_to_array(s.tags, ',')) t order by 1),
           case s.place % 5 when 0 then 'Met at the spring fair. Prefers a call to a letter.'
                            when 2 then 'Has a small budget and very clear ideas.' else '' end, s.owner_id
    from pg_temp.sown s where s.owner_id = members[i] order by s.place desc;
  end loop;
  insert into private.crowd_contacts (contact_id, seeded) select s.id, true from pg_temp.sown s;

  perform private.act_as(members[1 + (c.nr - 1) % cardinality(members)]),
          public.comment_on_contact(gen_random_uuid(), s.id, c.body)
  from (
    select row_number() over () as nr, v.* from (values
      (2,  'Sent the first six frames. He wants the harbour colder.'),
      (2,  'Redid the harbour with less yellow; he said yes within the hour.'),
      (3,  'Signed for twelve environments. First three due at the end of the month.'),
      (7,  '@ada the museum asks for the star map at two metres wide, can you look at the upscale?'),
      (15, 'Retainer renewed for another year.'),
      (20, 'Label draft two is out. Waiting for the brewer.'),
      (28, 'Camille liked the silk series most. Proposal goes out tomorrow.'),
      (10, 'Would like to see three covers before the meeting.'),
      (33, 'Asked whether the rooftop clip loops. It does.'),
      (18, 'Went with photographs in the end. Friendly, ask again in autumn.')) as v (place, body)) c
  join pg_temp.sown s on s.place = c.place;
  drop table pg_temp.sown;
end
$$;

create function private.seed_chat(members uuid[]) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  demo constant uuid := '5d3c1e0a-7000-4000-8000-000000000002';
  line record;
  last uuid;
begin
  for line in
    select * from (values
      (1, 'Morning everybody. The lighthouse storm came out better than I dared hope.'),
      (2, 'Saw it in the feed. What did you change since yesterday?'),
      (1, 'Only the seed and four more steps. Basalt does weather well.'),
      (3, 'I have the dunes in three crops now, opinions welcome.'),
      (4, 'The wide one. The small figure needs the empty sand around it.'),
      (3, 'Wide it is. Northlight wants it by Thursday, so that settles it.'),
      (2, '@ada could you have a look at the museum''s star map? Their contact is on the board of proposals.'),
      (4, 'I am training a model on the ink sketches tonight. If the queue is slow, that is me.')) as v (who, content)
  loop
    perform private.act_as(members[1 + (line.who - 1) % cardinality(members)]);
    last := (public.send_message(gen_random_uuid(), demo, line.content)).id;
    insert into private.crowd_messages (message_id) values (last);
    if line.who = 1 then
      perform private.act_as(members[cardinality(members)]), public.react(last, '👍', true);
    end if;
  end loop;
end
$$;

create function private.seed_board(members uuid[]) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  demo  constant uuid := '5d3c1e0a-7000-4000-8000-000000000003';
  shots constant uuid[] := array[gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid()];
  line  record;
  made  uuid;
begin
  perform private.act_as(members[1]);
  perform public.create_project(
    demo, '5d3c1e0a-7000-4000-8000-000000000001', 'Harbour film', 'A short film about one night at a lighthouse, for Northlight Films');
  perform public.create_shot(shots[s.place], demo, s.name)
  from (values (1, 'The harbour at dawn'), (2, 'Storm over the bay'), (3, 'Inside the lamp room'), (4, 'Boats come home')) as s (place, name);
  for line in
    select w.*, m.id as model from (values
      (1,  1, 2,         'completed',   'Read the script and mark the weather',    'planning',       null,    null),
      (2,  1, 1,         'completed',   'Colour keys for the whole night',         'colour',         null,    null),
      (3,  2, 3,         'completed',   'Collect references of breaking waves',    'planning',       null,    null),
      (4,  2, 1,         'in_progress', 'Lightning: three directions to choose',   'review',         2,       null),
      (5,  3, 4,         'in_progress', 'Lens and brass of the lamp, close up',    'detail',         3,       null),
      (6,  1, 2,         'in_progress', 'Seagulls, or none?',                      'review',         1,       null),
      (7,  3, 4,         'failed',      'Reflections in the lamp glass',           'detail',         null,    null),
      (8,  4, 3,         'cancelled',   'Fireworks above the boats',               '',               null,    null),
      (9,  4, 2,         'queued',      'Count the boats, name each of them',      'planning',       4,       null),
      (10, 2, 3,         'queued',      'Slower rain for the second half',         'colour',         5,       null),
      (11, 4, null::int, 'queued',      'Music draft to the composer',             'sound',          7,       null),
      (12, 1, null,      'queued',      'Harbour at dawn, wide',                   'render',         6,       'Harbour at dawn, paper boats, long light'),
      (13, 2, null,      'queued',      'Storm, the beam crosses the frame',       'render',         6,       'A lighthouse beam through a violet storm')
    ) as w (place, shot, who, status, title, label, days, prompt)
    left join public.models m on m.slug = 'basalt' and m.owner_id is null
    order by w.place
  loop
    perform private.act_as(members[1 + line.place % cardinality(members)]);
    made := (public.create_task(
      gen_random_uuid(), demo, line.title, line.status, shot_id => shots[line.shot],
      assignee => members[1 + (line.who - 1) % cardinality(members)],
      labels => array_remove(array[line.label], ''), due_date => current_date + line.days,
      render => case when line.prompt is not null then jsonb_build_object(
        'kind', 'image', 'prompt', line.prompt, 'model_id', line.model,
        'params', jsonb_build_object('width', 1024, 'height', 1024, 'count', 1, 'steps', 28, 'seed', line.place, 'duration', 4)) end)).id;
    insert into private.crowd_tasks (task_id, seeded) values (made, true);
  end loop;
end
$$;

create function private.seed_mail(members uuid[]) returns void
  language plpgsql security definer set search_path = ''
as $$
declare
  demo    constant uuid := '5d3c1e0a-7000-4000-8000-000000000001';
  welcome constant uuid := gen_random_uuid();
  subject constant text := 'New pictures for {{company|you}}';
  body    constant text := E'Hello {{first_name|there}},\n\nwe have drawn something with {{company|you}} in mind and would like your opinion: '
    'https://starling.example/look\n\nIt takes a minute, and any word of yours helps.\n\n{{sender}}, {{team}}';
begin
  perform private.act_as(members[1]);
  perform public.save_email_template(welcome, demo, 'New pictures', subject, body);
  perform public.save_email_template(gen_random_uuid(), demo, 'After a proposal', 'Did our proposal reach you, {{first_name|hello}}?',
    E'Hello {{first_name|there}},\n\nlast week we sent you a proposal. If anything in it is unclear, write or call, whichever you '
    'prefer.\n\nAll the best\n{{sender}}');
  perform public.send_emails(
    gen_random_uuid(), demo,
    array(select c.id from public.contacts c where c.team_id = demo and c.stage in ('qualified', 'proposal', 'won') order by c.name_key),
    subject, body, welcome, 'Spring pictures');
end
$$;

create function public.seed_demo_floor(letters boolean default false) returns boolean
  language plpgsql security definer set search_path = ''
as $$
declare
  team  constant uuid := '5d3c1e0a-7000-4000-8000-000000000001';
  chat  constant uuid := '5d3c1e0a-7000-4000-8000-000000000002';
  members uuid[];
begin
  select array_agg(p.id order by p.username) into members
  from public.profiles p
  join public.team_members m on m.member_id = p.id and m.team_id = team and m.role <> 'viewer'
  where p.is_demo;
  if members is null then
    return null;
  end if;
  insert into private.demo_seeds (what) values ('floor') on conflict do nothing;  -- two workers may start at the same time
  if not found then
    return false;
  end if;
  -- They meet in the team that they share, unless they have chosen another.
  update public.circle_members c set turned_at = clock_timestamp()
  where c.kind = 'team' and c.circle_id = team and c.member_id = any (members)
    and not exists (
      select from public.circle_members o where o.kind = 'team' and o.member_id = c.member_id and o.turned_at is not null);
  if not exists (select from public.projects p where p.team_id = team) then
    perform private.seed_board(members);
  end if;
  if not exists (select from public.contacts c where c.team_id = team) then
    perform private.seed_contacts(members);
    -- Only to those just made up: no visitor's contact is written to.
    if seed_demo_floor.letters and not exists (select from public.email_templates t where t.team_id = team) then
      perform private.seed_mail(members);
    end if;
  end if;
  if exists (select from public.chat_sessions s where s.id = chat and s.status <> 'archived')
     and not exists (select from public.chat_messages m where m.session_id = chat and m.role <> 'system')
     and not exists (
       select from unnest(members) d (id)
       where not exists (select from public.chat_participants p where p.session_id = chat and p.member_id = d.id))
  then
    perform private.seed_chat(members);
  end if;
  perform private.act_as(members[w.who]), public.watch_symbol(gen_random_uuid(), w.symbol)
  from (values (1, 'BTC'), (1, 'ETH'), (1, 'SOL'), (1, 'SEI'), (1, 'BNB'), (1, 'DOGE'), (2, 'BTC'), (2, 'BNB'), (2, 'USDC')) as w (who, symbol)
  join public.crypto_prices c on c.symbol = w.symbol
  where w.who <= cardinality(members)
    and not exists (select from public.watchlists l where l.owner_id = members[w.who]);
  return true;
end
$$;

comment on function public.seed_demo_floor(boolean) is
  'Contacts, letters to them, a conversation, a project and watchlists for the demo members, once: true when it put them there, false when that was done '
  'before, null while no demo member is in the shared team. `letters`: write to the contacts as well; only where mail is simulated';


-- The crowd at work -----------------------------------------------------------------------------------------------------

create function public.crowd_floor() returns jsonb
  language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'talkers', coalesce((
      select jsonb_agg(p.member_id order by p.member_id)
      from public.chat_participants p
      join public.profiles m on m.id = p.member_id and m.is_demo
      join public.chat_sessions s on s.id = p.session_id and s.status <> 'archived'
      where p.session_id = '5d3c1e0a-7000-4000-8000-000000000002'), '[]'),
    'said', coalesce((
      select jsonb_agg(jsonb_build_object(
        'author', m.author_id, 'content', left(m.content, 300),
        'ours', exists (select from private.crowd_messages c where c.message_id = m.id)) order by m.seq)
      from (
        select * from public.chat_messages m
        where m.session_id = '5d3c1e0a-7000-4000-8000-000000000002' and m.role <> 'system'
        order by m.seq desc limit 30) m), '[]'),
    'editors', coalesce((
      select jsonb_agg(t.member_id order by t.member_id)
      from public.team_members t
      join public.profiles m on m.id = t.member_id and m.is_demo
      where t.team_id = '5d3c1e0a-7000-4000-8000-000000000001' and t.role <> 'viewer'), '[]'),
    -- What somebody has just touched is left to them.
    'contacts', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', c.id, 'stage', c.stage,
        'notes', (select count(*) from public.contact_comments n where n.contact_id = c.id)) order by c.stage_since)
      from private.crowd_contacts x
      join public.contacts c on c.id = x.contact_id
      where c.team_id = '5d3c1e0a-7000-4000-8000-000000000001' and c.updated_at < now() - interval '2 minutes'), '[]'),
    'tasks', coalesce((
      select jsonb_agg(jsonb_build_object('id', t.id, 'status', t.status) order by t.created_at)
      from private.crowd_tasks x
      join public.tasks t on t.id = x.task_id
      where t.type = 'task' and t.updated_at < now() - interval '2 minutes'), '[]'),
    'plans', exists (select from public.projects p where p.id = '5d3c1e0a-7000-4000-8000-000000000003'),
    'planned', coalesce((
      select jsonb_agg(t.title) from private.crowd_tasks x join public.tasks t on t.id = x.task_id where not x.seeded), '[]'),
    'met', coalesce((
      select jsonb_agg(c.email) from private.crowd_contacts x join public.contacts c on c.id = x.contact_id where not x.seeded), '[]'))
$$;

comment on function public.crowd_floor() is
  'What the crowd sees of the demo members'' chat and team: {"talkers", "said": [{author, content, ours}], "editors", '
  '"contacts": [{id, stage, notes}] and "tasks": [{id, status}] of its own that rest, "met": addresses of those it made, '
  '"plans": whether there is its project, "planned": what it has put there}';

create function public.crowd_say(member uuid, content text) returns uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  said uuid;
begin
  perform private.act_as(crowd_say.member);
  said := (public.send_message(gen_random_uuid(), '5d3c1e0a-7000-4000-8000-000000000002', crowd_say.content)).id;
  insert into private.crowd_messages (message_id) values (said);
  return said;
end
$$;

create function public.crowd_meet(member uuid, fields jsonb) returns uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  made uuid;
begin
  perform private.act_as(crowd_meet.member);
  made := (public.add_contact(gen_random_uuid(), '5d3c1e0a-7000-4000-8000-000000000001',
    crowd_meet.fields || jsonb_build_object('owner_id', crowd_meet.member))).id;
  insert into private.crowd_contacts (contact_id) values (made);
  return made;
end
$$;

create function private.crowd_contact(contact uuid) returns uuid
  language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select from private.crowd_contacts x where x.contact_id = crowd_contact.contact) then
    raise exception 'There is no such contact' using errcode = 'PT404';
  end if;
  return crowd_contact.contact;
end
$$;

create function public.crowd_move(member uuid, contact_id uuid, stage text) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.act_as(crowd_move.member);
  perform public.edit_contact(private.crowd_contact(crowd_move.contact_id), jsonb_build_object('stage', crowd_move.stage));
end
$$;

create function public.crowd_note(member uuid, contact_id uuid, body text) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.act_as(crowd_note.member);
  perform public.comment_on_contact(gen_random_uuid(), private.crowd_contact(crowd_note.contact_id), crowd_note.body);
end
$$;

create function public.crowd_plan(member uuid, title text, label text) returns uuid
  language plpgsql security definer set search_path = ''
as $$
declare
  made uuid;
begin
  perform private.act_as(crowd_plan.member);
  made := (public.create_task(
    gen_random_uuid(), '5d3c1e0a-7000-4000-8000-000000000003', crowd_plan.title, assignee => crowd_plan.member,
    labels => array[crowd_plan.label])).id;
  insert into private.crowd_tasks (task_id) values (made);
  return made;
end
$$;

create function public.crowd_task(member uuid, task_id uuid, status text) returns void
  language plpgsql security definer set search_path = ''
as $$
begin
  perform private.act_as(crowd_task.member);
  if not exists (select from private.crowd_tasks x where x.task_id = crowd_task.task_id) then
    raise exception 'There is no such task' using errcode = 'PT404';
  end if;
  perform public.move_task(crowd_task.task_id, crowd_task.status);
end
$$;

create function public.prune_crowd_floor(messages integer default 200, contacts integer default 12, tasks integer default 12) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  gone  integer;
  total integer := 0;
begin
  delete from public.chat_messages m where m.id in (
    select x.message_id from private.crowd_messages x
    order by x.made_at desc, x.message_id offset greatest(prune_crowd_floor.messages, 0));
  get diagnostics total = row_count;
  delete from public.contacts c where c.id in (
    select x.contact_id from private.crowd_contacts x where not x.seeded
    order by x.made_at desc, x.contact_id offset greatest(prune_crowd_floor.contacts, 0));
  get diagnostics gone = row_count;
  total := total + gone;
  delete from public.tasks t where t.id in (
    select x.task_id from private.crowd_tasks x where not x.seeded
    order by x.made_at desc, x.task_id offset greatest(prune_crowd_floor.tasks, 0));
  get diagnostics gone = row_count;
  return total + gone;
end
$$;

comment on function public.crowd_say(uuid, text) is 'A demo member says something in the demo members'' chat';
comment on function public.crowd_meet(uuid, jsonb) is 'A demo member adds a contact to the shared team';
comment on function public.crowd_move(uuid, uuid, text) is 'A demo member takes a contact to a stage. PT404: one that a visitor made';
comment on function public.crowd_note(uuid, uuid, text) is 'A demo member comments on a contact. PT404: one that a visitor made';
comment on function public.crowd_plan(uuid, text, text) is 'A demo member puts a task of theirs into the demo members'' project';
comment on function public.crowd_task(uuid, uuid, text) is 'A demo member moves a task to another column. PT404: one that a visitor made';
comment on function public.prune_crowd_floor(integer, integer, integer) is
  'Deletes the oldest of what the crowd has said, and of the contacts and tasks it has made, but for so many; how many went';


-- Rights ----------------------------------------------------------------------------------------------------------------

revoke all on function
  private.act_as(uuid), private.seed_contacts(uuid[]), private.seed_chat(uuid[]), private.crowd_contact(uuid),
  public.seed_demo_floor(boolean), public.crowd_floor(), public.crowd_say(uuid, text), public.crowd_meet(uuid, jsonb),
  public.crowd_move(uuid, uuid, text), public.crowd_note(uuid, uuid, text), public.prune_crowd_floor(integer, integer, integer),
  private.seed_board(uuid[]), private.seed_mail(uuid[]), public.crowd_plan(uuid, text, text), public.crowd_task(uuid, uuid, text)
  from public, anon, authenticated;
grant execute on function
  public.seed_demo_floor(boolean), public.crowd_floor(), public.crowd_say(uuid, text), public.crowd_meet(uuid, jsonb),
  public.crowd_move(uuid, uuid, text), public.crowd_note(uuid, uuid, text), public.prune_crowd_floor(integer, integer, integer),
  public.crowd_plan(uuid, text, text), public.crowd_task(uuid, uuid, text)
  to service_role;
