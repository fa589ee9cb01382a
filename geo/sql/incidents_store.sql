-- The staged incidents become incidents, in the order of the file; a key that another transaction stored meanwhile is
-- left out, and the number of rows stored tells.
-- No parameters. Leans on the primary key of incident_keys; the months' partitions exist.
WITH keyed AS (
    INSERT INTO incident_keys (source, reference, id, occurred_at, digest)
    SELECT source, reference, nextval(pg_get_serial_sequence('incidents', 'id')), occurred_at, digest
      FROM (SELECT * FROM staged ORDER BY row_number) AS ordered
    ON CONFLICT DO NOTHING
    RETURNING source, reference, id
)
INSERT INTO incidents (
    id, occurred_at, source, reference, category, urgency, status, reported_at, geom, raw_x, raw_y, datum, accuracy_m,
    address, stated_area, grid_then, edition_then, is_before_first_edition, grid_now, edition_now, community_id,
    border_m, rule, is_doubtful
)
SELECT keyed.id, occurred_at, source, reference, category, urgency, status, coalesce(reported_at, occurred_at), geom,
       raw_x, raw_y, datum, accuracy_m, address, stated_area, grid_then, edition_then, is_before_first_edition,
       grid_now, edition_now, community_id, border_m, rule, is_doubtful
  FROM staged JOIN keyed USING (source, reference) JOIN staged_places USING (row_number)
