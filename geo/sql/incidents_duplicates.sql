-- Rows whose key stands in an earlier row of the same file leave the stage and are told.
-- No parameters. Leans on a sort of the stage.
WITH later AS (
    SELECT row_number, row_number() OVER (PARTITION BY source, reference ORDER BY row_number) AS turn FROM staged
)
DELETE FROM staged USING later WHERE later.row_number = staged.row_number AND later.turn > 1
RETURNING staged.row_number, staged.reference
