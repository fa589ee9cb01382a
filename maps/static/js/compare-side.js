// One of the two maps: tiles of an edition or a day and names, what a plan draws over them, and the ground that changed hands.
import { Atlas, label } from "./atlas.js";
import { NOTHING, PlanGround, PlanLines } from "./planner-layer.js";
import { load } from "./values.js";

export class Side {
  /** `state` keeps the view, `heard.moved()` is called when the map has moved. */
  constructor({ map, boot, words, state, name }) {
    Object.assign(this, { map, boot, words, name, values: null, shown: `e${boot.edition.number}` });
    const deepest = boot.city.levels.length - 1;
    this.level = Math.max(1, deepest - 1);
    this.atlas = new Atlas({ map, boot, state, words, grids: () => true, heard: {
      hover: () => {}, choose: () => {}, moved: () => {}, zoomed: () => {},
      labels: (zoom) => (this.values ? [...this.values.above.filter((row) => row.level > 0), ...this.values.rows].map((row) => label(row, deepest - row.level, zoom, this.values)).filter(Boolean) : []),
    } });
    this.atlas.paint({ level: this.level, levels: boot.city.levels.length, coloured: false, borders: deepest, colours: [], ids: [], classes: [] }, true);
    this.ground = new PlanGround(`${name}-ground`, map, 300, "multiply").addTo(map);
    this.lines = new PlanLines(`${name}-lines`, map, 420).addTo(map);
  }

  /** The division whose tiles are shown, as compare-doors.js has it. */
  async show({ name, number, tiles, at, forecast }) {
    if (name === this.shown && this.values) return;
    if (name !== this.shown) {
      this.shown = name;
      this.atlas.tiles.options.url = tiles;
      this.atlas.tiles.redraw();
    }
    const values = await load({ boot: { ...this.boot, at, forecast: at ? forecast : null, edition: { number } }, indicator: "grid-coverage", level: this.boot.city.levels[this.level].key, city: this.words.city(this.boot.city) });
    if (name !== this.shown) return; // another one was asked for meanwhile
    this.values = values;
    this.atlas.labels.redraw();
  }

  /** Ground that changed hands, as it was (plain) or as it became (striped); a plan's leaves; what is chosen. */
  paint({ colours, moves, is_after, leaves = [], chosen = [] }) {
    const old = moves.map(({ was, ground }) => ({ properties: { code: was }, geometry: ground }));
    this.ground.show({ ...NOTHING, colours, moves, phase: is_after ? "after" : "before", leaves: is_after ? [] : old });
    this.lines.show({ ...NOTHING, leaves, chosen: chosen.map((geometry) => ({ geometry })) });
  }
}

/** Let two maps show the same place: whichever is moved, the other follows at once. */
export function tie(one, other) {
  let leads = null;
  const follow = (from, to) => from.on("move zoomend", () => {
    if (leads && leads !== from) return;
    leads = from;
    to.setView(from.getCenter(), from.getZoom(), { animate: false });
    leads = null;
  });
  follow(one, other);
  follow(other, one);
}
