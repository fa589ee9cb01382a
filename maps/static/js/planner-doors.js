// The doors of /v1/plans as the page uses them. Every refusal comes as an Error with the server's own words and place.
import { refusal } from "./answered.js";

/** Under what the browser keeps the file that is being judged, for who closes the page meanwhile. */
export const FILING = "gridatlas.plan.filing";

async function asked(method, path, body, name = "") {
  const headers = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...(name ? { "X-GridAtlas-Actor": encodeURIComponent(name) } : {}) };
  const answer = await fetch(`/v1/plans${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }).catch(() => {
    throw refusal({ detail: "the server cannot be reached; what was kept is kept, try again", message: { "zh-CN": "连不上服务器；已存的都在，稍后再试一次" } }, 0);
  });
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw refusal(told, answer.status);
}

export const list = async () => (await asked("GET", "")).plans;
export const begin = (name, scope) => asked("POST", "", scope ? { name, scope } : { name });
export const get = (id) => asked("GET", `/${id}`);
export const change = (id, body) => asked("POST", `/${id}/changes`, body);
export const together = (id, changes) => asked("POST", `/${id}/acts`, { changes });
export const undo = (id, seq) => asked("DELETE", `/${id}/changes/${seq}`);
export const redo = (id) => asked("POST", `/${id}/redo`);
export const preview = (id) => asked("GET", `/${id}/preview`);
export const drawing = (id, query = {}) => asked("GET", `/${id}/drawing${Object.keys(query).length ? `?${new URLSearchParams(query)}` : ""}`);
/** What an edition did that came of a plan, as a preview tells it: codes, where ground went, and that ground. */
export async function became(edition) {
  const answer = await fetch(`/v1/editions/${edition - 1}/diff/${edition}?ground=true`);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const { changed, crossings, ground } = await answer.json(), leaves = changed.filter(({ before, after }) => (before ?? after).kind);
  const moves = ground.features.filter(({ properties }) => properties.old !== properties.new).map(({ properties, geometry }) => ({ was: properties.old, now: properties.new, area_m2: properties.area_m2, ground: geometry }));
  return { base: edition - 1, is_same: false, changed: changed.length, crossings, moves, appeared: leaves.filter((one) => !one.before).map((one) => one.code), retired: leaves.filter((one) => !one.after).map((one) => one.code) };
}

/** Something done with a plan; `name` is who does it, where it is not whoever the page is opened by. */
export const act = (id, verb, body, name) => asked("POST", `/${id}/${verb}`, body, name);
export const fork = (id, name) => asked("POST", `/${id}/fork`, { name });
export const comment = (id, text, place = null) => asked("POST", `/${id}/comments`, place ? { text, place } : { text });
export const settle = (id, comment, settled) => asked("POST", `/${id}/comments/${comment}`, { settled });
export const lock = (id, code) => asked("PUT", `/${id}/locks/${encodeURIComponent(code)}`);
export const unlock = (id, code) => asked("DELETE", `/${id}/locks/${encodeURIComponent(code)}`);
export const share = (id, days) => asked("POST", `/${id}/links`, { days });

/** What is said of a plan and kept out of it: verdicts and how many approvals it takes, comments, locked codes. */
export async function beside(id) {
  const [{ wanted, verdicts }, { comments }, { locks }] = await Promise.all(["verdicts", "comments", "locks"].map((what) => asked("GET", `/${id}/${what}`)));
  return { wanted, verdicts, comments, locks };
}

/** Proposals that bring load into the band; `take` adds the changes of one of them, by the same wishes. */
export const propose = (id, wishes) => asked("POST", `/${id}/proposals`, wishes);
export const take = (id, wishes, number) => asked("POST", `/${id}/proposals/take`, { ...wishes, number });

/** The plan that a link opens for reading. */
export async function opened(token) {
  const answer = await fetch(`/v1/links/${encodeURIComponent(token)}`), told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw refusal(told, answer.status);
  return told;
}
export const link_of = (id) => `/maps/planner?plan=${id}`;
