// Buildings of a tile: plain ones, those that lie across grids, and those whose units have a state.
import { INK, hatch } from "./brushes.js";

const UNLIT = 0.22; // opacity of states that are filtered out
const BAND = 0.08; // of a building's lesser side: the hatched band along the rim of one in which some units are unknown
const BAND_PX = { from: 20, most: 3.5 }; // narrower buildings have none

export const joined = (features) => {
  const path = new Path2D();
  for (const one of features) path.addPath(one.path);
  return path;
};

/** `style.codes` are colours by state, `hatch` for the unknown; without it every building is plain. */
export function footprints(context, tile, style) {
  if (!tile.buildings.length || (style.coloured && tile.zoom < 15)) return;
  const coded = style.codes ? tile.buildings.filter((one) => one.code) : [];
  plain(context, tile, style, coded.length ? tile.buildings.filter((one) => !one.code) : tile.buildings);
  if (coded.length) states(context, tile, style, coded);
  straddling(context, tile.buildings.filter((one) => one.straddles));
}

function plain(context, tile, style, buildings) {
  const path = joined(buildings);
  context.fillStyle = style.coloured ? INK.buildingOver : INK.building;
  context.fill(path);
  if (tile.zoom < 16) return;
  context.strokeStyle = style.coloured ? INK.buildingRimOver : INK.buildingRim;
  context.lineWidth = tile.zoom >= 18 ? 0.8 : 0.6;
  context.stroke(path);
}

function states(context, tile, style, buildings) {
  const unlit = new Set(style.unlit);
  for (const [code, colour] of Object.entries(style.codes)) {
    const found = buildings.filter((one) => one.code === code);
    if (!found.length) continue;
    const path = joined(found);
    context.globalAlpha = unlit.has(code) ? UNLIT : 1;
    context.fillStyle = colour === "hatch" ? hatch(context, "unknown", tile.ratio) : colour;
    context.fill(path);
    context.strokeStyle = INK.stateRim;
    context.lineWidth = tile.zoom >= 16 ? 0.8 : 0.4;
    context.stroke(path);
    band(context, tile, found.filter((one) => one.has_unknown && code !== "U"));
  }
  context.globalAlpha = 1;
}

function band(context, tile, buildings) {
  for (const { path, box } of buildings) {
    const side = Math.min(box[2] - box[0], box[3] - box[1]);
    if (side < BAND_PX.from) continue;
    context.save();
    context.clip(path);
    context.strokeStyle = hatch(context, "unknown", tile.ratio);
    context.lineWidth = 2 * Math.min(BAND_PX.most, BAND * side); // its outer half is clipped away
    context.stroke(path);
    context.restore();
  }
}

/** One that lies in several grids, none with nine tenths of it, has a broken rim of its own colour. */
function straddling(context, buildings) {
  context.strokeStyle = INK.straddle;
  context.lineWidth = 1.4;
  context.setLineDash([4, 2]);
  context.stroke(joined(buildings));
  context.setLineDash([]);
}

/** Buildings of two tiles of the same place as one list: where a building is in both, the one that has a state. */
export function together(plain, stated) {
  if (!stated.length) return plain;
  const known = new Map(plain.map((one) => [one.id, one]));
  for (const one of stated) known.set(one.id, { ...known.get(one.id), ...one });
  return [...known.values()];
}

/** Middle and width of the buildings whose state may be written in them: those in `scope`, a path, or everywhere without one. */
export function middles(context, tile, scope) {
  const found = tile.buildings.filter((one) => one.code && one.type === 3).map((one) => ({
    id: one.id, name: one.code, kind: "state", room: one.box[2] - one.box[0], x: (one.box[0] + one.box[2]) / 2, y: (one.box[1] + one.box[3]) / 2,
  }));
  return scope ? found.filter((one) => context.isPointInPath(scope, one.x, one.y, "evenodd")) : found;
}
