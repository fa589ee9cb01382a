-- Answers: nothing; keeps the drawn borders of one band of an edition.
-- Parameters: edition, band; levels (0 = outline), shapes (lines as WKB in EPSG:3857): arrays of one length.
-- Index: none; ix_drawn_borders_edition_band_geom is written.
INSERT INTO drawn_borders (edition, band, level, geom)
SELECT :edition, :band, level, ST_GeomFromWKB(shape, 3857)
FROM unnest(CAST(:levels AS smallint[]), CAST(:shapes AS bytea[])) AS given (level, shape)
