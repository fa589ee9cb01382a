// A canvas above the tiles that is drawn anew when the map has moved; it reaches beyond the screen, so that a drag shows
// something at once.
const MARGIN = 160; // pixels beyond the screen

export const CanvasLayer = L.Layer.extend({
  /** `pane` is the name of the map's pane it lies in; a layer's own `paint(context, size, ratio)` draws it. */
  pane: "overlayPane",

  onAdd(map) {
    this._canvas = L.DomUtil.create("canvas", "labels leaflet-zoom-hide");
    this._canvas.setAttribute("aria-hidden", "true");
    map.getPane(this.pane).append(this._canvas);
    map.on("moveend zoomend resize viewreset", this.redraw, this);
    this.redraw();
  },

  onRemove(map) {
    this._canvas.remove();
    map.off("moveend zoomend resize viewreset", this.redraw, this);
  },

  /** Draw again at the next frame, however often it is asked for before. */
  redraw() {
    this._frame ??= requestAnimationFrame(() => {
      this._frame = null;
      if (this._map) this._draw();
    });
  },

  _draw() {
    const size = this._map.getSize(), ratio = Math.min(2, window.devicePixelRatio || 1);
    const width = size.x + 2 * MARGIN, height = size.y + 2 * MARGIN;
    Object.assign(this._canvas, { width: width * ratio, height: height * ratio });
    Object.assign(this._canvas.style, { width: `${width}px`, height: `${height}px` });
    L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([-MARGIN, -MARGIN]));
    const context = this._canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.translate(MARGIN, MARGIN);
    context.lineJoin = context.lineCap = "round";
    this.paint(context, size, ratio);
  },

  /** Where a place [lat, lng] is, in pixels of the map. */
  point(place) {
    return this._map.latLngToContainerPoint(place);
  },

  /** Whether a point is on the canvas. */
  sees(point, size) {
    return point.x > -MARGIN && point.y > -MARGIN && point.x < size.x + MARGIN && point.y < size.y + MARGIN;
  },
});

/** Draw along a path, dashed where lengths are given. */
export function stroke(context, path, width, colour, dash = []) {
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.setLineDash(dash);
  context.stroke(path);
  context.setLineDash([]);
}
