// What lies over the buildings: outlines of a business district and of a proposed joint branch, and lines to who can help.
import { CanvasLayer, stroke } from "./canvas-layer.js";
import { GROUP, SCOPE } from "./spot-codes.js";

const VEIL = "rgba(235,234,230,.66)";

export const Sketch = CanvasLayer.extend({
  pane: "sketch",

  initialize(map) {
    map.createPane("sketch").style.zIndex = 440;
    map.getPane("sketch").style.pointerEvents = "none";
    this._shown = { scope: null, group: null, lines: [] };
  },

  /** `scope` and `group` are GeoJSON polygons or null; `lines` are pairs of [lat, lng]. */
  show(shown) {
    this._shown = shown;
    this.redraw();
  },

  paint(context, size) {
    const { scope, group, lines } = this._shown;
    if (scope) this._scope(context, size, this._path(scope));
    if (group) this._group(context, this._path(group));
    for (const [from, to] of lines) this._line(context, this.point(from), this.point(to));
  },

  _path({ type, coordinates }) {
    const path = new Path2D();
    const rings = type === "MultiPolygon" ? coordinates.flat() : coordinates;
    for (const ring of rings) {
      ring.forEach(([lng, lat], k) => {
        const { x, y } = this.point([lat, lng]);
        path[k ? "lineTo" : "moveTo"](x, y);
      });
      path.closePath();
    }
    return path;
  },

  _scope(context, size, path) {
    const outside = new Path2D();
    outside.rect(-size.x, -size.y, 3 * size.x, 3 * size.y);
    outside.addPath(path);
    context.fillStyle = VEIL;
    context.fill(outside, "evenodd");
    stroke(context, path, 5, "#ffffff");
    stroke(context, path, 2, SCOPE, [10, 4]);
  },

  _group(context, path) {
    context.fillStyle = "rgba(230,159,0,.10)";
    context.fill(path, "evenodd");
    stroke(context, path, 5, "#ffffff");
    stroke(context, path, 2, GROUP, [2, 4]);
  },

  _line(context, from, to) {
    const path = new Path2D();
    path.moveTo(from.x, from.y);
    path.lineTo(to.x, to.y);
    stroke(context, path, 3.5, "rgba(255,255,255,.8)");
    stroke(context, path, 1.5, "#111318", [1, 5]);
  },
});
