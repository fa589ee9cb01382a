-- Rows whose key stands in an earlier row of the same file leave the stage and are told.
-- No parameters. Leans on a hash of the stage's keys.
WITH first AS (
    SELECT source, reference, min(row_number) AS row_number FROM staged GROUP BY source, reference HAVING count(*) > 1
)
DELETE FROM staged USING first
 WHERE first.source = staged.source AND first.reference = staged.reference AND first.row_number < staged.row_number
RETURNING staged.row_number, staged.reference
