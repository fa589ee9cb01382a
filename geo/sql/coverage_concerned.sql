-- Answers: whose coverage the records and organisations touch: unit_id of each unit covered, by its own record or that of
--   its building or grid; organisation_id of each organisation a record names or named.
-- Why this way: records are asked as they are and as they were last read (coverage_inputs), since one that now names
--   another unit concerns both.
-- Parameters: records, organisations: ids of those written.
-- Leans on the primary keys and ix_coverage_records_organisation_id, ix_units_building_id, ix_units_grid_id_id.
WITH told AS (
    SELECT unit_id, building_id, grid_id, organisation_id, true AS is_written
      FROM coverage_records WHERE id = ANY(CAST(:records AS bigint[]))
    UNION ALL
    SELECT unit_id, building_id, grid_id, organisation_id, true
      FROM coverage_inputs WHERE record_id = ANY(CAST(:records AS bigint[]))
    UNION ALL
    SELECT unit_id, building_id, grid_id, organisation_id, false
      FROM coverage_records WHERE organisation_id = ANY(CAST(:organisations AS bigint[]))
)
SELECT unit_id, CAST(NULL AS bigint) AS organisation_id FROM told WHERE unit_id IS NOT NULL
UNION
SELECT u.id, CAST(NULL AS bigint) FROM told JOIN units AS u ON u.building_id = told.building_id WHERE told.unit_id IS NULL
UNION
SELECT u.id, CAST(NULL AS bigint) FROM told JOIN units AS u ON u.grid_id = told.grid_id
 WHERE told.unit_id IS NULL AND told.building_id IS NULL
UNION
SELECT CAST(NULL AS bigint), organisation_id FROM told WHERE is_written AND organisation_id IS NOT NULL
