-- Answers: the leaves of an edition that have one of some codes, or come near one of some boxes or of those leaves.
-- Parameters: edition (its number); codes (text[]); west, south, east, north (float8[] of the boxes, degrees);
--   margin (degrees: how near; boxes are given that much wider already).
-- Rows ascend by code; is_core tells those with a code that was asked for, and those whose box meets a box.
-- Index: ix_grids_geom (GiST), pk_grids, uq_codes_code. A code is looked up by itself (LATERAL … LIMIT 1), not by its
--   trigrams, see geo.rows.these_codes: joined, each would seem to be many, and all grids would be read.
WITH boxes AS (
    SELECT ST_MakeEnvelope(w, s, e, n, 4326) AS box
    FROM unnest(CAST(:west AS float8[]), CAST(:south AS float8[]), CAST(:east AS float8[]), CAST(:north AS float8[]))
        AS given (w, s, e, n)
),
core AS (
    SELECT grids.id, grids.geom
    FROM unnest(CAST(:codes AS text[])) AS wanted (code)
    CROSS JOIN LATERAL (SELECT id FROM codes WHERE code BETWEEN wanted.code AND wanted.code LIMIT 1) AS known
    JOIN grids ON grids.id = known.id
    WHERE grids.first_edition <= :edition AND (grids.last_edition IS NULL OR grids.last_edition > :edition)
    UNION
    SELECT grids.id, grids.geom
    FROM boxes JOIN grids ON grids.geom && boxes.box
    WHERE grids.first_edition <= :edition AND (grids.last_edition IS NULL OR grids.last_edition > :edition)
),
near AS (
    SELECT DISTINCT grids.id, grids.first_edition
    FROM core JOIN grids ON grids.geom && ST_Expand(ST_Envelope(core.geom), 2 * CAST(:margin AS float8))
    WHERE grids.first_edition <= :edition AND (grids.last_edition IS NULL OR grids.last_edition > :edition)
)
SELECT grids.id, codes.code, grids.name, grids.kind, grids.parent_id, ST_AsBinary(grids.geom) AS ground,
       grids.id IN (SELECT core.id FROM core) AS is_core
FROM near
JOIN grids USING (id, first_edition)
JOIN codes USING (id)
ORDER BY codes.code COLLATE "C"
