-- Answers: whether a P2 unit that is not loaded shares a building with those loaded, or a business district they share
--   reaches beyond the window: then more must be loaded before joint branches can be told.
-- Parameters: buildings, parks: ids of the places of those concerned; loaded: ids of units; west, south, east, north:
--   sides of the window, degrees WGS 84.
-- Leans on ix_unit_states_building_id and the primary key of business_districts.
SELECT EXISTS (
           SELECT 1 FROM unit_states
            WHERE last_run IS NULL AND building_id = ANY(CAST(:buildings AS bigint[])) AND code = 'P2'
              AND NOT unit_id = ANY(CAST(:loaded AS bigint[]))
       )
    OR EXISTS (
           SELECT 1 FROM business_districts
            WHERE id = ANY(CAST(:parks AS bigint[]))
              AND NOT geom @ ST_MakeEnvelope(
                  CAST(:west AS float8), CAST(:south AS float8), CAST(:east AS float8), CAST(:north AS float8), 4326)
       )
