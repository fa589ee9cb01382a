-- Where a file's incidents wait until all of it is judged: what was reported, and where each belongs.
-- No parameters. The tables go with the transaction. Ids are given in the order of the file; those of rows that are not
-- stored are left out.
CREATE TEMP TABLE staged (
    row_number bigint NOT NULL, id bigint NOT NULL DEFAULT nextval('incidents_id_seq'), source text NOT NULL, reference text NOT NULL, category text NOT NULL,
    urgency smallint NOT NULL, status text NOT NULL, occurred_at timestamptz NOT NULL, reported_at timestamptz,
    geom geometry(Point, 4326), raw_x float8, raw_y float8, datum text NOT NULL, accuracy_m real, address text,
    stated_area text, digest bytea NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE staged_places (
    row_number bigint NOT NULL, grid_then int, edition_then int NOT NULL, is_before_first_edition boolean NOT NULL,
    grid_now int, edition_now int NOT NULL, community_id int, border_m real, rule smallint NOT NULL,
    is_doubtful boolean NOT NULL
) ON COMMIT DROP
