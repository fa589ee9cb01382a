// What a plan does to the ground, on two canvases: colours laid into the map like glass, and lines and arrows above it.
import { CanvasLayer, stroke } from "./canvas-layer.js";
import { OUTSIDE, QUIET, ground, stripes } from "./planner-colours.js";
import { rings } from "./planner-geometry.js";

const INK = "#2b2e35", ACCENT = "#2f4bb8", SELECT = "#111318";
const CUT = "#8a5200"; // as the sign of a warning
const FONT = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';
const LEAST_PX = 104; // an arrow is not shorter
const PILL_PX = 24; // how high its label is
const NARROW_PX = 700; // a map less wide has no room for names on arrows
const pen = document.createElement("canvas").getContext("2d");

/** How wide the label of an arrow is. */
function wide_of(text) {
  pen.font = `600 12px ${FONT}`;
  return pen.measureText(text).width + PILL_PX;
}

/** What both layers look at, and none of it: whoever shows less says only what there is. */
export const NOTHING = { phase: "after", leaves: [], moves: [], gone: [], between: [], rim: [], cut: [], drawn: [], theirs: [], chosen: [], arrows: [], place: null };

const Shapes = CanvasLayer.extend({
  initialize(pane, map, z, blend = "") {
    this.pane = pane;
    map.createPane(pane).style.zIndex = z;
    Object.assign(map.getPane(pane).style, { pointerEvents: "none", mixBlendMode: blend });
    this.shown = null;
  },

  /** See planner.js for what is shown. */
  show(shown) {
    this.shown = shown;
    this.redraw();
  },

  outline(geometry) {
    const path = new Path2D();
    for (const ring of rings(geometry)) {
      ring.forEach(([lng, lat], k) => {
        const { x, y } = this.point([lat, lng]);
        path[k ? "lineTo" : "moveTo"](x, y);
      });
      path.closePath();
    }
    return path;
  },

  lines(pairs) {
    const path = new Path2D();
    for (const line of pairs) line.forEach(([lng, lat], k) => { const { x, y } = this.point([lat, lng]); path[k ? "lineTo" : "moveTo"](x, y); });
    return path;
  },
});

/** Ground: each grid's tint, and the stripes of what moves. */
export const PlanGround = Shapes.extend({
  paint(context, size, ratio) {
    const { shown } = this;
    if (!shown) return;
    const of = (code) => shown.colours.get(code);
    for (const { properties, geometry } of shown.phase === "only" ? [] : shown.leaves) {
      const hue = of(properties.code);
      context.fillStyle = hue ? ground(hue) : QUIET;
      context.fill(this.outline(geometry), "evenodd");
    }
    if (shown.phase === "before") return;
    for (const { was, now, ground: moved } of shown.moves) {
      if (!moved) continue;
      const path = this.outline(moved);
      context.globalCompositeOperation = "destination-out"; // the new grid's own tint does not lie under its stripes
      context.fill(path, "evenodd");
      context.globalCompositeOperation = "source-over";
      context.fillStyle = stripes(context, of(was) ?? OUTSIDE, of(now) ?? OUTSIDE, ratio);
      context.fill(path, "evenodd");
    }
  },
});

