-- Answers: one vector tile (MVT) of the quiet base: layer `base` with water, green, roads and rail, and their names.
-- Parameters: z, x, y of the tile; extent, buffer (raster units); reach (buffer as a share of the tile's side);
--   metres (mercator metres a raster unit: lines are simplified to half of it); classes (those drawn at this zoom).
-- What is left out is a whole class by zoom, as the legend of every street map, never single features.
-- Index: ix_lines_geom (GiST); the box is turned to EPSG:4326, not the column.
WITH tile AS (
    SELECT ST_TileEnvelope(:z, :x, :y) AS box,
           ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => CAST(:reach AS float8)), 4326) AS wide
),
drawn AS (
    SELECT l.id, l.kind, l.class, l.name,
           ST_AsMVTGeom(
               ST_Simplify(ST_Transform(l.geom, 3857), CAST(:metres AS float8) / 2, true), tile.box, :extent, :buffer
           ) AS geom
    FROM tile
    JOIN lines AS l ON l.geom && tile.wide
    WHERE l.class = ANY(CAST(:classes AS text[]))
)
SELECT coalesce((
           SELECT ST_AsMVT(row, 'base', :extent, 'geom', 'id')
           FROM (SELECT id, kind, class, name, geom FROM drawn WHERE geom IS NOT NULL ORDER BY id) AS row
       ), '') AS tile
