-- The staged buildings become buildings, in the order of the file; what is stored under the same source and reference
-- is brought up to date.
-- Parameters: edition: number of the edition their grids are of; before: what their ids are ahead of their row numbers,
-- null = the next ones.
-- Leans on uq_buildings_source_reference.
INSERT INTO buildings (
    id, source, reference, use, use_given, floors, households, firms, workers, name, address, geom, area_m2, digest,
    grid_id, share, straddles, community_id, pinned_id, edition
)
SELECT coalesce(CAST(:before AS bigint) + row_number, nextval('buildings_id_seq')), source, reference, use, use_given,
       floors, households, firms, workers, name, address, geom, area_m2, digest, grid_id, share, straddles, community_id, pinned_id, :edition
  FROM staged_buildings JOIN staged_building_places USING (row_number)
 ORDER BY row_number
ON CONFLICT (source, reference) DO UPDATE SET
    use = excluded.use, use_given = excluded.use_given, floors = excluded.floors, households = excluded.households,
    firms = excluded.firms, workers = excluded.workers, name = excluded.name, address = excluded.address,
    geom = excluded.geom, area_m2 = excluded.area_m2, digest = excluded.digest, grid_id = excluded.grid_id,
    share = excluded.share, straddles = excluded.straddles, community_id = excluded.community_id,
    pinned_id = excluded.pinned_id, edition = excluded.edition
