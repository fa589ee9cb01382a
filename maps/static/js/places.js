// Places on the map, such as mends and findings: the ground of each, and a mark of fixed size until its ground is wider.
// Marks that would lie on one another are one disc with their exact count. It knows nothing of what the places are about:
// a place has key, kind, at [lat, lng], ground (rings, lines or points: whole steps of 1e-8 degrees, each from the one
// before, as maps/mends.py writes them; null draws the mark alone) and width_m; a kind has colour, fill, shape and glyph.
import { brush, shaped, tint } from "./place-brushes.js";
import { METRES_A_PIXEL } from "./values.js";
import { boxed, degrees, walked, world } from "./world.js";

const PIXELS = 256, STEPS = 1e8; // of ground in a degree
const MARGIN = 160; // pixels beyond the screen, so that a drag shows marks at once
const MARK = 9, RIM = 1.6; // radius of a mark, width of its white rim
const SEEN_PX = 2.5; // smaller ground is its mark alone
const CLEAR_PX = 2.6 * MARK; // ground this wide needs no mark
const LEAST_PX = 12; // a place that is gone to is at least this wide
const INK = "#111318", FONT = '"Noto Sans CJK SC","PingFang SC","Microsoft YaHei",sans-serif';
export const LOST = "#e69f00", GOT = "#56b4e9";

