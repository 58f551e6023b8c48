-- Trained models are their owner's to rename and to delete.

create policy "members rename their own" on public.models
  for update to authenticated
  using (owner_id = (select auth.uid()))
  with check (owner_id = (select auth.uid()));

create policy "members delete their own" on public.models
  for delete to authenticated
  using (owner_id = (select auth.uid()));

grant update (name) on public.models to authenticated;
grant delete on public.models to authenticated;


-- What was made with it remembers its name, and what waits for it is given back.

alter table public.generations add column model_name text not null default '' check (char_length(model_name) <= 60);

comment on column public.generations.model_name is 'What the model was called, once it is deleted; before, its row says it';

drop function live.announce_generations_insert() cascade;
drop function live.announce_generations_update() cascade;
drop function live.announce_generations_delete() cascade;

select live.announce('public.generations', $$array[
  case when visibility = 'public' then 'world' end,
  live.member_topic(owner_id)]$$);

create function private.let_go_of_model() returns trigger
  language plpgsql security definer set search_path = ''
as $$
declare
  job public.generation_jobs;
begin
  for job in
    select j.* from public.generation_jobs j
    where j.model_id = old.id and j.status = 'waiting'
      -- With its member everything goes, what they are having made as well.
      and exists (select 1 from public.profiles p where p.id = j.owner_id)
    order by j.id
    for update of j
  loop
    perform private.fail(job, format('The model “%s” was deleted', old.name), true);
  end loop;
  update public.generations g set model_id = null, model_name = old.name where g.model_id = old.id;
  return old;
end
$$;

create trigger let_go before delete on public.models for each row execute function private.let_go_of_model();

revoke all on function private.let_go_of_model() from public, anon, authenticated;
