// Whether what is drawn and dragged snaps to borders: one switch, which the browser remembers and which tells its reach.
import { el, icon, say } from "./dom.js";

export const SNAP_PX = 14; // on the screen, of what is drawn and of vertices that are dragged
const KEPT = "gridatlas.plan.snap";
const MAGNET = "M3.500 2.500v5.500a4.500 4.500 0 0 0 9 0V2.500H9.500V8a1.500 1.500 0 0 1-3 0V2.500zM3.500 5h3M9.500 5h3";
const DRAWN = ["split", "transfer", "move_border", "cut_dedicated"]; // changes that the server pulls to borders

export class Snapping {
  /** `heard(is_on)` hears when it is switched. */
  constructor({ map, words, heard }) {
    Object.assign(this, { map, words, heard, is_on: localStorage.getItem(KEPT) !== "off" });
    this.state = el("small", { class: "num" });
    this.button = el("button", { class: "btn snap", type: "button", title: `${words.t("plan.snap.hint")} N`, onclick: () => this.turn() }, icon(MAGNET), el("span", {}, words.t("plan.snap")), this.state);
    this.tell();
  }

  turn() {
    this.is_on = !this.is_on;
    localStorage.setItem(KEPT, this.is_on ? "on" : "off");
    this.tell();
    say(this.words.t(this.is_on ? "plan.snap.on" : "plan.snap.off", { m: this.reach() }));
    this.heard(this.is_on);
  }

  /** The switch as it stands, with the metres it reaches at this zoom. */
  tell() {
    const { words } = this, state = this.is_on ? words.t("plan.snap.m", { m: this.reach() }) : words.t("plan.snap.none");
    this.button.setAttribute("aria-pressed", String(this.is_on));
    this.button.setAttribute("aria-label", `${words.t("plan.snap")} ${state}`);
    this.state.textContent = state;
  }

  reach() {
    const m = this.metres();
    return this.words.n(m, m < 10 ? 1 : 0);
  }

  /** Metres on the ground of the reach on the screen, at a place or the middle of the map. */
  metres(at = this.map.getCenter()) {
    const point = this.map.latLngToContainerPoint(at);
    return this.map.distance(at, this.map.containerPointToLatLng(point.add([SNAP_PX, 0])));
  }

  /** A change as it is asked for: where nothing snaps, the server pulls nothing either. */
  asked(change) {
    return this.is_on || !DRAWN.includes(change.kind) ? change : { ...change, snap_m: 0 };
  }
}
