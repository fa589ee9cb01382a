-- Answers: the areas of an edition that have one of some ids or codes, and all above them.
-- Parameters: edition (its number); ids (int[]); codes (text[]).
-- Rows ascend by level, then code; parent_id is 0 for the city.
-- Index: pk_areas, uq_codes_code. Each area is looked up by itself (LATERAL … LIMIT 1): joined, the few would seem to
--   be thousands, and all areas would be read with their ground.
WITH RECURSIVE above AS (
    SELECT area.id, area.first_edition, area.parent_id
    FROM (
        SELECT unnest(CAST(:ids AS int[])) AS id
        UNION
        SELECT known.id FROM unnest(CAST(:codes AS text[])) AS wanted (code)
        -- see leaves_near.sql
        CROSS JOIN LATERAL (SELECT id FROM codes WHERE code BETWEEN wanted.code AND wanted.code LIMIT 1) AS known
    ) AS asked
    CROSS JOIN LATERAL (
        SELECT id, first_edition, parent_id FROM areas WHERE areas.id = asked.id
           AND first_edition <= :edition AND (last_edition IS NULL OR last_edition > :edition) LIMIT 1
    ) AS area
    UNION
    SELECT area.id, area.first_edition, area.parent_id
    FROM above
    CROSS JOIN LATERAL (
        SELECT id, first_edition, parent_id FROM areas WHERE areas.id = above.parent_id
           AND first_edition <= :edition AND (last_edition IS NULL OR last_edition > :edition) LIMIT 1
    ) AS area
)
SELECT area.id, codes.code, area.name, area.level, coalesce(area.parent_id, 0) AS parent_id,
       ST_AsBinary(area.geom) AS ground
FROM above
CROSS JOIN LATERAL (
    SELECT * FROM areas WHERE areas.id = above.id AND areas.first_edition = above.first_edition LIMIT 1
) AS area
JOIN codes ON codes.id = area.id
ORDER BY area.level, codes.code COLLATE "C"
