-- Rows whose key is stored already leave the stage; told are those of another content, and how many are the same.
-- No parameters. One row a changed incident, and one with row_number null: the number of repeats.
-- Leans on the primary key of incident_keys.
WITH gone AS (
    DELETE FROM staged USING incident_keys AS stored
    WHERE stored.source = staged.source AND stored.reference = staged.reference
    RETURNING staged.row_number, staged.reference, stored.digest = staged.digest AS is_same
)
SELECT row_number, reference, 1 AS number FROM gone WHERE NOT is_same
UNION ALL
SELECT NULL, NULL, count(*) FROM gone WHERE is_same
