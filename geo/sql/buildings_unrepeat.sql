-- Takes the rows whose id stands in several rows off the stage; they are folded and put back.
-- No parameters. Leans on a sort of the stage.
DELETE FROM staged_buildings AS staged
 USING (SELECT source, reference FROM staged_buildings GROUP BY source, reference HAVING count(*) > 1) AS repeated
 WHERE repeated.source = staged.source AND repeated.reference = staged.reference
