// Two maps of the same ground, of any two editions, plans or days: what differs, where, and a slider through the editions.
import * as doors from "./compare-doors.js";
import { ComparePanel } from "./compare-panel.js";
import { Side, tie } from "./compare-side.js";
import { el, find, say } from "./dom.js";
import { Language } from "./i18n.js";
import { keys } from "./keys.js";
import { bounds_of_grid } from "./live.js";
import { coloured } from "./planner-colours.js";
import { bounds_of } from "./planner-geometry.js";
import { fit, shell } from "./shell.js";
import { State } from "./state.js";

export default async function start(map, boot) {
  const words = new Language(boot), editions = [...boot.editions].sort((a, b) => a.number - b.number);
  const state = new State({ left: null, right: null, chosen: null, view: null });
  document.body.classList.add("is-compare");
  const second = twin(map, words);
  const followed = { get: () => state.get("view") ?? null, set: () => {} };
  const sides = [new Side({ map, boot, words, state, name: "left" }), new Side({ map: second, boot, words, state: followed, name: "right" })];
  tie(map, second);
  point(map, second);
  shell({ map, boot, words, state, go: (place) => fit(map, place.bounds) });
  keys({ words, up: () => state.set({ chosen: null }) });
  const newest = editions.at(-1).number, before = editions.at(-2)?.number ?? newest;
  const beside = () => (doors.side_of(state.get("right"))?.kind === "date" ? boot.current : before);
  const known = (name) => { // an address may name what is not there
    const side = doors.side_of(name);
    return side && (side.kind !== "edition" || editions.some((one) => one.number === side.number)) ? name : null;
  };
  const names = () => [known(state.get("left")) ?? `e${beside()}`, known(state.get("right")) ?? `e${newest}`];
  let plans = [], found = [], told = null, asked = 0, shown = [];

  const panel = new ComparePanel({ words, editions, heard: {
    pick: (k, name) => state.set(k ? { right: name, chosen: null } : { left: name, chosen: null }),
    swap: () => { const [left, right] = names(); state.set({ left: right, right: left, chosen: null }); },
    slide: (place) => state.set({ left: `e${editions[place - 1].number}`, right: `e${editions[place].number}`, chosen: null }),
    choose: (code) => { state.set({ chosen: state.get("chosen") === code ? null : code }); reach(code); },
  } });

  const of_day = (side, drawn) => `${side.at} · ${drawn ? `${words.t("edition", { n: drawn.number })}${drawn.forecast ? ` · ${words.t("forecast")}` : ""}` : "…"}`;
  const title = (side, k) => (side.kind === "date" ? of_day(side, shown[k]) : side.kind === "edition" ? words.t("edition", { n: side.number }) : plans.find((one) => one.id === side.number)?.name ?? words.t("compare.plan", { n: side.number }));
  const draw = () => {
    const chosen = state.get("chosen"), colours = coloured(found.flatMap(({ moves }) => moves.flatMap(({ was, now }) => [was, now])));
    sides.forEach((side, k) => {
      const mine = found.filter((one) => one.sides.includes(k)), moves = mine.flatMap((one) => one.moves);
      const plan = mine.find((one) => one.leaves);
      side.paint({ colours, moves, is_after: plan ? plan.plan_side === k : k === 1, leaves: plan?.plan_side === k ? plan.leaves : [], chosen: moves.filter(({ was, now }) => chosen && (was === chosen || now === chosen)).map(({ ground }) => ground) });
    });
    panel.draw(found, chosen, told, names().map((name, k) => title(doors.side_of(name), k)));
  };

  /** The first time, where something differs; where the address names a place, that one. */
  function look() {
    if (state.get("view_given")) return;
    const box = bounds_of(found.flatMap(({ moves, leaves = [] }) => [...moves.map(({ ground }) => ground), ...leaves.map(({ geometry }) => geometry)]));
    if (box) fit(map, box);
    state.set({ view_given: true });
  }

  /** Show the place of a code: the ground that changed hands, else the grid as it is. */
  async function reach(code) {
    if (!state.get("chosen")) return;
    const moved = found.flatMap(({ moves }) => moves).filter(({ was, now }) => was === code || now === code).map(({ ground }) => ground);
    for (const { leaves = [] } of found) moved.push(...leaves.filter(({ properties }) => properties.code === code).map(({ geometry }) => geometry));
    const box = bounds_of(moved) ?? (await bounds_of_grid(code, shown[1]?.at).catch(() => null)) ?? (await bounds_of_grid(code, shown[0]?.at).catch(() => null));
    if (code !== state.get("chosen")) return; // another one was chosen meanwhile
    if (box) fit(map, box);
    else say(words.t("compare.nowhere"));
  }

  async function compare() {
    const number = ++asked, [left, right] = names().map(doors.side_of);
    panel.pick([left.name, right.name], plans);
    if (left.kind === "plan" || right.kind === "plan") await listed; // for its name
    if (number !== asked) return;
    panel.at(left.kind === "edition" && right.kind === "edition" ? editions.findIndex((one) => one.number === Math.max(left.number, right.number)) : 0);
    const head = () => [left, right].forEach((side, k) => { find(`.map .which-${k}`).textContent = `${"AB"[k]} · ${title(side, k)}`; });
    shown = [];
    head();
    panel.wait();
    try {
      const drawn = await Promise.all([left, right].map((side) => doors.division_of(side, boot)));
      if (number !== asked) return;
      shown = drawn;
      head();
      panel.foretold(shown.map(({ forecast }) => forecast));
      const called = (one) => (one.at ? title({ kind: "date", at: one.at }, shown.indexOf(one)) : words.t("edition", { n: one.number }));
      const with_plan = left.kind === "plan" || right.kind === "plan";
      const of = (side) => (side.kind === "plan" ? side.number : 0);
      const counted = with_plan && left.name !== right.name ? doors.figures(of(left), of(right)) : null;
      counted?.catch(() => null); // what is wrong with a plan is told of it by itself
      const parts = await Promise.all([
        shown[0].name === shown[1].name ? null : doors.between(shown[0].name, shown[1].name).then((one) => ({ ...one, title: `${called(shown[0])} → ${called(shown[1])}`, sides: [0, 1] })),
        ...[left, right].map((side, k) => (side.kind === "plan" ? doors.planned(side.number).then((one) => ({ ...one, title: title(side, k), sides: left.kind === right.kind ? [k] : [0, 1], plan_side: k })) : null)),
        ...sides.map((side, k) => side.show(shown[k]).then(() => null)),
      ]);
      const figures = await counted;
      if (number !== asked) return;
      [found, told] = [parts.filter(Boolean), figures];
      draw();
      look();
      say(words.t("compare.said", { n: found.reduce((sum, one) => sum + one.rows.length, 0) }));
    } catch (error) {
      if (number !== asked) return;
      [found, told] = [[], null];
      panel.foretold([null, null]);
      sides.forEach((side) => side.paint({ colours: new Map(), moves: [], is_after: true }));
      panel.fail(error);
    }
  }

  state.on((changed) => {
    if (changed.has("left") || changed.has("right")) compare();
    else if (changed.has("chosen")) draw();
  });
  const listed = doors.plans().then((told) => { plans = told; panel.pick(names(), plans); }, () => null); // without them editions can still be compared
  await compare();
}

