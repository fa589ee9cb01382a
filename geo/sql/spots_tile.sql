-- Answers: one vector tile (MVT) of the buildings a run found a state for: layer `buildings` with id, code (the worst
--   state of its units, U where all are unknown), has_unknown (only where true: some are, beside a known worst),
--   straddles (only where true: no grid has enough of it, and none is pinned).
-- A time to come has no run: then run is 0, and what is foretold of the buildings of the tile is given.
-- Why this way: a footprint too small for the tile's raster becomes a point on its ground, so a tile never drops a
--   blind spot in silence; ORDER BY makes the bytes stable.
-- Parameters: z, x, y of the tile; extent, buffer (raster units); reach (buffer as a share of the tile's side); run;
--   ids, codes, unknown, straddles: arrays, one element a building of the tile; empty where there is a run.
-- Index: ix_buildings_geom (GiST), then the primary key of building_states for each building of the tile.
WITH tile AS (
    SELECT ST_TileEnvelope(:z, :x, :y) AS box,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => CAST(:reach AS float8)), 4326) AS wide
),
given AS MATERIALIZED (
    SELECT * FROM unnest(
        CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:unknown AS bool[]), CAST(:straddles AS bool[])
    ) AS g (id, code, unknown, straddles)
),
drawn AS (
    SELECT b.id, s.code,
           CASE WHEN s.code <> 'U' AND s.unknown THEN true END AS has_unknown,
           CASE WHEN s.straddles THEN true END AS straddles,
           coalesce(
               ST_AsMVTGeom(ST_Transform(b.geom, 3857), tile.box, :extent, :buffer),
               ST_AsMVTGeom(ST_Transform(ST_PointOnSurface(b.geom), 3857), tile.box, :extent, :buffer)
           ) AS geom
    FROM tile
    JOIN buildings AS b ON b.geom && tile.wide
    JOIN LATERAL (
        SELECT s.code, coalesce(CAST(s.units ->> 'U' AS int), 0) > 0 AS unknown, s.straddles
        FROM building_states AS s
        WHERE s.building_id = b.id AND s.first_run <= :run AND (s.last_run IS NULL OR s.last_run > :run)
        UNION ALL
        SELECT g.code, g.unknown, g.straddles FROM given AS g WHERE g.id = b.id
    ) AS s ON true
)
SELECT coalesce((
           SELECT ST_AsMVT(row, 'buildings', :extent, 'geom', 'id')
           FROM (SELECT id, code, has_unknown, straddles, geom FROM drawn WHERE geom IS NOT NULL ORDER BY id) AS row
       ), '') AS tile
