-- Answers: the areas of an edition that have one of some ids or codes, and all above them.
-- Parameters: edition (its number); ids (int[]); codes (text[]).
-- Rows ascend by level, then code; parent_id is 0 for the city.
-- Index: pk_areas, uq_codes_code.
WITH RECURSIVE above AS (
    SELECT areas.id, areas.first_edition, areas.parent_id
    FROM areas
    WHERE areas.id IN (
            SELECT unnest(CAST(:ids AS int[]))
            UNION
            SELECT codes.id FROM unnest(CAST(:codes AS text[])) AS wanted (code)
            JOIN codes ON codes.code BETWEEN wanted.code AND wanted.code -- see leaves_near.sql
          )
      AND areas.first_edition <= :edition AND (areas.last_edition IS NULL OR areas.last_edition > :edition)
    UNION
    SELECT areas.id, areas.first_edition, areas.parent_id
    FROM above JOIN areas ON areas.id = above.parent_id
    WHERE areas.first_edition <= :edition AND (areas.last_edition IS NULL OR areas.last_edition > :edition)
)
SELECT areas.id, codes.code, areas.name, areas.level, coalesce(areas.parent_id, 0) AS parent_id,
       ST_AsBinary(areas.geom) AS ground
FROM above
JOIN areas USING (id, first_edition)
JOIN codes ON codes.id = areas.id
ORDER BY areas.level, codes.code COLLATE "C"
