-- Nobody fills the bucket of avatars: what is replaced is removed, so a member needs two files at most for a moment.

create function public.has_room_for_avatar() returns boolean
  language plpgsql security definer set search_path = ''
as $$
begin
  -- One at a time for each member, so that nobody passes the limit.
  perform pg_advisory_xact_lock(hashtext('avatars'), hashtext(auth.uid()::text));
  return (
    select count(*) from storage.objects o
    where o.bucket_id = 'avatars' and o.name like auth.uid()::text || '/%'
  ) < 10;
end
$$;

comment on function public.has_room_for_avatar() is 'Whether the caller may put another file into their folder of avatars: ten at most';

alter policy "members put their avatar into their folder" on storage.objects
  with check (
    bucket_id = 'avatars' and (storage.foldername(name))[1] = (select auth.uid())::text and public.has_room_for_avatar());

revoke all on function public.has_room_for_avatar() from public, anon, authenticated;
grant execute on function public.has_room_for_avatar() to authenticated;