/** The second map, beside the first, with the names of what both show. */
function twin(map, words) {
  const box = el("div", { class: "folium-map second", role: "region", "aria-label": words.t("compare.right") });
  map.getContainer().setAttribute("role", "region");
  map.getContainer().setAttribute("aria-label", words.t("compare.left"));
  map.getContainer().after(box, el("p", { class: "float which which-0" }), el("p", { class: "float which which-1" }), el("i", { class: "seam", "aria-hidden": "true" }));
  map.invalidateSize({ animate: false });
  return L.map(box, { ...map.options, center: map.getCenter(), zoom: map.getZoom(), zoomControl: false, attributionControl: false });
}

/** What the pointer is over on one map is marked on the other. */
function point(...maps) {
  const marks = maps.map((map) => {
    const mark = el("i", { class: "cross", hidden: true, "aria-hidden": "true" });
    map.getContainer().append(mark);
    return mark;
  });
  maps.forEach((map, k) => {
    const mark = marks[1 - k], other = maps[1 - k];
    map.on("mousemove", ({ latlng }) => {
      const { x, y } = other.latLngToContainerPoint(latlng);
      mark.hidden = false;
      Object.assign(mark.style, { left: `${x}px`, top: `${y}px` });
    });
    map.on("mouseout", () => { mark.hidden = true; });
  });
}
