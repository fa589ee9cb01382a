-- The keys left of the chunk in hand are stored; one that another transaction stored meanwhile is left out, and the
-- number of rows stored tells.
-- No parameters. Leans on the primary key of incident_keys.
INSERT INTO incident_keys (source, reference, id, occurred_at, digest)
SELECT source, reference, id, occurred_at, digest FROM arriving_keys
ON CONFLICT DO NOTHING
