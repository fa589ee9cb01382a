-- The staged incidents of some months become incidents: of months that are there, or, with the first name replaced, of
-- those that arrive. Their keys are stored already.
-- :months = first instants of months, timestamps of UTC. Leans on hash joins of the stage; every month has a partition.
INSERT INTO incidents (
    id, occurred_at, source, reference, category, urgency, status, reported_at, geom, raw_x, raw_y, datum, accuracy_m,
    address, stated_area, grid_then, edition_then, is_before_first_edition, grid_now, edition_now, community_id,
    border_m, rule, is_doubtful
)
SELECT id, occurred_at, source, reference, category, urgency, status, coalesce(reported_at, occurred_at), geom,
       raw_x, raw_y, datum, accuracy_m, address, stated_area, grid_then, edition_then, is_before_first_edition,
       grid_now, edition_now, community_id, border_m, rule, is_doubtful
  FROM staged JOIN staged_places USING (row_number)
 WHERE date_trunc('month', occurred_at AT TIME ZONE 'UTC') = ANY(:months)
