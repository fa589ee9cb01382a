-- Answers: nothing; keeps the drawn ground of one band of an edition, one row an area or leaf.
-- Parameters: edition, band; ids, levels, kinds (null for areas), shapes, spots: arrays of one length;
--   shapes and spots as WKB in EPSG:3857.
-- Index: none; all of ix_drawn_grounds_* are written.
INSERT INTO drawn_grounds (edition, band, id, level, kind, geom, spot)
SELECT :edition, :band, id, level, kind, ST_GeomFromWKB(shape, 3857), ST_GeomFromWKB(spot, 3857)
FROM unnest(
    CAST(:ids AS int[]), CAST(:levels AS smallint[]), CAST(:kinds AS text[]),
    CAST(:shapes AS bytea[]), CAST(:spots AS bytea[])
) AS given (id, level, kind, shape, spot)