export const Places = L.Layer.extend({
  /** options: kinds by name; heard has choose(place or null) and hover(place or null). */
  initialize(options) {
    L.setOptions(this, options);
    this._shown = [];
    this._ready = new Map();
    this._phase = "after";
    this._chosen = this._hovered = null;
    this._parties = { lost: [], got: [] };
  },

  onAdd(map) {
    map.createPane("places").style.zIndex = 460;
    map.getPane("places").style.pointerEvents = "none";
    this._canvas = L.DomUtil.create("canvas", "labels leaflet-zoom-hide", map.getPane("places"));
    this._canvas.setAttribute("aria-hidden", "true");
    map.on("moveend zoomend resize viewreset", this.redraw, this);
    map.on("click", this._click, this);
    map.on("mousemove", this._move, this);
    map.on("mouseout", this._out, this);
    this.redraw();
  },

  onRemove(map) {
    this._canvas.remove();
    map.off("moveend zoomend resize viewreset", this.redraw, this);
    map.off("click", this._click, this).off("mousemove", this._move, this).off("mouseout", this._out, this);
  },

  /** Draw these and no others, the weightiest first. */
  show(places) {
    this._shown = places;
    this._groups = null;
    this.redraw();
  },

  /** Mark one; `parties` holds the rings (world coordinates) of who lost its ground and who got it. */
  choose(place, parties = { lost: [], got: [] }) {
    this._chosen = place;
    this._parties = parties;
    this.redraw();
  },

  hover(place) {
    if (this._hovered === place) return;
    this._hovered = place;
    this.redraw();
  },

  /** `before` or `after`: whose ground a place is drawn as. */
  phase(name) {
    this._phase = name;
    this.redraw();
  },

  /** Bring a place into view: whole, but never thinner than can be seen. `padding` = [right, bottom] that something hides. */
  go(place, padding = [0, 0], animate = true) {
    const { box } = this._of(place), map = this._map, size = map.getSize();
    const room = Math.min(size.x - padding[0] - 96, size.y - padding[1] - 128);
    const whole = Math.log2(Math.max(room, 80) / (PIXELS * Math.max(box[2] - box[0], box[3] - box[1], 1e-12)));
    const seen = place.width_m ? Math.log2((LEAST_PX * metres_a_pixel(place.at[0], 0)) / place.width_m) : 0;
    const zoom = Math.min(map.getMaxZoom(), Math.max(Math.floor(Math.min(whole, 19) * 2) / 2, Math.ceil(Math.min(seen, 22) * 2) / 2));
    const centre = map.project(place.at, zoom).add([padding[0] / 2, padding[1] / 2]);
    map.setView(map.unproject(centre, zoom), zoom, { animate });
  },

  /** West, south, east, north of a place in degrees. */
  bounds(place) {
    return degrees(this._of(place).box);
  },

  /** Rectangles, in pixels of the map, that the marks in view take: no label belongs there. */
  taken() {
    const zoom = this._map.getZoom(), origin = this._map.getPixelBounds().min, size = this._map.getSize();
    const marks = this._marks(zoom).map((mark) => ({ x: mark.x - origin.x, y: mark.y - origin.y, r: radius(mark) + 2 }));
    return marks.filter(({ x, y }) => x > -MARGIN && y > -MARGIN && x < size.x + MARGIN && y < size.y + MARGIN).map(({ x, y, r }) => ({ left: x - r, right: x + r, top: y - r, bottom: y + r }));
  },

  /** Draw again at the next frame, however often it is asked for before. */
  redraw() {
    this._frame ??= requestAnimationFrame(() => {
      this._frame = null;
      if (this._map) this._draw();
    });
  },

  // -- what is where ------------------------------------------------------------------------------------------------
  _of(place) {
    if (!this._ready.has(place)) this._ready.set(place, ready(place));
    return this._ready.get(place);
  },

  /** Whether a place's ground is wide enough to stand for itself. */
  _clear(place, zoom) {
    const { box, kind } = this._of(place);
    if (kind !== "rings") return false;
    const scale = PIXELS * 2 ** zoom;
    const across = place.width_m ? place.width_m / metres_a_pixel(place.at[0], zoom) : Math.min(box[2] - box[0], box[3] - box[1]) * scale * 0.6;
    return across > CLEAR_PX;
  },

  /** Marks of the places shown at a zoom, those too near to one another as one; the same wherever the map is moved. */
  _marks(zoom) {
    if (this._groups?.zoom === zoom) return this._groups.list;
    const scale = PIXELS * 2 ** zoom;
    const small = this._shown.filter((place) => !this._clear(place, zoom)).map((place) => {
      const { x, y } = this._of(place);
      return { x: x * scale, y: y * scale, places: [place] };
    });
    const list = merged(small);
    this._groups = { zoom, list };
    return list;
  },

  /** Places whose mark lies under a point of the map, else the smallest whose ground does; none: []. */
  _at(point) {
    const zoom = this._map.getZoom(), origin = this._map.getPixelBounds().min;
    for (const mark of this._marks(zoom)) {
      if (Math.hypot(mark.x - origin.x - point.x, mark.y - origin.y - point.y) <= radius(mark) + 3) return mark.places;
    }
    const context = this._canvas.getContext("2d");
    for (let k = this._shown.length - 1; k >= 0; k--) {
      const place = this._shown[k], { left, top, width, height } = this._boxed(place, zoom, origin);
      if (point.x < left - 2 || point.y < top - 2 || point.x > left + width + 2 || point.y > top + height + 2) continue;
      context.setTransform(1, 0, 0, 1, 0, 0);
      if (this._of(place).kind === "rings" && context.isPointInPath(this._path(place, zoom), point.x - left, point.y - top, "evenodd")) return [place];
    }
    return [];
  },

  _click({ containerPoint }) {
    const found = this._at(containerPoint);
    if (found.length < 2) { this.options.heard.choose(found[0] ?? null); return; }
    const boxes = found.map((place) => this._of(place));
    const span = Math.max(...["x", "y"].map((axis) => Math.max(...boxes.map((one) => one[axis])) - Math.min(...boxes.map((one) => one[axis]))));
    const zoom = this._map.getZoom(), wanted = span > 0 ? Math.log2(Math.min(this._map.getSize().x, this._map.getSize().y) / 2 / (PIXELS * span)) : 99;
    const most = this._map.getMaxZoom();
    if (zoom >= most || span * PIXELS * 2 ** most < MARK) { this.options.heard.choose(found[0]); return; } // they lie on one another
    const middle = ["x", "y"].map((axis) => (Math.max(...boxes.map((one) => one[axis])) + Math.min(...boxes.map((one) => one[axis]))) / 2);
    const to = Math.min(most, Math.max(zoom + 1, Math.floor(wanted * 2) / 2));
    this._map.setView(this._map.unproject(L.point(middle[0], middle[1]).multiplyBy(PIXELS * 2 ** to), to), to);
  },

  _move({ containerPoint }) {
    if (this._moving) return;
    this._moving = requestAnimationFrame(() => {
      this._moving = null;
      const found = this._at(containerPoint);
      this._map.getContainer().classList.toggle("pointing", found.length > 0);
      this.options.heard.hover(found.length === 1 ? found[0] : null);
    });
  },

  _out() {
    this.options.heard.hover(null);
  },

  // -- drawing ------------------------------------------------------------------------------------------------------
  _boxed(place, zoom, origin) {
    const { box } = this._of(place), scale = PIXELS * 2 ** zoom;
    return { left: box[0] * scale - origin.x, top: box[1] * scale - origin.y, width: (box[2] - box[0]) * scale, height: (box[3] - box[1]) * scale };
  },

  /** Ground as a path from the corner of its own box: far from it a path has too few digits. */
  _path(place, zoom) {
    const one = this._of(place);
    if (one.zoom !== zoom) Object.assign(one, { zoom, path: path_of(one.paths, one.box, zoom, one.kind === "rings") });
    return one.path;
  },

  _draw() {
    const size = this._map.getSize(), ratio = Math.min(2, window.devicePixelRatio || 1), zoom = this._map.getZoom();
    const width = size.x + 2 * MARGIN, height = size.y + 2 * MARGIN;
    Object.assign(this._canvas, { width: width * ratio, height: height * ratio });
    Object.assign(this._canvas.style, { width: `${width}px`, height: `${height}px` });
    L.DomUtil.setPosition(this._canvas, this._map.containerPointToLayerPoint([-MARGIN, -MARGIN]));
    const context = this._canvas.getContext("2d");
    Object.assign(context, { lineJoin: "round", lineCap: "round", textAlign: "center", textBaseline: "middle" });
    const view = { context, ratio, zoom, origin: this._map.getPixelBounds().min, size, shift: () => context.setTransform(ratio, 0, 0, ratio, MARGIN * ratio, MARGIN * ratio) };
    view.shift();
    this._held(view);
    for (const place of this._shown) if (place !== this._chosen) this._ground(view, place);
    if (this._chosen) this._ground(view, this._chosen);
    for (const place of this._shown) if (place !== this._chosen && this._clear(place, zoom)) this._glyph(view, place);
    for (const mark of this._marks(zoom)) this._mark(view, mark);
    for (const place of [this._hovered, this._chosen]) if (place) this._ring(view, place);
  },

  /** The whole ground of who lost and who got the chosen place, each in its colour. */
  _held({ context, zoom, origin, shift }) {
    for (const [rings, colour] of [[this._parties.got, GOT], [this._parties.lost, LOST]]) {
      if (!rings.length) continue;
      const box = boxed(rings), scale = PIXELS * 2 ** zoom;
      context.translate(box[0] * scale - origin.x, box[1] * scale - origin.y);
      const path = path_of(rings, box, zoom, true);
      context.fillStyle = tint(colour, 0.26);
      context.fill(path, "evenodd");
      context.strokeStyle = tint(colour, 0.95);
      context.lineWidth = 1.6;
      context.stroke(path);
      shift();
    }
  },

  _ground({ context, ratio, zoom, origin, size, shift }, place) {
    const { left, top, width, height } = this._boxed(place, zoom, origin);
    if (Math.max(width, height) < SEEN_PX || left + width < -MARGIN || top + height < -MARGIN || left > size.x + MARGIN || top > size.y + MARGIN) return;
    const look = this.options.kinds[place.kind], chosen = place === this._chosen, { kind } = this._of(place);
    if (kind === "points") return;
    const path = this._path(place, zoom);
    context.translate(left, top);
    if (chosen) for (const [line, colour] of [[9, "#ffffff"], [5, INK]]) stroke(context, path, line, colour); // its inner half is filled over
    if (kind === "rings") {
      if (chosen) {
        context.fillStyle = "#ffffff";
        context.fill(path, "evenodd");
      }
      for (const fill of fills(look, place, chosen, this._phase)) {
        context.fillStyle = fill.pattern ? brush(context, fill, ratio) : fill.colour;
        context.fill(path, "evenodd");
      }
    }
    if (this._phase === "before" && !chosen && "from" in place) context.setLineDash([4, 3]);
    if (!chosen || kind === "lines") stroke(context, path, kind === "lines" ? 2 : 1.1, chosen ? INK : look.colour);
    context.setLineDash([]);
    shift();
  },

  /** The letter of a kind on ground that is wide enough to go without a mark. */
  _glyph({ context, origin, zoom, size }, place) {
    const point = this._point(place, zoom, origin);
    if (point.x < -MARGIN || point.y < -MARGIN || point.x > size.x + MARGIN || point.y > size.y + MARGIN) return;
    const { glyph } = this.options.kinds[place.kind];
    context.font = `600 12px ${FONT}`;
    context.strokeStyle = "rgba(255,255,255,.92)";
    context.lineWidth = 3;
    context.strokeText(glyph, point.x, point.y);
    context.fillStyle = INK;
    context.fillText(glyph, point.x, point.y);
  },

  _point(place, zoom, origin) {
    const { x, y } = this._of(place), scale = PIXELS * 2 ** zoom;
    return { x: x * scale - origin.x, y: y * scale - origin.y };
  },

  _mark({ context, origin, size }, mark) {
    const x = mark.x - origin.x, y = mark.y - origin.y;
    if (x < -MARGIN || y < -MARGIN || x > size.x + MARGIN || y > size.y + MARGIN) return;
    if (mark.places.length === 1) { this._single(context, x, y, mark.places[0]); return; }
    disc(context, x, y, radius(mark), "#1b1d21");
    context.font = `600 ${mark.places.length > 999 ? 11 : 12}px ${FONT}`;
    context.fillStyle = "#ffffff";
    context.fillText(String(mark.places.length), x, y + 0.5);
  },

  _single(context, x, y, place) {
    const { colour, shape, glyph, ink } = this.options.kinds[place.kind];
    shaped(context, shape, x, y, MARK, colour, RIM);
    context.font = `600 10px ${FONT}`;
    context.fillStyle = ink ?? INK;
    context.fillText(glyph, x, y + (shape === "triangle" ? 2.5 : 0.5));
  },

  /** Ink on a white halo round the mark of what is chosen or hovered; drawn anew, since it may stand in a cluster. */
  _ring({ context, origin, zoom }, place) {
    if (this._clear(place, zoom) && this._shown.includes(place)) return;
    const { x, y } = this._point(place, zoom, origin);
    disc(context, x, y, MARK + 4.5, "#ffffff");
    this._single(context, x, y, place);
    context.beginPath();
    context.arc(x, y, MARK + 3, 0, 2 * Math.PI);
    context.strokeStyle = INK;
    context.lineWidth = place === this._chosen ? 2.5 : 1.2;
    context.stroke();
  },
});

