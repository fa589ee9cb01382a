-- A made city of any size, see lattice_city.py. Grids are rounded as stored ground is, geo.crs.snap
INSERT INTO cities (code, name, name_en, levels, code_lengths, time_zone, metric_epsg) VALUES ('3799', '格子市', 'Lattice',
  '[{"key":"city","zh":"市","en":"City"},{"key":"district","zh":"区","en":"District"},
    {"key":"subdistrict","zh":"街道","en":"Subdistrict"},{"key":"community","zh":"社区","en":"Community"},
    {"key":"grid","zh":"网格","en":"Grid"}]', '{4,6,9,12,15}', 'Asia/Shanghai', 4549);
INSERT INTO editions (number, effective_at, published_by, summary, origin, leaves, changed, noded)
  VALUES (1, '2024-01-01', 'bench', 'lattice', '{"kind":"plan"}', :grids, :grids, 0);
CREATE TEMP TABLE cells ON COMMIT DROP AS
  SELECT x, y, x / 4 AS cx, y / 4 AS cy, x / 16 AS sx, y / 16 AS sy, x / 64 AS dx, y / 64 AS dy
    FROM generate_series(0, :across - 1) AS x, generate_series(0, :across - 1) AS y;
CREATE TEMP TABLE coded ON COMMIT DROP AS
  SELECT *, format('3799%s', lpad((dx * 5 + dy + 1)::text, 2, '0')) AS district FROM cells;
ALTER TABLE coded ADD subdistrict text, ADD community text, ADD grid text;
UPDATE coded SET subdistrict = district || lpad(((sx % 4) * 4 + sy % 4 + 1)::text, 3, '0');
UPDATE coded SET community = subdistrict || lpad(((cx % 4) * 4 + cy % 4 + 1)::text, 3, '0');
UPDATE coded SET grid = community || lpad(((x % 4) * 4 + y % 4 + 1)::text, 3, '0');
INSERT INTO codes (code, level, is_fallback)
  SELECT DISTINCT code, level, false FROM (
    SELECT '3799' AS code, 0 AS level UNION SELECT district, 1 FROM coded UNION SELECT subdistrict, 2 FROM coded
    UNION SELECT community, 3 FROM coded UNION SELECT grid, 4 FROM coded) AS every ORDER BY code;
CREATE TEMP TABLE grounds ON COMMIT DROP AS
  SELECT coded.*, ST_MakeEnvelope(w.at, s.at, e.at, n.at, 4326) AS geom FROM coded,
    LATERAL (SELECT round((:west + x * :side) * 1e8) / 1e8 AS at) AS w, LATERAL (SELECT round((:south + y * :side) * 1e8) / 1e8 AS at) AS s,
    LATERAL (SELECT round((:west + (x + 1) * :side) * 1e8) / 1e8 AS at) AS e, LATERAL (SELECT round((:south + (y + 1) * :side) * 1e8) / 1e8 AS at) AS n;
INSERT INTO areas (id, first_edition, level, name, parent_id, geom, area_m2, label)
  SELECT c.id, 1, c.level, '区域' || c.code, p.id, ST_Multi(box), ST_Area(box::geography), ST_Centroid(box)
    FROM (SELECT '3799' AS code, NULL AS parent, ST_SetSRID(ST_Extent(geom), 4326) AS box FROM grounds
          UNION ALL SELECT district, '3799', ST_SetSRID(ST_Extent(geom), 4326) FROM grounds GROUP BY 1
          UNION ALL SELECT subdistrict, min(district), ST_SetSRID(ST_Extent(geom), 4326) FROM grounds GROUP BY 1
          UNION ALL SELECT community, min(subdistrict), ST_SetSRID(ST_Extent(geom), 4326) FROM grounds GROUP BY 1) AS a
    JOIN codes AS c ON c.code = a.code LEFT JOIN codes AS p ON p.code = a.parent;
INSERT INTO grids (id, first_edition, name, kind, parent_id, geom, area_m2, label)
  SELECT c.id, 1, format('区域%s第%s网格', g.community, right(g.grid, 2)), 'comprehensive', p.id, ST_Multi(g.geom), ST_Area(g.geom::geography), ST_Centroid(g.geom)
    FROM grounds AS g JOIN codes AS c ON c.code = g.grid JOIN codes AS p ON p.code = g.community;
ANALYZE grids, areas, codes;
CREATE TEMP TABLE leaf ON COMMIT DROP AS
  SELECT row_number() OVER (ORDER BY c.id) - 1 AS n, c.id, p.id AS community_id, g.x, g.y
    FROM grounds AS g JOIN codes AS c ON c.code = g.grid JOIN codes AS p ON p.code = g.community;
CREATE UNIQUE INDEX ON leaf (n);

SELECT setseed(0.5);
INSERT INTO buildings (source, reference, use, floors, name, geom, area_m2, digest, grid_id, share, straddles, community_id, edition)
  SELECT 'lattice', i::text, 'office', 6, '楼' || i, ST_Multi(ST_MakeEnvelope(px, py, px + 0.0002, py + 0.0002, 4326)), 400,
         '-', leaf.id, CASE WHEN i % 50 = 0 THEN 0.6 ELSE 1 END, i % 50 = 0, leaf.community_id, 1
    FROM generate_series(0, :buildings - 1) AS i
    JOIN leaf ON leaf.n = i % :grids
    CROSS JOIN LATERAL (SELECT :west + leaf.x * :side + 0.0001 + (i / :grids % 10) * 0.00023 AS px,
                               :south + leaf.y * :side + 0.0001 + (i / :grids / 10 % 10) * 0.00023 AS py) AS at;
