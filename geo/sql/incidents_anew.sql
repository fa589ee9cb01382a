-- Stored incidents get the places found anew.
-- No parameters. Leans on the primary key of incidents, and on months: the time stands beside each id.
UPDATE incidents SET grid_then = anew.grid_then, edition_then = anew.edition_then,
       is_before_first_edition = anew.is_before_first_edition, grid_now = anew.grid_now,
       edition_now = anew.edition_now, community_id = anew.community_id, border_m = anew.border_m, rule = anew.rule,
       is_doubtful = anew.is_doubtful
  FROM places_anew AS anew
 WHERE incidents.id = anew.id AND incidents.occurred_at = anew.occurred_at
