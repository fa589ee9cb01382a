// A Leaflet layer whose tiles are painted elsewhere: on a server's page in workers, so the main thread draws nothing.
import { painters } from "./live.js";

const BLEED = 8 / 256; // of a tile's side: how far it shows what lies beyond it

export const WorkerTiles = L.GridLayer.extend({
  /** options: url (with {layer}), within (west, south, east, north of all ground, or nothing), base (whether there is any), buildings and spots (address of their tiles and first zoom, or nothing), ground (of a page that holds its own), levels, gridsFrom, level() → level wanted now, failed(count). `overlay` adds layers of rows. */
  initialize(options) {
    L.setOptions(this, { keepBuffer: 1, updateWhenZooming: false, updateWhenIdle: false, ...options });
    this._waiting = new Map();
    this._shown = new Map();
    this._asked = new Map();
    this._failed = 0;
    this._number = 0;
    this._layers = [];
    this._lacks = false; // whether some rows did not come
    this._workers = painters(this.options.ground, (message) => this._got(message));
    this.on("tileloadstart", ({ tile, coords }) => lay(tile, this._levels[coords.z].laid));
    this.on("tileunload", ({ coords }) => this._forget(this._tileCoordsToKey(coords)));
    this.on("loading", () => {
      this._failed = 0;
      if (this._lacks) this.overlay(this._layers); // what did not come is asked for again
    });
  },

  /** In place of Leaflet's: at rest the tiles of half a zoom are laid out small, and nothing is scaled; while zooming all of a level is scaled at once. */
  _setZoomTransform(level, center, zoom) {
    const scale = this._map.getZoomScale(zoom, level.zoom);
    const corner = level.origin.multiplyBy(scale).subtract(this._map._getNewPixelOrigin(center, zoom)).round();
    const is_still = !this._map._animatingZoom && this._map._limitZoom(zoom) === zoom;
    if (is_still && level.laid !== scale) {
      level.laid = scale;
      for (const { el, coords } of Object.values(this._tiles)) if (coords.z === level.zoom) lay(el, scale);
    }
    level.laid ??= 1;
    L.DomUtil.setTransform(level.el, corner, scale / level.laid);
  },

  getEvents() {
    return L.GridLayer.prototype.getEvents.call(this);
  },

  onRemove(map) {
    L.GridLayer.prototype.onRemove.call(this, map);
  },

  /** Everything fetched anew. Leaflet's own forgets to round the zoom, and asks for tiles of zoom 11.5. */
  redraw() {
    if (!this._map) return this;
    this._removeAllTiles();
    this._resetView();
    return this;
  },

  /** Another address of the tiles of `layer`, `buildings` or `spots`: everything is fetched anew. */
  change(layer, drawn) {
    this.options[layer] = drawn;
    this.redraw();
  },

  /** Paint with these values: a new indicator, nothing fetched. */
  restyle(style) {
    const told = JSON.stringify(style);
    if (told === this._told) return; // painted so already
    this._told = told;
    this._all({ style });
  },

  mark(marks) {
    this._all({ marks });
  },

  /** Layers of rows that are on: slug, address of their tiles, look. Only what is not here yet is fetched. */
  overlay(layers) {
    this._layers = layers;
    this._lacks = false;
    this._all({ layers });
    for (const { key, coords } of this._shown.values()) this._worker(coords).postMessage({ more: { key, urls: this._of_layers(coords) } });
  },

  _of_layers(coords) {
    return Object.fromEntries(this._layers.map(({ slug, address }) => [slug, new URL(L.Util.template(address, coords), location).href]));
  },

  /** Ring rows that are pointed at and chosen: {slug, id}, or {} for none. */
  ring(over, chosen) {
    this._all({ ringed: { over, chosen } });
  },

  _all(message) {
    for (const worker of this._workers) worker.postMessage(message);
  },

  _worker(coords) {
    return this._workers[Math.abs(coords.x + coords.y) % this._workers.length];
  },

  createTile(coords, done) {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const tile = L.DomUtil.create("div", "painted");
    const base = this._tileCoordsToKey(coords);
    const key = `${base}#${this._number++}`;
    this._waiting.set(key, { tile, done, coords });
    this._shown.set(base, { key, tile, coords, ratio, names: [], taken: [] });
    const withGrids = this.options.needsGrids() && coords.z >= this.options.gridsFrom;
    const address = (layer) => new URL(L.Util.template(this.options.url, { layer, x: coords.x, y: coords.y, z: coords.z }), location).href;
    const urls = this.options.base ? { base: address("base") } : {};
    if (this._has_ground(coords)) Object.assign(urls, { areas: address("areas") }, withGrids ? { grids: address("grids") } : {});
    for (const layer of ["buildings", "spots"]) {
      const drawn = this.options[layer];
      if (drawn && coords.z >= drawn.from) urls[layer] = new URL(L.Util.template(drawn.tiles, coords), location).href;
    }
    const lowest = this.options.levels - (withGrids ? 1 : 2);
    this._worker(coords).postMessage({ tile: { key, urls, of_layers: this._of_layers(coords), ratio, zoom: coords.z, lowest } });
    return tile;
  },

  /** Whether any ground shows in a tile: beside the city there is nothing to be fetched. */
  _has_ground(coords) {
    if (!this.options.within) return true;
    const [west, south, east, north] = this.options.within;
    return this._tileCoordsToBounds(coords).pad(BLEED).intersects([[south, west], [north, east]]);
  },

  _forget(base) {
    const shown = this._shown.get(base);
    if (!shown) return;
    this._shown.delete(base);
    this._waiting.delete(shown.key);
    this._worker(shown.coords).postMessage({ drop: shown.key });
  },

  _got(message) {
    if (message.hit !== undefined) {
      this._asked.get(message.hit)?.(message.id);
      this._asked.delete(message.hit);
      return;
    }
    const shown = this._shown.get(message.key.split("#")[0]);
    if (!shown || shown.key !== message.key) { message.marks?.close(); return; }
    if (message.error) this._failing(message);
    else if (message.picture) this._painted(shown, message);
    else this._marked(shown, message.marks);
  },

  _failing({ key, error, is_part }) {
    this._failed += 1;
    this.options.failed(this._failed);
    if (is_part) { this._lacks = true; return; }
    const waiting = this._waiting.get(key);
    this._waiting.delete(key);
    waiting?.done(new Error(error), waiting.tile);
  },

  async _painted(shown, { key, picture, names, taken }) {
    shown.coming = picture;
    const image = await loaded(picture);
    if (shown.coming !== picture || this._shown.get(key.split("#")[0]) !== shown) return;
    shown.image?.remove();
    shown.tile.prepend(image);
    Object.assign(shown, { image, names, taken });
    const waiting = this._waiting.get(key);
    this._waiting.delete(key);
    waiting?.done(null, waiting.tile);
    if (!waiting) this.fire("repainted");
  },

  _marked({ tile, ratio }, bitmap) {
    let canvas = tile.querySelector("canvas");
    if (!bitmap) { canvas?.remove(); return; }
    if (!canvas) {
      canvas = L.DomUtil.create("canvas", "marks", tile);
      canvas.width = canvas.height = 256 * ratio;
    }
    draw(canvas, bitmap);
  },

  /** Id of the area, or of the building, under a point, asked of the worker that holds its shapes; 0 for none. */
  at(latlng, building = false) {
    return this._ask(latlng, { building }, 0);
  },

  /** Rows of the layers under a point, the uppermost first, each with slug and id; where they are counted together, `count` and `latlng`. */
  async rows_at(latlng) {
    const found = await this._ask(latlng, { rows: true }, []);
    const corner = this._map.project(latlng, this._tileZoom).divideBy(256).floor().multiplyBy(256), zoom = this._tileZoom;
    return found.map((one) => (one.count ? { ...one, latlng: this._map.unproject(corner.add([one.x, one.y]), zoom) } : one));
  },

  _ask(latlng, what, nothing) {
    if (this._tileZoom === undefined) return Promise.resolve(nothing);
    const point = this._map.project(latlng, this._tileZoom);
    const coords = L.point(Math.floor(point.x / 256), Math.floor(point.y / 256));
    coords.z = this._tileZoom;
    const shown = this._shown.get(this._tileCoordsToKey(coords));
    if (!shown) return Promise.resolve(nothing);
    const number = this._number++;
    return new Promise((resolve) => {
      this._asked.set(number, resolve);
      this._worker(coords).postMessage({ hit: { number, key: shown.key, x: point.x - coords.x * 256, y: point.y - coords.y * 256, ...what } });
    });
  },

  /** Names of water and roads, and states of buildings, in view, each once: the one with the most room. */
  names() {
    const best = new Map();
    for (const { coords, names } of this._shown.values()) {
      if (coords.z !== this._tileZoom) continue;
      for (const one of names) {
        const key = one.id ?? `${one.kind} ${one.name}`;
        if (best.has(key) && best.get(key).room >= one.room) continue;
        const place = this._map.unproject(L.point(coords.x * 256 + one.x, coords.y * 256 + one.y), coords.z);
        best.set(key, { ...one, place });
      }
    }
    return [...best.values()];
  },

  /** Rectangles, in pixels of the map, of the marks of layers. */
  taken() {
    const shrunk = this._map.getZoomScale(this._map.getZoom(), this._tileZoom);
    return [...this._shown.values()].filter(({ coords }) => coords.z === this._tileZoom).flatMap(({ coords, taken }) => taken.map(([x, y, wide, high]) => {
      const at = this._map.latLngToContainerPoint(this._map.unproject(L.point(coords.x * 256 + x, coords.y * 256 + y), coords.z));
      return { left: at.x - wide * shrunk, right: at.x + wide * shrunk, top: at.y - high * shrunk, bottom: at.y + high * shrunk };
    }));
  },
});

/** Put a tile on whole pixels, edge to edge with its neighbours: what lies between pixels is mixed anew in every frame of a drag, and shows seams. */
function lay(tile, scale) {
  const { x, y } = L.DomUtil.getPosition(tile), edge = (at) => Math.round(at * scale);
  Object.assign(tile.style, { transform: "", left: `${edge(x)}px`, top: `${edge(y)}px`, width: `${edge(x + 256) - edge(x)}px`, height: `${edge(y + 256) - edge(y)}px` });
}

/** The image of a file, ready to be shown: without `sync` a tile painted anew would be blank for a moment. */
function loaded(picture) {
  return new Promise((resolve) => {
    const image = new Image();
    image.alt = "";
    image.decoding = "sync";
    image.onload = () => { URL.revokeObjectURL(image.src); resolve(image); };
    image.src = URL.createObjectURL(picture);
  });
}

function draw(canvas, bitmap) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
}