/** What ground is filled with: before, whose it was; after, stripes of the old on the colour of the new. */
function fills(look, place, chosen, phase) {
  if (!("from" in place)) return [{ pattern: chosen ? "stripes" : look.fill, colour: look.colour }];
  if (!chosen) return phase === "before" ? [] : [{ pattern: look.fill, colour: look.colour }];
  const { from, to } = place;
  const old = from ? LOST : "#8b8f98", now = to ? tint(GOT, 0.75) : "#ffffff";
  if (phase === "after") return [{ colour: now }, { pattern: "lines", colour: old }];
  if (!from) return [{ colour: "#ffffff" }, { pattern: "dots", colour: "#656972" }];
  return look.both ? [{ colour: tint(LOST, 0.6) }, { pattern: "counter", colour: GOT }] : [{ colour: tint(LOST, 0.75) }];
}

// -- marks ----------------------------------------------------------------------------------------------------------
const radius = ({ places }) => (places.length === 1 ? MARK : Math.min(28, 12 + 0.7 * places.length));

/** Marks that do not collide: the first of those that would takes the others in, again until none does. */
export function merged(marks) {
  for (let again = true; again;) {
    again = false;
    const cells = new Map(), kept = [];
    const near = (mark) => {
      const [column, row] = cell(mark), found = [];
      for (let dx = -1; dx <= 1; dx++) for (let dy = -1; dy <= 1; dy++) found.push(...(cells.get(`${column + dx}:${row + dy}`) ?? []));
      return found.find((one) => Math.hypot(one.x - mark.x, one.y - mark.y) < radius(one) + radius(mark) - 2);
    };
    for (const mark of marks.sort((a, b) => b.places.length - a.places.length)) {
      const other = near(mark);
      if (other) { other.places.push(...mark.places); again = true; continue; }
      kept.push(mark);
      const name = cell(mark).join(":");
      cells.set(name, [...(cells.get(name) ?? []), mark]);
    }
    marks = kept;
  }
  return marks;
}

