-- Coverage: runs, the spans of what they found, proposals and what became of them; see geo/coverage/tables.py.
CREATE TABLE marks (
    noun TEXT NOT NULL,
    id BIGINT
);
COMMENT ON TABLE marks IS 'rows written since coverage was last looked at; whoever looks takes them away';
COMMENT ON COLUMN marks.id IS 'of the row that was written; null = many of them';
CREATE INDEX ix_marks_noun ON marks (noun);

CREATE TABLE coverage_rules (
    fingerprint TEXT NOT NULL,
    version TEXT NOT NULL,
    book JSONB NOT NULL,
    CONSTRAINT pk_coverage_rules PRIMARY KEY (fingerprint)
);
COMMENT ON TABLE coverage_rules IS 'every rule book a run was made by';
COMMENT ON COLUMN coverage_rules.book IS 'the whole rule book, as it was applied';

CREATE TABLE coverage_runs (
    number INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    day DATE NOT NULL,
    edition INTEGER NOT NULL,
    rules TEXT NOT NULL,
    revisions JSONB NOT NULL,
    kind TEXT NOT NULL,
    counts JSONB NOT NULL,
    changed JSONB NOT NULL,
    surveyed_until DATE,
    actor TEXT NOT NULL,
    CONSTRAINT pk_coverage_runs PRIMARY KEY (number),
    CONSTRAINT ck_coverage_runs_kind_is_known CHECK (kind IN ('full', 'partial')),
    CONSTRAINT fk_coverage_runs_edition FOREIGN KEY(edition) REFERENCES editions (number),
    CONSTRAINT fk_coverage_runs_rules FOREIGN KEY(rules) REFERENCES coverage_rules (fingerprint)
);
COMMENT ON TABLE coverage_runs IS 'when blind spots were looked for, on what, and what was found';
COMMENT ON COLUMN coverage_runs.day IS 'on which surveys and evidence were judged';
COMMENT ON COLUMN coverage_runs.revisions IS 'noun -> its revision when it was read';
COMMENT ON COLUMN coverage_runs.kind IS 'full, or partial: only what changed was decided anew';
COMMENT ON COLUMN coverage_runs.counts IS 'units, buildings, grids: state -> number';
COMMENT ON COLUMN coverage_runs.changed IS 'units, buildings, grids, groups: spans opened or closed';
COMMENT ON COLUMN coverage_runs.surveyed_until IS 'day of the newest survey that was read';

CREATE TABLE unit_states (
    unit_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    since DATE,
    seen_on DATE NOT NULL,
    reason JSONB NOT NULL,
    method TEXT,
    record_id BIGINT,
    organisation_id BIGINT,
    building_id BIGINT,
    grid_id INTEGER,
    district_ids BIGINT[],
    workers INTEGER,
    members INTEGER,
    geom geometry(POINT,4326),
    first_run INTEGER NOT NULL,
    last_run INTEGER,
    CONSTRAINT pk_unit_states PRIMARY KEY (unit_id, first_run),
    CONSTRAINT ck_unit_states_runs_ascend CHECK (last_run IS NULL OR last_run > first_run)
);
COMMENT ON TABLE unit_states IS 'the one state of every unit in business';
COMMENT ON COLUMN unit_states.code IS 'geo.coverage.rulebooks.STATES';
COMMENT ON COLUMN unit_states.since IS 'from which the unit''s own dates show the state; null where they do not';
COMMENT ON COLUMN unit_states.seen_on IS 'day of the first run in a row that found this state';
COMMENT ON COLUMN unit_states.reason IS 'keys of the reasons, and what their sentences need';
COMMENT ON COLUMN unit_states.method IS 'by which it is covered; null where nobody covers it';
COMMENT ON COLUMN unit_states.record_id IS 'coverage record that decided';
COMMENT ON COLUMN unit_states.organisation_id IS 'of that record';
COMMENT ON COLUMN unit_states.grid_id IS 'code id in the edition of the run';
COMMENT ON COLUMN unit_states.district_ids IS 'business districts it lies in, the smallest first';
COMMENT ON COLUMN unit_states.workers IS 'null = unknown';
COMMENT ON COLUMN unit_states.members IS 'null = unknown';
COMMENT ON COLUMN unit_states.geom IS 'where it was taken to be';
CREATE INDEX ix_unit_states_building_id ON unit_states (building_id) WHERE last_run IS NULL;
CREATE INDEX ix_unit_states_grid_id ON unit_states (grid_id) WHERE last_run IS NULL;
CREATE INDEX ix_unit_states_last_run ON unit_states (last_run) WHERE last_run IS NOT NULL;
CREATE UNIQUE INDEX uq_unit_states_open ON unit_states (unit_id) WHERE last_run IS NULL;

