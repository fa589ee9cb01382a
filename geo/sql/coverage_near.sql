-- Answers: ids of the units in business with few members that share the building or a business district of one of the
--   units asked about, or lie within a box of the reach around it; only units that have few members themselves are asked.
-- Parameters: units: ids; were: ids of those to be asked where they were last read, too; most: members that are few;
--   reach: of a joint branch, degrees of latitude.
-- Leans on the primary keys, ix_units_building_id and the GiST indexes of units and business_districts.
WITH place AS (
    SELECT building_id, geom FROM units WHERE id = ANY(CAST(:units AS bigint[])) AND members BETWEEN 1 AND :most
    UNION
    SELECT building_id, geom FROM unit_states
     WHERE unit_id = ANY(CAST(:were AS bigint[])) AND last_run IS NULL AND members BETWEEN 1 AND :most
),
held AS (
    SELECT DISTINCT d.id, d.geom FROM business_districts AS d JOIN place ON d.geom && place.geom
       AND ST_Intersects(d.geom, place.geom)
)
SELECT u.id FROM units AS u JOIN place ON u.building_id = place.building_id
 WHERE u.members BETWEEN 1 AND :most AND u.operating IS DISTINCT FROM false
UNION
SELECT u.id FROM place JOIN units AS u
    ON u.geom && ST_Expand(place.geom, CAST(:reach AS float8) / cos(radians(ST_Y(place.geom))), CAST(:reach AS float8))
 WHERE u.members BETWEEN 1 AND :most AND u.operating IS DISTINCT FROM false
UNION
SELECT u.id FROM held JOIN units AS u ON u.geom && held.geom AND ST_Intersects(u.geom, held.geom)
 WHERE u.members BETWEEN 1 AND :most AND u.operating IS DISTINCT FROM false
