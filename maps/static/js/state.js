// What the page shows, held by the URL: place, zoom, level, indicator, date, selection.

const KEPT = { in: "within", plan: "plan", a: "left", b: "right", tool: "tool", level: "level", by: "by", sel: "chosen", tab: "tab", kinds: "kinds", show: "show", bd: "district", codes: "codes", hide: "hide", layers: "layers", thing: "thing" };

export class State {
  constructor(initial) {
    this.values = { ...initial };
    this.listeners = [];
    const asked = new URLSearchParams(location.search);
    for (const [name, key] of Object.entries(KEPT)) if (asked.get(name)) this.values[key] = asked.get(name);
    const centre = (asked.get("c") ?? "").split(",").map(Number);
    const zoom = Number(asked.get("z"));
    if (centre.length === 2 && centre.every(Number.isFinite) && zoom) Object.assign(this.values, { view: { lat: centre[0], lng: centre[1], zoom }, view_given: true });
  }

  get(key) {
    return this.values[key];
  }

  /** Change some values; listeners hear which ones really changed. */
  set(patch) {
    const changed = new Set(Object.keys(patch).filter((key) => patch[key] !== this.values[key]));
    if (!changed.size) return;
    Object.assign(this.values, patch);
    this.write();
    for (const listener of this.listeners) listener(changed, this.values);
  }

  on(listener) {
    this.listeners.push(listener);
  }

  /** Address of this page as it is now, with some parameters changed or (null) left out. */
  address(changes = {}) {
    const asked = new URLSearchParams(location.search);
    for (const [name, key] of Object.entries(KEPT)) this.values[key] ? asked.set(name, this.values[key]) : asked.delete(name);
    const { view } = this.values;
    if (view) {
      asked.set("c", `${view.lat.toFixed(5)},${view.lng.toFixed(5)}`);
      asked.set("z", view.zoom);
    }
    for (const [name, value] of Object.entries(changes)) value === null ? asked.delete(name) : asked.set(name, value);
    const text = asked.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
    return location.pathname + (text ? `?${text}` : "");
  }

  write() {
    history.replaceState(null, "", this.address(location.protocol === "file:" ? {} : { lang: null })); // a file has no cookie to remember by
  }
}
