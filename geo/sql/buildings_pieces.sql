-- Answers: the rows on the stage whose id stands in several rows, all rows of one id after another.
-- Why this way: rows of one id may stand anywhere in a file of any length; the database brings them together.
-- No parameters. Read by a cursor, so that the process holds a part of them. Leans on a sort of the stage.
SELECT row_number, source, reference, use, use_given, floors, households, firms, workers, name, address,
       ST_AsBinary(geom) AS shape, pieces
  FROM (SELECT *, count(*) OVER (PARTITION BY source, reference) AS pieces FROM staged_buildings) AS counted
 WHERE pieces > 1
 ORDER BY source, reference
