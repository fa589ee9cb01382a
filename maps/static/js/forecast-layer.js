// Grids that scheduled plans will have changed by the date of the page, outlined over today's ground.
import { answered } from "./answered.js";

const EDGE = { color: "#2f4bb8", weight: 2, dashArray: "6 4", fillColor: "#2f4bb8", fillOpacity: 0.1, interactive: false };
let asked = null;

/** What the server foretells: features of grids to come, and those that will be gone; asked for once. */
export function told(at) {
  asked ??= fetch(`/v1/forecast?at=${encodeURIComponent(at)}`).then(answered);
  return asked;
}

/** Draw them, above the ground and below names. */
export async function foretell(map, boot) {
  map.createPane("forecast").style.zIndex = 430;
  map.getPane("forecast").style.pointerEvents = "none";
  const { features } = await told(boot.at);
  L.geoJSON(features, { style: EDGE, pane: "forecast", interactive: false }).addTo(map);
}
