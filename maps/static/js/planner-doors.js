// The doors of /v1/plans as the page uses them. Every refusal comes as an Error with the server's own words and place.

async function asked(method, path, body) {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(`/v1/plans${path}`, { method, ...given });
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return told;
  throw Object.assign(new Error(told.detail ?? `${answer.status}`), { status: answer.status, where: told.where ?? null });
}

export const list = async () => (await asked("GET", "")).plans;
export const begin = (name, scope) => asked("POST", "", scope ? { name, scope } : { name });
export const get = (id) => asked("GET", `/${id}`);
export const change = (id, body) => asked("POST", `/${id}/changes`, body);
export const undo = (id, seq) => asked("DELETE", `/${id}/changes/${seq}`);
export const redo = (id) => asked("POST", `/${id}/redo`);
export const preview = (id) => asked("GET", `/${id}/preview`);
export const drawing = (id, query = {}) => asked("GET", `/${id}/drawing${Object.keys(query).length ? `?${new URLSearchParams(query)}` : ""}`);
/** Where the ground of the grids went that an edition changed, as a preview tells it. */
export async function became(edition) {
  const answer = await fetch(`/v1/crosswalks?from=${edition - 1}&to=${edition}`);
  if (!answer.ok) throw new Error(`${answer.status}`);
  const { crossings } = await answer.json(), old = new Set(crossings.map((one) => one.old)), now = new Set(crossings.map((one) => one.new));
  return { base: edition - 1, is_same: false, crossings, appeared: [...now].filter((code) => !old.has(code)), retired: [...old].filter((code) => !now.has(code)) };
}

export const act = (id, verb, body) => asked("POST", `/${id}/${verb}`, body);
export const link_of = (id) => `/maps/planner?plan=${id}`;
