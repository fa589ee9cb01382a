-- Answers: one vector tile (MVT) of buildings: layer `buildings` with id, use, straddles (only where true).
-- Why this way: a footprint too small for the tile's raster becomes a point on its ground, so a tile never drops a
-- feature in silence; ORDER BY makes the bytes stable.
-- Parameters: z, x, y of the tile; extent, buffer (raster units); reach (buffer as a share of the tile's side);
--   least_m2 (smaller ones are left out as a class, by zoom, as street maps do; 0 = none).
-- Index: ix_buildings_geom (GiST); the box is turned to EPSG:4326, not the column.
WITH tile AS (
    SELECT ST_TileEnvelope(:z, :x, :y) AS box,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => CAST(:reach AS float8)), 4326) AS wide
),
drawn AS (
    SELECT b.id, b.use, CASE WHEN b.straddles AND b.pinned_id IS NULL THEN true END AS straddles,
           coalesce(
               ST_AsMVTGeom(ST_Transform(b.geom, 3857), tile.box, :extent, :buffer),
               ST_AsMVTGeom(ST_Transform(ST_PointOnSurface(b.geom), 3857), tile.box, :extent, :buffer)
           ) AS geom
    FROM tile
    JOIN buildings AS b ON b.geom && tile.wide
    WHERE b.area_m2 >= :least_m2
)
SELECT coalesce((
           SELECT ST_AsMVT(row, 'buildings', :extent, 'geom', 'id')
           FROM (SELECT id, use, straddles, geom FROM drawn WHERE geom IS NOT NULL ORDER BY id) AS row
       ), '') AS tile
