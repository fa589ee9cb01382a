-- Answers: one vector tile (MVT) of an edition: layers `ground` (areas or leaves) and `borders`.
-- Why this way: shapes were simplified as one coverage when the edition was made ready (geo/drawings.py), so
-- neighbours still meet; here they are only cut and coded. A shape too small for the tile's raster becomes its label
-- point, so a tile never drops a feature in silence. ORDER BY makes the bytes stable.
-- Parameters: edition; band (geo.drawings.BANDS); z, x, y of the tile; extent (raster units a side);
--   buffer (raster units); reach (buffer as a share of the tile's side); lowest, highest (levels of ground wanted);
--   with_fallback (true: fallback leaves beside the areas); top, bottom (levels of borders wanted);
--   with_codes (false leaves the code out of small zooms, where its bytes would outweigh the shapes).
-- Index: ix_drawn_grounds_edition_band_geom, ix_drawn_borders_edition_band_geom (GiST).
WITH tile AS (
    SELECT ST_TileEnvelope(:z, :x, :y) AS box, ST_TileEnvelope(:z, :x, :y, margin => CAST(:reach AS float8)) AS wide
),
ground AS (
    SELECT g.id, g.level, g.kind, CASE WHEN :with_codes THEN c.code END AS code,
           coalesce(
               ST_AsMVTGeom(g.geom, tile.box, :extent, :buffer),
               ST_AsMVTGeom(g.spot, tile.box, :extent, :buffer)
           ) AS geom
    FROM tile
    JOIN drawn_grounds AS g ON g.edition = :edition AND g.band = :band AND g.geom && tile.wide
    JOIN codes AS c ON c.id = g.id
    WHERE g.level BETWEEN :highest AND :lowest OR (:with_fallback AND g.kind = 'fallback')
),
borders AS (
    SELECT b.level, ST_AsMVTGeom(b.geom, tile.box, :extent, :buffer) AS geom
    FROM tile
    JOIN drawn_borders AS b ON b.edition = :edition AND b.band = :band AND b.geom && tile.wide
    WHERE b.level BETWEEN :top AND :bottom
)
SELECT coalesce((
           SELECT ST_AsMVT(row, 'ground', :extent, 'geom', 'id')
           FROM (SELECT id, level, kind, code, geom FROM ground WHERE geom IS NOT NULL ORDER BY level, id) AS row
       ), '')
    || coalesce((
           SELECT ST_AsMVT(row, 'borders', :extent, 'geom')
           FROM (SELECT level, geom FROM borders WHERE geom IS NOT NULL ORDER BY level DESC, ST_AsBinary(geom)) AS row
       ), '') AS tile
