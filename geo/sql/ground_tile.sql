-- Answers: one vector tile (MVT) of an edition: layers `ground` (areas or leaves) and `borders`; of a forecast a third,
--   `to_come`: the ground that will be another one.
-- Why this way: shapes were simplified as one coverage when the edition was made ready (geo/drawings.py), so
-- neighbours still meet; here they are only cut and coded. A shape too small for the tile's raster becomes its label
-- point, so a tile never drops a feature in silence. ORDER BY makes the bytes stable. What scheduled plans change
-- (geo/redrawings.py) takes the place of what is kept, in the same way.
-- Parameters: edition; band (geo.drawings.BANDS); z, x, y of the tile; extent (raster units a side);
--   buffer (raster units); reach (buffer as a share of the tile's side); lowest, highest (levels of ground wanted);
--   with_fallback (true: fallback leaves beside the areas); top, bottom (levels of borders wanted);
--   with_codes (false leaves the code out of small zooms, where its bytes would outweigh the shapes);
--   gone (ids), gone_borders (WKB): what is kept and not shown; ids, levels, kinds, codes, shapes, spots, border_levels,
--   borders, coming: what is shown in its place, arrays, shapes as WKB in EPSG:3857; all empty without a forecast.
-- Index: ix_drawn_grounds_edition_band_geom, ix_drawn_borders_edition_band_geom (GiST).
WITH tile AS (
    SELECT ST_TileEnvelope(:z, :x, :y) AS box, ST_TileEnvelope(:z, :x, :y, margin => CAST(:reach AS float8)) AS wide
),
drawn AS (
    SELECT g.id, g.level, g.kind, c.code, g.geom, g.spot
    FROM tile
    JOIN drawn_grounds AS g ON g.edition = :edition AND g.band = :band AND g.geom && tile.wide
    JOIN codes AS c ON c.id = g.id
    WHERE g.id <> ALL(CAST(:gone AS int[]))
    UNION ALL
    SELECT id, level, kind, code, ST_GeomFromWKB(shape, 3857), ST_GeomFromWKB(spot, 3857)
    FROM unnest(
        CAST(:ids AS int[]), CAST(:levels AS smallint[]), CAST(:kinds AS text[]), CAST(:codes AS text[]),
        CAST(:shapes AS bytea[]), CAST(:spots AS bytea[])
    ) AS given (id, level, kind, code, shape, spot)
),
ground AS (
    SELECT d.id, d.level, d.kind, CASE WHEN :with_codes THEN d.code END AS code,
           coalesce(
               ST_AsMVTGeom(d.geom, tile.box, :extent, :buffer),
               ST_AsMVTGeom(d.spot, tile.box, :extent, :buffer)
           ) AS geom
    FROM drawn AS d, tile
    WHERE d.level BETWEEN :highest AND :lowest OR (:with_fallback AND d.kind = 'fallback')
),
lines AS (
    SELECT b.level, b.geom
    FROM tile
    JOIN drawn_borders AS b ON b.edition = :edition AND b.band = :band AND b.geom && tile.wide
    WHERE ST_AsBinary(b.geom) <> ALL(CAST(:gone_borders AS bytea[]))
    UNION ALL
    SELECT level, ST_GeomFromWKB(line, 3857)
    FROM unnest(CAST(:border_levels AS smallint[]), CAST(:borders AS bytea[])) AS given (level, line)
),
borders AS (
    SELECT l.level, ST_AsMVTGeom(l.geom, tile.box, :extent, :buffer) AS geom
    FROM lines AS l, tile
    WHERE l.level BETWEEN :top AND :bottom
),
coming AS (
    SELECT ST_AsMVTGeom(ST_GeomFromWKB(shape, 3857), tile.box, :extent, :buffer) AS geom
    FROM unnest(CAST(:coming AS bytea[])) AS given (shape), tile
)
SELECT coalesce((
           SELECT ST_AsMVT(row, 'ground', :extent, 'geom', 'id')
           FROM (SELECT id, level, kind, code, geom FROM ground WHERE geom IS NOT NULL ORDER BY level, id) AS row
       ), '')
    || coalesce((
           SELECT ST_AsMVT(row, 'borders', :extent, 'geom')
           FROM (SELECT level, geom FROM borders WHERE geom IS NOT NULL ORDER BY level DESC, ST_AsBinary(geom)) AS row
       ), '')
    || coalesce((
           SELECT ST_AsMVT(row, 'to_come', :extent, 'geom')
           FROM (SELECT geom FROM coming WHERE geom IS NOT NULL ORDER BY ST_AsBinary(geom)) AS row
       ), '') AS tile
