// The doors of /v1/imports as the page uses them. Every refusal comes as an Error with the server's own words.
import { answered, refusal } from "./answered.js";

async function asked(method, path, body, headers = {}) {
  const given = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  return answered(await fetch(`/v1/imports${path}`, { method, ...given, headers: { ...given.headers, ...headers } }));
}

export const list = async () => (await asked("GET", "")).imports;
export const get = (id) => asked("GET", `/${id}`);
export const declare = (id, fields) => asked("PUT", `/${id}/mapping`, { fields });
export const judge = (id) => asked("POST", `/${id}/judge`);
export const commit = (id, key) => asked("POST", `/${id}/commit`, undefined, { "Idempotency-Key": key });
export const withdraw = (id) => asked("DELETE", `/${id}`);
export const overlay = (id) => asked("GET", `/${id}/overlay.geojson`);
export const findings = (id, query) => asked("GET", `/${id}/findings?${new URLSearchParams(query)}`);

/** Send a file; `progress(bytes, total)` is called on the way. Answers {done, abort}. */
export const hand_in = (file, kind, progress) => send(file, `/v1/imports?${new URLSearchParams({ kind, filename: file.name })}`, progress);

/** Send a file to an address. A refusal comes as an Error with the server's words, its findings and its place. */
export function send(file, address, progress, headers = {}) {
  const request = new XMLHttpRequest(); // fetch does not tell how much of a body has been sent
  const done = new Promise((resolve, reject) => {
    request.open("POST", address);
    for (const [name, value] of Object.entries({ "Content-Type": "application/octet-stream", ...headers })) request.setRequestHeader(name, value);
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(loaded, total));
    request.upload.addEventListener("load", ({ loaded, total }) => progress(loaded, total));
    request.addEventListener("load", () => (request.status >= 200 && request.status < 300 ? resolve(request.response) : reject(Object.assign(refusal(request.response ?? {}, request.status), { findings: request.response?.findings }))));
    request.addEventListener("error", () => reject(new Error("")));
    request.addEventListener("abort", () => reject(Object.assign(new Error(""), { name: "AbortError" })));
    request.send(file);
  });
  return { done, abort: () => request.abort() };
}
