// Names and numbers on the map: one canvas above the tiles. A label that collides is dropped, never shrunk.

const FONT = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';
const MARGIN = 160; // pixels beyond the screen, so that a drag shows names at once
const STYLES = {
  district: { font: `600 16px ${FONT}`, spacing: "0.16em", colour: "#2b2e35", halo: 3.5 },
  subdistrict: { font: `600 14px ${FONT}`, spacing: "0.12em", colour: "#2b2e35", halo: 3 },
  community: { font: `500 12px ${FONT}`, spacing: "0px", colour: "#2b2e35", halo: 3 },
  grid: { font: `400 11px ${FONT}`, spacing: "0px", colour: "#2b2e35", halo: 3 },
  water: { font: `400 12px ${FONT}`, spacing: "0.2em", colour: "#3f6576", halo: 2.5 },
  road: { font: `400 11px ${FONT}`, spacing: "0.12em", colour: "#75746f", halo: 2.5 },
  green: { font: `400 11px ${FONT}`, spacing: "0.08em", colour: "#5d6f50", halo: 2.5 },
};

export const Labels = L.Layer.extend({
  /** options: candidates(zoom) → labels by priority, obstacles() → rectangles of what floats above the map. */
  initialize(options) {
    L.setOptions(this, options);
  },

  onAdd(map) {
    this._canvas = L.DomUtil.create("canvas", "labels leaflet-zoom-hide");
    this._canvas.setAttribute("aria-hidden", "true");
    map.getPane("labels").append(this._canvas);
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
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const taken = this.options.obstacles();
    for (const label of this.options.candidates(this._map.getZoom())) {
      const point = this._map.latLngToContainerPoint(label.place);
      if (point.x < -MARGIN || point.y < -MARGIN || point.x > size.x + MARGIN || point.y > size.y + MARGIN) continue;
      if (label.badge) badge(context, taken, point, label.badge);
      else words(context, taken, point, label);
    }
  },
});

function free(taken, box) {
  return taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
}

function badge(context, taken, point, number) {
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

function words(context, taken, point, { text, kind, room, second, angle }) {
  const style = STYLES[kind] ?? STYLES.road;
  context.font = style.font;
  context.letterSpacing = style.spacing;
  const width = context.measureText(text).width;
  if (room !== undefined && room < width) return;
  const turned = angle ?? 0;
  const half = { x: Math.abs(Math.cos(turned)) * width / 2 + Math.abs(Math.sin(turned)) * 8 + 2, y: Math.abs(Math.sin(turned)) * width / 2 + Math.abs(Math.cos(turned)) * 8 };
  const low = second ? 13 : 0;
  const box = { left: point.x - half.x, right: point.x + half.x, top: point.y - half.y, bottom: point.y + half.y + low };
  if (!free(taken, box)) return;
  taken.push(box);
  context.save();
  context.translate(point.x, point.y);
  if (angle) context.rotate(Math.abs(angle) > Math.PI / 2 ? angle + Math.PI : angle);
  write(context, text, 0, style);
  if (second) write(context, second, 14, { ...style, colour: "#4a4e56" });
  context.restore();
}

function write(context, text, y, { colour, halo }) {
  context.strokeStyle = "rgba(255,255,255,.92)";
  context.lineWidth = halo;
  context.strokeText(text, 0, y);
  context.fillStyle = colour;
  context.fillText(text, 0, y);
}
