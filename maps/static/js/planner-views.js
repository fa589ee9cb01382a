// What of a plan is shown on the map: leaves of a phase, borders that come and go, arrows of what moves, names.
import { badge } from "./planner-legend.js";
import { coloured } from "./planner-colours.js";
import { beyond, inner, outlines, rings } from "./planner-geometry.js";
import { lies_in } from "./polygons.js";

const NOTHING = [];
const BACK = 0.45; // of the way between the middle of what moves and that of a grid

/** Colours of the grids that lose or gain ground, or are changed otherwise. */
export function colours_of(draft) {
  const touched = [...draft.leaves("before"), ...draft.leaves("after")].filter(({ properties: { status } }) => !["same", "noded"].includes(status));
  return coloured([...draft.moves.flatMap(({ was, now }) => [was, now]), ...touched.map(({ properties }) => properties.code)]);
}

const touched = (features) => features.filter(({ properties: { status } }) => status !== "same");

/** Borders that are not there yet, and those that will be gone. */
export function borders_of(draft) {
  const before = touched(draft.leaves("before")), after = touched(draft.leaves("after")), outlined = outlines(draft.leaves("before"));
  return { drawn: beyond(after, before), gone: beyond(before, after), ...outlined, rim: draft.drawing?.is_whole ? outlined.rim : NOTHING };
}

const mixed = (a, b, share) => [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share];

/** An arrow for each move whose ground is known: from what is left of the old grid, or towards what there was of the new. */
export function arrows_of(moves, draft, words, brief, chosen) {
  const ground = (code, phase) => { const leaf = code && draft.leaf(code, phase); return leaf ? inner(leaf.geometry) : null; };
  return moves.flatMap((one, k) => {
    const middle = one.ground && inner(one.ground);
    if (!middle) return [];
    const left = ground(one.was, "after"), there = ground(one.now, "before");
    const from = left ? mixed(left, middle, BACK) : middle, to = there ? mixed(middle, there, BACK) : left ? middle : [middle[0], middle[1] + 1e-4];
    const name = (code, told) => (code ? brief(code, told) : words.t("plan.outside"));
    const load = one.households === null || one.households === undefined ? words.t("plan.ha", { n: words.n(one.area_m2 / 1e4, 1) }) : words.t("plan.households", { n: words.n(one.households) });
    return [{ from, to, brief: `${badge(k)} ${load}`, text: `${badge(k)} ${name(one.was, one.was_name)} → ${name(one.now, one.now_name)} · ${load}`, chosen: k === chosen }];
  });
}

/** Everything the canvases draw. `look` = {phase, chosen, place, grave, theirs, bending, move}. */
export function shown_of(draft, look, { words, brief, colours, borders }) {
  const proposed = look.proposed?.length ? look.proposed : null, hues = proposed ? coloured([...proposed.flatMap(({ was, now }) => [was, now]), ...colours.keys()]) : colours;
  const theirs = draft.drawing?.in_force?.features ?? NOTHING, standing = look.theirs === "theirs" && theirs.length;
  const phase = look.phase === "before" ? "before" : "after";
  const leaves = standing ? theirs : draft.leaves(phase);
  const bent = look.bending?.length ? look.bending : NOTHING;
  return {
    phase: standing ? "before" : look.phase, leaves, colours: hues,
    moves: standing ? NOTHING : proposed ?? draft.moves,
    told: proposed ?? draft.moves, // what the legend names, whichever side is shown
    drawn: [...(phase === "after" && !standing ? borders.drawn : NOTHING), ...(proposed ?? NOTHING).flatMap(({ ground }) => rings(ground)), ...bent],
    gone: phase === "after" && !standing ? borders.gone : NOTHING,
    arrows: phase === "after" && !standing ? arrows_of(proposed ?? draft.moves, draft, words, brief, look.move) : NOTHING,
    chosen: leaves.filter(({ properties }) => look.chosen.includes(properties.code)),
    cut: phase === "after" && !standing && !proposed ? cut_of(draft) : NOTHING,
    rim: borders.rim, between: borders.between, place: look.place, grave: look.grave,
    theirs: look.theirs === "both" ? differing(theirs, draft.leaves("before")) : NOTHING,
  };
}

/** Footprints of the buildings that new borders cut. */
export function cut_of(draft) {
  return (draft.preview?.checks ?? []).filter(({ kind, where }) => kind === "building_cut" && where).flatMap(({ where }) => where.geometries ?? [where]);
}

/** Leaves of the same areas that others have made of the edition a plan was begun on. */
function differing(theirs, before) {
  const was = new Map(before.map(({ properties, geometry }) => [properties.code, JSON.stringify(geometry.coordinates)])), areas = new Set(before.map(({ properties }) => properties.parent));
  return theirs.filter(({ properties, geometry }) => areas.has(properties.parent) && was.get(properties.code) !== JSON.stringify(geometry.coordinates));
}

/** Leaves in a view, the nearest to its middle first; at most so many. */
export function in_view(leaves, map, most) {
  const seen = map.getBounds(), middle = map.getCenter();
  const placed = leaves.map((one) => ({ one, at: inner(one.geometry) })).filter(({ at }) => at && seen.contains([at[1], at[0]]));
  return placed.sort((a, b) => middle.distanceTo([a.at[1], a.at[0]]) - middle.distanceTo([b.at[1], b.at[0]])).slice(0, most).map(({ one }) => one);
}

/** Where the name of a leaf stands: on ground that was its own `before` and is, clear of what is told of ground that moved. */
function named_at(geometry, before, moved) {
  const own = before && inner(before), place = own && { lng: own[0], lat: own[1] };
  return place && lies_in(place, geometry) && !moved.some((ground) => lies_in(place, ground)) ? own : inner(geometry);
}

/** Names of leaves with what they carry, the touched ones first. */
export function names_of(draft, phase, { words, short }, zoom) {
  if (zoom < 14) return [];
  const side = phase === "before" ? "before" : "after", figures = new Map((draft.preview?.grids ?? []).map((one) => [one.code, one[side]?.households]));
  const stays = side === "after", moved = stays ? draft.moves.map(({ ground }) => ground).filter(Boolean) : NOTHING;
  const leaves = [...draft.leaves(side)].sort((a, b) => figures.has(b.properties.code) - figures.has(a.properties.code));
  return leaves.flatMap(({ properties, geometry }) => {
    const { code, name, kind } = properties, locked = draft.is_locked(properties) ? words.t("plan.locked") : null;
    const at = kind === "fallback" ? null : named_at(geometry, stays && draft.leaf(code, "before")?.geometry, moved), load = figures.get(code);
    const clear = (place) => lies_in(place, geometry) && !moved.some((ground) => lies_in(place, ground));
    const within = at && clear({ lng: at[0], lat: at[1] }) ? clear : (place) => lies_in(place, geometry); // of a new grid all ground moved
    return at ? [{ text: short(code, name), kind: "grid", place: [at[1], at[0]], ...(properties.status === "same" ? {} : { within }), second: [load === null || load === undefined ? null : words.t("plan.households", { n: words.n(load) }), locked].filter(Boolean).join(" · ") || undefined }] : [];
  });
}
