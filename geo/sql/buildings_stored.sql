-- Buildings stored already with the same content leave the stage; told are those of another content, which stay on it,
-- and how many are the same.
-- No parameters. One row a changed building, and one with row_number null: the number of those that are the same.
-- Leans on uq_buildings_source_reference.
WITH gone AS (
    DELETE FROM staged_buildings AS staged USING buildings AS stored
     WHERE stored.source = staged.source AND stored.reference = staged.reference AND stored.digest = staged.digest
    RETURNING 1
)
SELECT NULL::bigint AS row_number, NULL::text AS reference, count(*) AS number FROM gone
UNION ALL
SELECT staged.row_number, staged.reference, 1
  FROM staged_buildings AS staged JOIN buildings AS stored USING (source, reference)
 WHERE stored.digest <> staged.digest
