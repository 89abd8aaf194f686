-- Remember a file; one whose content did not change keeps the event that carries it.
insert into files (base, path, sha256, bytes, seq, slug, temp, previous_sha256, recorded_at)
values (?, ?, ?, ?, ?, ?, ?, ?, ?)
on conflict (base, path) do update
set
  sha256 = excluded.sha256,
  bytes = excluded.bytes,
  seq = coalesce(excluded.seq, iif(files.sha256 = excluded.sha256, files.seq, null)),
  slug = coalesce(excluded.slug, files.slug),
  temp = excluded.temp,
  previous_sha256 = excluded.previous_sha256,
  recorded_at = excluded.recorded_at;