/** Borders as they are and were, what is chosen, what a finding means, and the arrows. */
export const PlanLines = Shapes.extend({
  paint(context, size) {
    const { shown } = this;
    if (!shown) return;
    const all = new Path2D();
    for (const { geometry } of shown.leaves) all.addPath(this.outline(geometry));
    stroke(context, all, 3.2, "rgba(255,255,255,.75)");
    stroke(context, all, 1.1, "#5a5d66");
    if (shown.gone.length) {
      stroke(context, this.lines(shown.gone), 3.5, "rgba(255,255,255,.9)");
      stroke(context, this.lines(shown.gone), 1.4, "#6d7078", [4, 4]);
    }
    stroke(context, this.lines(shown.between), 1.9, INK);
    stroke(context, this.lines(shown.rim), 5.5, "rgba(255,255,255,.85)");
    stroke(context, this.lines(shown.rim), 2.4, INK);
    if (shown.cut.length) this.cut(context, shown.cut);
    stroke(context, this.lines(shown.drawn), 5.5, "#ffffff");
    stroke(context, this.lines(shown.drawn), 2.6, ACCENT);
    if (shown.theirs.length) this.overlay(context, shown.theirs);
    for (const { geometry } of shown.chosen) {
      stroke(context, this.outline(geometry), 6.5, "#ffffff");
      stroke(context, this.outline(geometry), 2.6, SELECT);
    }
    if (shown.place) this.place(context, shown.place, shown.grave);
    for (const arrow of shown.arrows) this.arrow(context, arrow);
    this.pills(context, size);
  },

  /** Buildings that a new border cuts, under the border. */
  cut(context, footprints) {
    const all = new Path2D();
    for (const one of footprints) all.addPath(this.outline(one));
    context.fillStyle = "#fdf3e1";
    context.fill(all, "evenodd");
    stroke(context, all, 4.5, "rgba(255,255,255,.9)");
    stroke(context, all, 2, CUT);
  },

  /** The edition in force, over the plan's own drawing: brown dots, so that both can be told apart in grey too. */
  overlay(context, features) {
    for (const { geometry } of features) {
      stroke(context, this.outline(geometry), 4.5, "rgba(255,255,255,.85)");
      stroke(context, this.outline(geometry), 2.2, "#9a5200", [2, 4]);
    }
  },

  /** Where something is wrong: lines and polygons outlined, points ringed. */
  place(context, place, grave) {
    const colour = { error: "#b3241b", warn: "#8a5200" }[grave] ?? ACCENT;
    for (const one of place.geometries ?? [place]) {
      const { type, coordinates } = one;
      if (type.includes("Polygon")) {
        context.fillStyle = `${colour}22`;
        context.fill(this.outline(one), "evenodd");
        stroke(context, this.outline(one), 2.2, colour);
      } else if (type.includes("Line")) {
        const line = this.lines(type === "LineString" ? [coordinates] : coordinates);
        stroke(context, line, 5, "#ffffff");
        stroke(context, line, 2.4, colour);
      } else {
        for (const [lng, lat] of type === "Point" ? [coordinates] : coordinates) {
          const { x, y } = this.point([lat, lng]), ring = new Path2D();
          ring.arc(x, y, 11, 0, 2 * Math.PI);
          stroke(context, ring, 5, "#ffffff");
          stroke(context, ring, 2.4, colour);
        }
      }
    }
  },

  /** From where ground goes to where it comes: a line with a head, not shorter than can be seen. */
  ends({ from, to }) {
    const a = this.point([from[1], from[0]]), b = this.point([to[1], to[0]]);
    const length = Math.hypot(b.x - a.x, b.y - a.y) || 1, way = { x: (b.x - a.x) / length, y: (b.y - a.y) / length };
    const reach = Math.max(length, LEAST_PX), middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    const at = (share) => ({ x: middle.x + way.x * reach * share, y: middle.y + way.y * reach * share });
    return { tail: at(-0.5), tip: at(0.5), way, middle };
  },

  arrow(context, arrow) {
    const { tail, tip, way } = this.ends(arrow);
    const head = new Path2D(), wide = 6, long = 12, neck = { x: tip.x - way.x * long, y: tip.y - way.y * long };
    head.moveTo(tip.x, tip.y);
    head.lineTo(neck.x - way.y * wide, neck.y + way.x * wide);
    head.lineTo(neck.x + way.y * wide, neck.y - way.x * wide);
    head.closePath();
    const shaft = new Path2D();
    shaft.moveTo(tail.x, tail.y);
    shaft.lineTo(neck.x, neck.y);
    stroke(context, shaft, 5, "#ffffff");
    stroke(context, head, 3, "#ffffff");
    stroke(context, shaft, 2, SELECT);
    context.fillStyle = SELECT;
    context.fill(head);
  },

  /** Boxes of the labels of arrows on a map of a size, the chosen first: each at the middle of its arrow, or a little below others; none where all of that is taken. */
  boxes(size) {
    const arrows = [...(this.shown?.arrows ?? [])].sort((a, b) => b.chosen - a.chosen), boxes = new Map();
    for (const arrow of arrows) {
      const { middle } = this.ends(arrow), text = size.x < NARROW_PX ? arrow.brief : arrow.text, wide = wide_of(text);
      if (middle.x < -40 || middle.x > size.x + 40 || middle.y < 0 || middle.y > size.y) continue;
      const x = Math.max(wide / 2 + 4, Math.min(size.x - wide / 2 - 4, middle.x));
      const free = (y) => [...boxes.values()].every((other) => Math.abs(other.x - x) > (other.wide + wide) / 2 || Math.abs(other.y - y) > PILL_PX);
      const y = [0, 1, -1, 2, -2, 3].map((step) => middle.y + step * PILL_PX * 1.1).find(free);
      if (y !== undefined) boxes.set(arrow, { x, y, wide, text });
    }
    return boxes;
  },

  /** The labels of arrows, kept on the map. */
  pills(context, size) {
    context.font = `600 12px ${FONT}`;
    for (const [arrow, { x, y, wide, text }] of this.boxes(size)) {
      context.beginPath();
      context.roundRect(x - wide / 2, y - PILL_PX / 2, wide, PILL_PX, PILL_PX / 2);
      context.strokeStyle = arrow.chosen ? ACCENT : "rgba(255,255,255,.9)";
      context.lineWidth = arrow.chosen ? 5 : 2;
      context.stroke();
      context.fillStyle = SELECT;
      context.fill();
      context.fillStyle = "#ffffff";
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(text, x, y + 0.5);
    }
  },

  /** Rectangles of the labels of arrows, which no name may cover. */
  taken() {
    const boxes = this.boxes(this._map.getSize());
    return [...boxes.values()].map(({ x, y, wide }) => ({ left: x - wide / 2, right: x + wide / 2, top: y - 14, bottom: y + 14 }));
  },
});