CREATE TABLE building_states (
    building_id BIGINT NOT NULL,
    code TEXT,
    straddles BOOLEAN NOT NULL,
    share DOUBLE PRECISION,
    seen_on DATE NOT NULL,
    straddles_on DATE,
    grid_id INTEGER,
    units JSONB NOT NULL,
    workers JSONB NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    first_run INTEGER NOT NULL,
    last_run INTEGER,
    CONSTRAINT pk_building_states PRIMARY KEY (building_id, first_run),
    CONSTRAINT ck_building_states_runs_ascend CHECK (last_run IS NULL OR last_run > first_run)
);
COMMENT ON TABLE building_states IS 'buildings with units, or that straddle grids';
COMMENT ON COLUMN building_states.code IS 'the worst state of its units, U where all are unknown; null = no unit';
COMMENT ON COLUMN building_states.straddles IS 'G3: no grid has enough of it, and none is pinned';
COMMENT ON COLUMN building_states.share IS 'of the footprint in its grid, where it straddles';
COMMENT ON COLUMN building_states.seen_on IS 'day of the first run in a row that found this code';
COMMENT ON COLUMN building_states.straddles_on IS 'day of the first run in a row that found it straddling';
COMMENT ON COLUMN building_states.grid_id IS 'code id in the edition of the run';
COMMENT ON COLUMN building_states.units IS 'state -> units';
COMMENT ON COLUMN building_states.workers IS 'state -> workers known of';
COMMENT ON COLUMN building_states.score IS 'uncovered workers x weight, summed over the states';
CREATE INDEX ix_building_states_grid_id ON building_states (grid_id) WHERE last_run IS NULL;
CREATE INDEX ix_building_states_last_run ON building_states (last_run) WHERE last_run IS NOT NULL;
CREATE INDEX ix_building_states_score ON building_states (score, building_id) WHERE last_run IS NULL;
CREATE UNIQUE INDEX uq_building_states_open ON building_states (building_id) WHERE last_run IS NULL;

CREATE TABLE grid_states (
    grid_id INTEGER NOT NULL,
    code TEXT,
    reason JSONB NOT NULL,
    seen_on DATE NOT NULL,
    rates JSONB NOT NULL,
    units JSONB NOT NULL,
    workers JSONB NOT NULL,
    score DOUBLE PRECISION NOT NULL,
    first_run INTEGER NOT NULL,
    last_run INTEGER,
    CONSTRAINT pk_grid_states PRIMARY KEY (grid_id, first_run),
    CONSTRAINT ck_grid_states_runs_ascend CHECK (last_run IS NULL OR last_run > first_run)
);
COMMENT ON TABLE grid_states IS 'leaves of the edition of the run';
COMMENT ON COLUMN grid_states.grid_id IS 'code id';
COMMENT ON COLUMN grid_states.code IS 'G1, G2 or U (not recorded); null where the grid has its people';
COMMENT ON COLUMN grid_states.reason IS 'keys of the reasons, and what their sentences need';
COMMENT ON COLUMN grid_states.seen_on IS 'day of the first run in a row that found this code';
COMMENT ON COLUMN grid_states.rates IS 'what its units add up to for rates: name -> number';
COMMENT ON COLUMN grid_states.units IS 'state -> units';
COMMENT ON COLUMN grid_states.workers IS 'state -> workers known of';
COMMENT ON COLUMN grid_states.score IS 'uncovered workers x weight, summed over the states';
CREATE INDEX ix_grid_states_last_run ON grid_states (last_run) WHERE last_run IS NOT NULL;
CREATE UNIQUE INDEX uq_grid_states_open ON grid_states (grid_id) WHERE last_run IS NULL;

