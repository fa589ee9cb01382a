-- Rows whose key is stored already leave the stage; is_same tells a repeat from another content.
-- No parameters. Leans on the primary key of incident_keys.
DELETE FROM staged USING incident_keys AS stored
WHERE stored.source = staged.source AND stored.reference = staged.reference
RETURNING staged.row_number, staged.reference, stored.digest = staged.digest AS is_same
