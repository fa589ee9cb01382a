-- Answers: ids of the units in business with few members that share the building or a business district of one of the
--   units asked about, or lie within a box of the reach around it; only units that have few members themselves are asked.
-- Why this way: of places near each other one box is looked through, not one for each; who is in it may be too many.
-- Parameters: units: ids; were: ids of those to be asked where they were last read, too; most: members that are few;
--   reach: of a joint branch, degrees of latitude.
-- Leans on the primary keys, ix_units_building_id and the GiST indexes of units and business_districts.
WITH place AS (
    SELECT building_id, geom FROM units WHERE id = ANY(CAST(:units AS bigint[])) AND members BETWEEN 1 AND :most
    UNION
    SELECT building_id, geom FROM unit_states
     WHERE unit_id = ANY(CAST(:were AS bigint[])) AND last_run IS NULL AND members BETWEEN 1 AND :most
),
around AS (
    SELECT ST_SetSRID(CAST(ST_Extent(ST_Expand(
               geom, CAST(:reach AS float8) / cos(radians(ST_Y(geom))), CAST(:reach AS float8))) AS geometry), 4326) AS box
      FROM place WHERE geom IS NOT NULL
     GROUP BY floor(ST_X(geom) / (2 * CAST(:reach AS float8))), floor(ST_Y(geom) / (2 * CAST(:reach AS float8)))
),
held AS (
    SELECT DISTINCT d.id, d.geom FROM business_districts AS d JOIN place ON d.geom && place.geom
       AND ST_Intersects(d.geom, place.geom)
)
SELECT u.id FROM units AS u JOIN place ON u.building_id = place.building_id
 WHERE u.members BETWEEN 1 AND :most AND u.operating IS DISTINCT FROM false
UNION
SELECT u.id FROM around JOIN units AS u ON u.geom && around.box
 WHERE u.members BETWEEN 1 AND :most AND u.operating IS DISTINCT FROM false
UNION
SELECT u.id FROM held JOIN units AS u ON u.geom && held.geom AND ST_Intersects(u.geom, held.geom)
 WHERE u.members BETWEEN 1 AND :most AND u.operating IS DISTINCT FROM false
