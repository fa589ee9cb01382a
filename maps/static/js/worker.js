// Module worker: fetches and reads tiles, and lets the painter paint them.
import { decode } from "./mvt.js";
import { serve } from "./painter.js";

const KEPT = 400; // read tile documents
const documents = new Map();

const heard = serve({ post: (message, moved) => self.postMessage(message, moved), read, rows: () => import("./rows.js") });
self.onmessage = ({ data }) => heard(data);

async function read(url, signal) {
  if (documents.has(url)) {
    const found = documents.get(url);
    documents.delete(url);
    documents.set(url, found);
    return found;
  }
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw new Error(`${answer.status} ${new URL(url).pathname}`);
  const found = decode(await answer.arrayBuffer());
  documents.set(url, found);
  if (documents.size > KEPT) documents.delete(documents.keys().next().value);
  return found;
}