CREATE TEMP TABLE parks ON COMMIT DROP AS
  SELECT row_number() OVER (ORDER BY cx, cy) AS n, min(x) AS x, min(y) AS y FROM
    (SELECT x, y, x / 4 AS cx, y / 4 AS cy FROM leaf) AS blocks WHERE (cx * 7 + cy * 3) % 9 = 0 GROUP BY cx, cy;
INSERT INTO business_districts (source, reference, name, kind, geom, area_m2, edition, digest)
  SELECT 'lattice', n::text, '商圈' || n, 'park',
         ST_Multi(ST_MakeEnvelope(:west + x * :side, :south + y * :side, :west + (x + 4) * :side, :south + (y + 4) * :side, 4326)),
         1e6, 1, '-' FROM parks;
INSERT INTO party_organisations (source, reference, name, kind, formation, members, capacity, place_id, geom, grid_id,
                                 community_id, edition, digest)
  SELECT 'lattice', i::text, '组织' || i, (ARRAY['branch', 'joint_branch', 'general_branch', 'committee'])[1 + i % 4],
         'standalone', 3 + i % 60, i % 5, NULL, ST_SetSRID(ST_MakePoint(:west + (leaf.x + 0.5) * :side,
         :south + (leaf.y + 0.5) * :side), 4326), leaf.id, leaf.community_id, 1, '-'
    FROM generate_series(0, :organisations - 1) AS i JOIN leaf ON leaf.n = i * 7 % :grids;
INSERT INTO party_organisations (source, reference, name, kind, place_id, edition, digest)
  SELECT 'lattice', 'grid ' || n, '网格支部' || n, 'grid_branch', leaf.id, 1, '-' FROM leaf WHERE n % 4 > 0;
INSERT INTO staff_slots (source, reference, place_id, line, time, slots, filled, as_of, edition, digest)
  SELECT 'lattice', 'grid ' || n, leaf.id, 'grid', 'full', 2, n % 5, '2026-09-01', 1, '-' FROM leaf WHERE n % 10 > 0;

SELECT setseed(0.25);
CREATE TEMP TABLE host ON COMMIT DROP AS
  SELECT row_number() OVER (ORDER BY b.id) - 1 AS n, b.id, b.grid_id, b.community_id, ST_PointOnSurface(b.geom) AS geom
    FROM buildings AS b JOIN leaf ON leaf.id = b.grid_id
   WHERE EXISTS (SELECT 1 FROM parks AS p WHERE leaf.x BETWEEN p.x AND p.x + 3 AND leaf.y BETWEEN p.y AND p.y + 3)
      OR leaf.n % 5 = 0;
CREATE UNIQUE INDEX ON host (n);
ANALYZE host;
INSERT INTO units (source, reference, name, kind, industry, workers, members, operating, surveyed_on, building_id, geom,
                   grid_id, community_id, edition, digest)
  SELECT 'lattice', i::text, '单位' || i, 'new_economic',
         (ARRAY['software', 'trade', 'finance', 'manufacturing', 'hospitality'])[1 + i % 5],
         CASE WHEN i % 31 = 0 THEN NULL ELSE (5 + 200 * pow(random(), 4))::int END,
         CASE WHEN i % 37 = 0 THEN NULL WHEN r < 0.7 THEN 0 WHEN r < 0.9 THEN 1 + i % 2 ELSE 3 + i % 20 END,
         i % 40 > 0, CASE WHEN i % 11 = 0 THEN NULL ELSE DATE '2026-11-22' - (i * 7 % 500)::int END,
         host.id, host.geom, host.grid_id, host.community_id, 1, '-'
    FROM (SELECT i, random() AS r, (pow(random(), 2) * (SELECT count(*) FROM host))::int AS at
            FROM generate_series(0, :units - 1) AS i) AS made
    JOIN host ON host.n = least(made.at, (SELECT max(n) FROM host));
CREATE TEMP TABLE organisation ON COMMIT DROP AS
  SELECT row_number() OVER (ORDER BY id) - 1 AS n, id FROM party_organisations WHERE kind <> 'grid_branch';
CREATE UNIQUE INDEX ON organisation (n);
INSERT INTO coverage_records (source, reference, unit_id, organisation_id, method, evidence_on, since, edition, digest)
  SELECT 'lattice', u.id::text, u.id, o.id,
         (ARRAY['own', 'joint', 'area', 'industry', 'instructor', 'liaison', 'mass_organisation'])[1 + u.id % 7],
         DATE '2026-11-22' - (u.id * 13 % 600)::int, DATE '2025-01-01', 1, '-'
    FROM units AS u JOIN organisation AS o ON o.n = (u.id % :organisations) WHERE u.id % 2 = 0;
ANALYZE buildings, units, coverage_records, party_organisations, business_districts, staff_slots
