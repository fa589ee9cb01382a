// Names and numbers on the map: one canvas above the tiles. A label that collides is dropped, never shrunk; one that tells where else it may stand
// is moved there first.
import { CanvasLayer } from "./canvas-layer.js";

const FONT = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';
const STYLES = {
  district: { font: `600 16px ${FONT}`, spacing: "0.16em", colour: "#2b2e35", halo: 3.5 },
  subdistrict: { font: `600 14px ${FONT}`, spacing: "0.12em", colour: "#2b2e35", halo: 3 },
  community: { font: `500 12px ${FONT}`, spacing: "0px", colour: "#2b2e35", halo: 3 },
  grid: { font: `400 11px ${FONT}`, spacing: "0px", colour: "#2b2e35", halo: 3 },
  water: { font: `400 12px ${FONT}`, spacing: "0.2em", colour: "#3f6576", halo: 2.5 },
  road: { font: `400 11px ${FONT}`, spacing: "0.12em", colour: "#75746f", halo: 2.5 },
  green: { font: `400 11px ${FONT}`, spacing: "0.08em", colour: "#5d6f50", halo: 2.5 },
  thing: { font: `500 11px ${FONT}`, spacing: "0px", colour: "#1b1d21", halo: 3.5 },
  code: { font: `600 10px ${FONT}`, spacing: "0px", colour: "#111111", halo: 0 },
  metres: { font: `400 11px ${FONT}`, spacing: "0px", colour: "#2b2e35", halo: 3.5 },
  proposal: { font: `500 12px ${FONT}`, spacing: "0px", colour: "#6f4200", halo: 3.5 },
  scope: { font: `600 12px ${FONT}`, spacing: "0px", colour: "#2f4bb8", halo: 3.5 },
};

const CORNERS = [[-18, 0], [18, 0], [0, -9], [0, 9]]; // of a short name, about
const STEPS = [0, -28, 28, -56, 56].flatMap((y) => [0, -44, 44, -80, 80].map((x) => [x, y])).sort((a, b) => Math.hypot(...a) - Math.hypot(...b)); // to another place

export const Labels = CanvasLayer.extend({
  pane: "labels",

  /** options: candidates(zoom) → labels by priority, obstacles() → rectangles of what floats above the map. */
  initialize(options) {
    L.setOptions(this, options);
  },

  paint(context, size) {
    context.textAlign = "center";
    context.textBaseline = "middle";
    const taken = this.options.obstacles();
    for (const label of this.options.candidates(this._map.getZoom())) {
      const point = this.point(label.place);
      if (!this.sees(point, size)) continue;
      if (label.badge) badge(context, taken, point, label);
      else if (label.key) key(context, taken, point, label);
      else (label.within ? STEPS : STEPS.slice(0, 1)).some((step) => this.name(context, taken, point.add(step), label));
    }
  },

  /** Whether a name could be written at a point, where it may stand and nothing else does. */
  name(context, taken, point, label) {
    if (label.within && !CORNERS.every((corner) => label.within(this._map.containerPointToLatLng(point.add(corner))))) return false;
    return words(context, taken, point, label);
  },
});

function free(taken, box) {
  return taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
}

function badge(context, taken, point, { badge: number }) {
  const box = { left: point.x - 12, right: point.x + 12, top: point.y - 12, bottom: point.y + 12 };
  taken.push(box);
  context.beginPath();
  context.arc(point.x, point.y, 10, 0, 2 * Math.PI);
  context.fillStyle = "#1b1d21";
  context.fill();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.6;
  context.stroke();
  context.font = `600 12px ${FONT}`;
  context.letterSpacing = "0px";
  context.fillStyle = "#ffffff";
  context.fillText(String(number), point.x, point.y + 0.5);
}

/** A lettered square with a name above it: what a list beside the map calls by that letter. */
function key(context, taken, { x, y }, { key: letter, colour, text, shift = 0 }) {
  const point = { x: x + shift, y };
  taken.push({ left: point.x - 12, right: point.x + 12, top: point.y - 12, bottom: point.y + 12 });
  context.beginPath();
  context.roundRect(point.x - 10, point.y - 10, 20, 20, 4);
  context.strokeStyle = "#ffffff";
  context.lineWidth = 4;
  context.stroke();
  context.fillStyle = colour;
  context.fill();
  context.font = `600 12px ${FONT}`;
  context.letterSpacing = "0px";
  context.fillStyle = "#ffffff";
  context.fillText(letter, point.x, point.y + 0.5);
  if (text) words(context, taken, { x: point.x, y: point.y - 21 }, { text, kind: "community" });
}

function words(context, taken, point, { text, kind, room, second, angle }) {
  const style = STYLES[kind] ?? STYLES.road;
  context.font = style.font;
  context.letterSpacing = style.spacing;
  const width = context.measureText(text).width;
  if (room !== undefined && room < width) return false;
  const turned = angle ?? 0;
  const half = { x: Math.abs(Math.cos(turned)) * width / 2 + Math.abs(Math.sin(turned)) * 8 + 2, y: Math.abs(Math.sin(turned)) * width / 2 + Math.abs(Math.cos(turned)) * 8 };
  const low = second ? 13 : 0;
  const box = { left: point.x - half.x, right: point.x + half.x, top: point.y - half.y, bottom: point.y + half.y + low };
  if (!free(taken, box)) return false;
  taken.push(box);
  context.save();
  context.translate(point.x, point.y);
  if (angle) context.rotate(Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle);
  write(context, text, 0, style);
  if (second) write(context, second, 14, { ...style, colour: "#4a4e56" });
  context.restore();
  return true;
}

function write(context, text, y, { colour, halo }) {
  context.strokeStyle = "rgba(255,255,255,.92)";
  context.lineWidth = halo;
  if (halo) context.strokeText(text, 0, y);
  context.fillStyle = colour;
  context.fillText(text, 0, y);
}
