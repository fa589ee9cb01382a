-- What a file's incidents leave behind while it is read: keys of the chunk in hand, keys of earlier rows that are not
-- stored by this file, and what rows state of their area. Rows themselves wait nowhere.
-- No parameters. The tables go with the transaction, or before.
CREATE TEMP TABLE arriving_keys (
    row_number bigint NOT NULL, source text NOT NULL, reference text NOT NULL, id bigint NOT NULL,
    occurred_at timestamptz NOT NULL, digest bytea NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE seen_keys (source text, reference text, PRIMARY KEY (source, reference)) ON COMMIT DROP;
CREATE TEMP TABLE stated_areas (
    lon float8 NOT NULL, lat float8 NOT NULL, datum text NOT NULL, stated_area text NOT NULL, digest bytea NOT NULL
) ON COMMIT DROP