const CELL = 56; // as wide as the largest disc
const cell = ({ x, y }) => [Math.floor(x / CELL), Math.floor(y / CELL)];

function disc(context, x, y, size, colour) {
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = "#ffffff";
  context.lineWidth = RIM;
  context.stroke();
}

// -- ground ---------------------------------------------------------------------------------------------------------
const metres_a_pixel = (latitude, zoom) => (METRES_A_PIXEL * Math.cos((latitude * Math.PI) / 180)) / 2 ** zoom;

function ready({ ground, at }) {
  const [x, y] = world(at[1], at[0]);
  const kind = ["rings", "lines", "points"].find((name) => ground?.[name]) ?? "points";
  const paths = (ground?.[kind] ?? []).map((path) => walked(path, STEPS));
  return { x, y, kind, paths, box: paths.length ? boxed(paths) : [x, y, x, y] };
}

function path_of(paths, box, zoom, closes) {
  const made = new Path2D(), scale = PIXELS * 2 ** zoom;
  for (const path of paths) {
    for (let k = 0; k < path.length; k += 2) made[k ? "lineTo" : "moveTo"]((path[k] - box[0]) * scale, (path[k + 1] - box[1]) * scale);
    if (closes) made.closePath();
  }
  return made;
}

function stroke(context, path, width, colour) {
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke(path);
}
