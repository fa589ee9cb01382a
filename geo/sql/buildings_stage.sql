-- Where a file's buildings wait until all of it is judged: what the file says, and the grid each belongs to.
-- No parameters. The tables go with the transaction.
CREATE TEMP TABLE staged_buildings (
    row_number bigint NOT NULL, source text NOT NULL, reference text NOT NULL, use text, use_given text, floors real,
    households int, firms int, workers int, name text, address text, geom geometry(MultiPolygon, 4326) NOT NULL,
    area_m2 float8 NOT NULL, digest bytea NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE staged_building_places (
    row_number bigint NOT NULL, grid_id int, share float8 NOT NULL, straddles boolean NOT NULL, community_id int,
    pinned_id int
) ON COMMIT DROP
