// Colours, patterns and line weights of the map: the cartography table of the design system, as numbers.

export const INK = {
  out: "#ebeae6", ground: "#f6f5f1", water: "#d5e3e9", waterLine: "#b9cfd8", green: "#e4ebdc", road: "#ffffff", roadCase: "#e2e0d9", rail: "#c9c6be",
  building: "#e0ddd5", buildingRim: "#c4c0b6", buildingOver: "rgba(17,19,24,.12)", buildingRimOver: "rgba(17,19,24,.34)", straddle: "#a3271d", stateRim: "#4a4a48",
  veil: "rgba(240,239,235,.62)", scope: "#2f4bb8",
  grid: "#8d8f96", community: "#5a5d66", upper: "#2b2e35", select: "#111318", halo: "#ffffff",
  fallback: "#9a5b20", fallbackGround: "#faf1e6", unknown: "#8b8f98", unknownGround: "#efeeea",
};

const DOT = { ground: "#f4f3ef", ink: "#a3a29c" };

/** Fill of `fallback` ground, `lines` of it over a colour, areas whose value is `unknown`, `dots` where data are too few: lines that meet across tiles, since 8 divides 256. */
export function hatch(context, kind, ratio) {
  const size = 8;
  const canvas = new OffscreenCanvas(size * ratio, size * ratio);
  const brush = canvas.getContext("2d");
  brush.scale(ratio, ratio);
  if (kind !== "lines") {
    brush.fillStyle = { fallback: INK.fallbackGround, dots: DOT.ground }[kind] ?? INK.unknownGround;
    brush.fillRect(0, 0, size, size);
  }
  if (kind === "dots") dot(brush);
  else stroke(brush, kind, size);
  const pattern = context.createPattern(canvas, "repeat");
  pattern.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  return pattern;
}

function dot(brush) {
  brush.fillStyle = DOT.ink;
  brush.beginPath();
  for (const [x, y] of [[2, 2], [6, 6]]) {
    brush.moveTo(x, y);
    brush.arc(x, y, 1, 0, 2 * Math.PI);
  }
  brush.fill();
}

function stroke(brush, kind, size) {
  brush.strokeStyle = kind === "unknown" ? INK.unknown : INK.fallback;
  brush.lineWidth = kind === "fallback" ? 1.5 : 1;
  const turn = kind === "unknown" ? -1 : 1;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift - 2, turn > 0 ? -2 : size + 2);
    brush.lineTo(shift + size + 2, turn > 0 ? size + 2 : -2);
  }
  brush.stroke();
}

const INKED_FROM_PX = 24; // narrower areas than this would leave nothing but ink

/** How the border of a level is drawn at a zoom: a list of strokes, lowest first; `breadth` = pixels its usual area is wide at zoom 0. */
export function strokes(level, levels, zoom, coloured, breadth = Infinity) {
  const below = levels - 1 - level; // 0 grid, 1 community, 2 subdistrict, 3 and more: district, city
  if (level > 1 && coloured && breadth * 2 ** zoom < INKED_FROM_PX) return [{ width: below === 2 ? 1.1 : 0.5, colour: "#ffffff" }];
  if (below === 0) return grid(zoom, coloured);
  if (below === 1) return community(zoom, coloured);
  const width = (below === 2 ? (zoom <= 11 ? 1.5 : 2) : 2.5) + (level === 0 ? 0.25 : 0);
  return [{ width: width + 2.5, colour: "rgba(255,255,255,.78)" }, { width, colour: INK.upper }];
}

function grid(zoom, coloured) {
  if (zoom < 12) return [];
  if (coloured) return [{ width: zoom < 14 ? 0.5 : zoom < 15 ? 0.9 : 2, colour: "rgba(255,255,255,.96)" }];
  if (zoom < 14) return [{ width: 0.6, colour: "#c3c4c8" }];
  return zoom < 16 ? [{ width: 1, colour: INK.grid, dash: [4, 3] }] : [{ width: 1.2, colour: INK.grid }];
}

function community(zoom, coloured) {
  if (coloured && zoom >= 15) return [{ width: 4, colour: "rgba(255,255,255,.9)" }, { width: 1.4, colour: INK.community }];
  if (coloured) return [{ width: zoom <= 11 ? 0.9 : zoom < 14 ? 1.1 : 1.8, colour: "#ffffff" }];
  return zoom <= 11 ? [{ width: 0.8, colour: "#a9abb2" }] : [{ width: zoom < 14 ? 1.1 : 1.6, colour: INK.community }];
}

/** Pixels a road is wide at a zoom; the lowest first, as they are drawn. */
export const ROADS = {
  path: (zoom) => Math.min(1.4, 0.9 * 1.3 ** (zoom - 16)),
  service: (zoom) => Math.min(4, 1 * 1.5 ** (zoom - 16)),
  street: (zoom) => Math.min(6, 1 * 1.5 ** (zoom - 15)),
  secondary: (zoom) => Math.min(9, 1.4 * 1.5 ** (zoom - 14)),
  arterial: (zoom) => Math.min(11, 2 * 1.5 ** (zoom - 13)),
};

/** Zoom from which a class of road is on the quiet map; tiles carry none of it before. */
export const SEEN_FROM = { path: 16, service: 16, street: 15, secondary: 13, arterial: 0 };

/** Zoom from which water is named; what is not listed, from the first. */
export const WATER_NAMED_FROM = { river: 11, canal: 14, stream: 15, coast: 99 };
