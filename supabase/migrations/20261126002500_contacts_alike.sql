-- All contacts that are alike, those that nobody has loaded among them: edited or removed in one statement.

create function private.contacts_alike(team uuid, alike jsonb) returns uuid[]
  language plpgsql stable security definer set search_path = ''
as $$
declare
  found uuid[];
begin
  -- What is not known narrows nothing down, and all would be meant.
  if jsonb_typeof(alike) is distinct from 'object' or alike - array['words', 'stage', 'tag', 'owner'] <> '{}' then
    raise exception 'Contacts are alike by words, stage, tag and owner' using errcode = '22023';
  end if;
  select array_agg(x.id) into found
  from (
    select c.id from public.contacts c
    where c.team_id = team
      and (alike ->> 'stage' is null or c.stage = alike ->> 'stage')
      and (alike ->> 'tag' is null or (alike ->> 'tag') = any (c.tags))
      and (alike ->> 'owner' is null or c.owner_id = (alike ->> 'owner')::uuid)
      and not exists (
        select from jsonb_array_elements_text(coalesce(alike -> 'words', '[]')) w where position(' ' || w in c.search) = 0)
    limit 5001) x;
  if cardinality(found) > 5000 then
    raise exception 'At most 5,000 contacts at once' using errcode = 'PT409';
  end if;
  return coalesce(found, '{}');
end
$$;

create function public.edit_contacts_alike(
  team_id uuid, alike jsonb, changes jsonb default '{}', more_tags jsonb default '[]', less_tags jsonb default '[]'
) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  team constant uuid := private.edit_team(edit_contacts_alike.team_id);
  done integer;
begin
  perform private.check_contact(team, edit_contacts_alike.changes);
  perform private.check_contact(team, jsonb_build_object('tags', edit_contacts_alike.more_tags));
  if edit_contacts_alike.changes ?| array['name', 'email', 'phone'] then
    raise exception 'This is each contact''s own' using errcode = '22023';
  end if;
  select count(*) into done
  from private.write_contacts(
    private.contacts_alike(team, edit_contacts_alike.alike), edit_contacts_alike.changes,
    private.tags(edit_contacts_alike.more_tags), private.tags(edit_contacts_alike.less_tags));
  return done;
exception when check_violation then
  raise exception 'A contact has at most 20 tags' using errcode = '22023', hint = 'tags';
end
$$;

create function public.remove_contacts_alike(team_id uuid, alike jsonb) returns integer
  language plpgsql security definer set search_path = ''
as $$
declare
  team constant uuid := private.edit_team(remove_contacts_alike.team_id);
  done integer;
begin
  delete from public.contacts c where c.id = any (private.contacts_alike(team, remove_contacts_alike.alike));
  get diagnostics done = row_count;
  return done;
end
$$;

comment on function public.edit_contacts_alike(uuid, jsonb, jsonb, jsonb, jsonb) is
  'As edit_contacts, for all that have these `words`, `stage`, `tag` and `owner`, as far as they are named. How many; PT409: too many';
comment on function public.remove_contacts_alike(uuid, jsonb) is 'How many there were. PT409: too many';

revoke all on function
  private.contacts_alike(uuid, jsonb), public.edit_contacts_alike(uuid, jsonb, jsonb, jsonb, jsonb),
  public.remove_contacts_alike(uuid, jsonb)
  from public, anon, authenticated;

grant execute on function public.edit_contacts_alike(uuid, jsonb, jsonb, jsonb, jsonb), public.remove_contacts_alike(uuid, jsonb)
  to authenticated;
