-- Buildings that this load has stored go back to the stage where another row of their id waits there: they are folded.
-- Parameters: before: what their ids are ahead of their row numbers.
-- Leans on uq_buildings_source_reference.
WITH gone AS (
    DELETE FROM buildings AS stored USING (SELECT DISTINCT source, reference FROM staged_buildings) AS staged
     WHERE stored.source = staged.source AND stored.reference = staged.reference
    RETURNING stored.*
)
INSERT INTO staged_buildings
SELECT id - :before, source, reference, use, use_given, floors, households, firms, workers, name, address, geom,
       area_m2, digest
  FROM gone
