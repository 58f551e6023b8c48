-- Storage: where media and avatars lie, and who may fetch them.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
values
  ('media', 'media', false, 52428800, array['image/png', 'image/webp', 'video/mp4']),
  ('avatars', 'avatars', true, 2097152, array['image/png', 'image/jpeg', 'image/webp'])
on conflict (id) do nothing;

-- The policies of generations and generation_jobs apply inside these: whoever may read the row may read its files.
-- Only the worker (service role) writes media.

create policy "media follows its generation" on storage.objects
  for select to anon, authenticated
  using (bucket_id = 'media' and exists (
    select 1 from public.generations g where objects.name in (g.media_path, g.poster_path)));

create policy "previews follow their job" on storage.objects
  for select to anon, authenticated
  using (bucket_id = 'media' and exists (
    select 1 from public.generation_jobs j where j.preview_path = objects.name));

create policy "avatars are for everybody to see" on storage.objects
  for select to anon, authenticated
  using (bucket_id = 'avatars');

create policy "members put their avatar into their folder" on storage.objects
  for insert to authenticated
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);

create policy "members replace their avatar" on storage.objects
  for update to authenticated
  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text)
  with check (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);

create policy "members remove their avatar" on storage.objects
  for delete to authenticated
  using (bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text);