CREATE TABLE joint_groups (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    key TEXT NOT NULL,
    basis TEXT NOT NULL,
    members INTEGER NOT NULL,
    units INTEGER NOT NULL,
    diameter_m DOUBLE PRECISION,
    about JSONB NOT NULL,
    first_run INTEGER NOT NULL,
    last_run INTEGER,
    CONSTRAINT pk_joint_groups PRIMARY KEY (key, first_run),
    CONSTRAINT ck_joint_groups_runs_ascend CHECK (last_run IS NULL OR last_run > first_run),
    CONSTRAINT uq_joint_groups_id UNIQUE (id)
);
COMMENT ON TABLE joint_groups IS 'proposed joint branches';
COMMENT ON COLUMN joint_groups.key IS 'ids of its units, ascending: the same group again';
COMMENT ON COLUMN joint_groups.basis IS 'building, park or reach';
COMMENT ON COLUMN joint_groups.members IS 'full members together';
COMMENT ON COLUMN joint_groups.diameter_m IS 'largest distance between two of its units; null = unknown';
COMMENT ON COLUMN joint_groups.about IS 'building, business district, industries';
CREATE INDEX ix_joint_groups_last_run ON joint_groups (last_run) WHERE last_run IS NOT NULL;
CREATE UNIQUE INDEX uq_joint_groups_open ON joint_groups (key) WHERE last_run IS NULL;

CREATE TABLE joint_members (
    group_id BIGINT NOT NULL,
    unit_id BIGINT NOT NULL,
    CONSTRAINT pk_joint_members PRIMARY KEY (group_id, unit_id)
);
COMMENT ON TABLE joint_members IS 'units of the proposed joint branches';
CREATE INDEX ix_joint_members_unit_id ON joint_members (unit_id);

CREATE TABLE coverage_inputs (
    record_id BIGINT NOT NULL,
    unit_id BIGINT,
    building_id BIGINT,
    grid_id INTEGER,
    organisation_id BIGINT,
    CONSTRAINT pk_coverage_inputs PRIMARY KEY (record_id)
);
COMMENT ON TABLE coverage_inputs IS 'whom each coverage record named when it was last read: who is concerned when it names others';

CREATE TABLE follow_ups (
    id BIGINT GENERATED BY DEFAULT AS IDENTITY,
    subject_kind TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    run INTEGER NOT NULL,
    proposal TEXT NOT NULL,
    payload JSONB NOT NULL,
    decision TEXT NOT NULL,
    reason TEXT,
    state TEXT NOT NULL,
    post TEXT,
    due_on DATE,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    started_on DATE,
    ended_on DATE,
    actor TEXT NOT NULL,
    audit_event BIGINT NOT NULL,
    CONSTRAINT pk_follow_ups PRIMARY KEY (id),
    CONSTRAINT fk_follow_ups_run FOREIGN KEY(run) REFERENCES coverage_runs (number),
    CONSTRAINT fk_follow_ups_audit_event FOREIGN KEY(audit_event) REFERENCES audit_events (id)
);
COMMENT ON TABLE follow_ups IS 'proposals that were accepted or dismissed, and what became of them';
COMMENT ON COLUMN follow_ups.subject_id IS 'of a grid its code id';
COMMENT ON COLUMN follow_ups.code IS 'of the blind spot it answers';
COMMENT ON COLUMN follow_ups.run IS 'whose proposal it is';
COMMENT ON COLUMN follow_ups.proposal IS 'geo.coverage.followups.PROPOSALS';
COMMENT ON COLUMN follow_ups.payload IS 'units, organisation, grid: what is proposed';
COMMENT ON COLUMN follow_ups.decision IS 'accepted or dismissed';
COMMENT ON COLUMN follow_ups.reason IS 'of a dismissal or cancellation';
COMMENT ON COLUMN follow_ups.state IS 'open, in_progress, done, cancelled; dismissed';
COMMENT ON COLUMN follow_ups.post IS 'which post sees to it; never a person';
COMMENT ON COLUMN follow_ups.ended_on IS 'day it was done or cancelled';
COMMENT ON COLUMN follow_ups.actor IS 'who decided';
CREATE INDEX ix_follow_ups_state ON follow_ups (state, id);
CREATE INDEX ix_follow_ups_subject ON follow_ups (subject_kind, subject_id);
