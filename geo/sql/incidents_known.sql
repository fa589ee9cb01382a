-- Answers: the rows of the chunk in hand whose key is not new, and takes them out of it: whether an earlier row of the
-- file has the key, else the id it is stored under and whether the content is the same. Keys that are stored are seen from now on.
-- An id may be one this very file gave; a key stored under the row's own id is new.
-- No parameters. Leans on the primary keys of incident_keys and of seen_keys.
WITH arrived AS (
    SELECT *, row_number() OVER (PARTITION BY source, reference ORDER BY row_number) AS nth FROM arriving_keys
),
told AS (
    SELECT arrived.row_number, arrived.source, arrived.reference, stored.id, stored.digest = arrived.digest AS is_same,
           nth > 1 OR seen.source IS NOT NULL AS is_repeated
      FROM arrived
      LEFT JOIN seen_keys AS seen ON seen.source = arrived.source AND seen.reference = arrived.reference
      LEFT JOIN incident_keys AS stored
        ON stored.source = arrived.source AND stored.reference = arrived.reference AND stored.id <> arrived.id
     WHERE nth > 1 OR seen.source IS NOT NULL OR stored.id IS NOT NULL
),
gone AS (DELETE FROM arriving_keys USING told WHERE arriving_keys.row_number = told.row_number),
noted AS (INSERT INTO seen_keys SELECT source, reference FROM told WHERE NOT is_repeated)
SELECT row_number, is_repeated, coalesce(id, 0) AS id, coalesce(is_same, false) AS is_same FROM told
