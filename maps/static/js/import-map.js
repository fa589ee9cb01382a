// What an import draws on the map: the file's borders over those in force, and the places of its findings.
import { fit } from "./shell.js";

const COLOURS = { error: "#b3241b", warning: "#b26a00", info: "#2f4bb8" };
const FILE = "#2f4bb8", INK = "#111318";
const CLOSEST = 18;
const CARD_PX = 150; // what the card hides of a narrow map

export class ImportMap {
  /** `heard.choose(number)` is called with the finding that was clicked; null for bare ground. */
  constructor({ map, heard }) {
    Object.assign(this, { map, heard, places: new Map() });
    map.createPane("file").style.zIndex = 420;
    map.createPane("chosen").style.zIndex = 430;
    map.getPane("chosen").style.pointerEvents = "none";
    this.paper = L.canvas({ pane: "file", tolerance: 6 });
    this.mark_paper = L.canvas({ pane: "chosen" });
    this.layer = this.marks = null;
  }

  clear() {
    this.layer?.remove();
    this.marks?.remove();
    this.layer = this.marks = null;
    this.places.clear();
  }

  /** Draw an overlay; `severity(number)` tells how grave a finding is. Answers whether there was anything to draw. */
  draw(overlay, severity) {
    this.clear();
    const features = [...overlay.features].sort((a, b) => rank(a) - rank(b)); // findings above the borders
    for (const one of features) if (one.properties.finding !== undefined) this.places.set(one.properties.finding, one);
    this.layer = L.geoJSON({ type: "FeatureCollection", features }, {
      renderer: this.paper, pane: "file",
      style: (feature) => style_of(feature, severity),
      pointToLayer: (_, at) => L.circleMarker(at, { renderer: this.paper, pane: "file" }),
      onEachFeature: (feature, layer) => {
        if (feature.properties.finding === undefined) layer.options.interactive = false;
        else layer.on("click", (event) => { L.DomEvent.stop(event); this.heard.choose(feature.properties.finding); });
      },
    }).addTo(this.map);
    return features.length > 0;
  }

  /** Show the whole file. */
  fit(animate = true) {
    const bounds = this.layer?.getBounds();
    if (bounds?.isValid()) fit(this.map, [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()], animate);
  }

  /** Ink round a finding on a white halo, and the view on it unless `stay`; null takes the mark away. */
  choose(finding, { stay = false } = {}) {
    this.marks?.remove();
    this.marks = null;
    const place = finding && (this.places.get(finding.number) ?? point_of(finding));
    if (!place) return null;
    const line = (weight, color) => L.geoJSON(place, {
      renderer: this.mark_paper, pane: "chosen", interactive: false, style: { weight, color, fill: false },
      pointToLayer: (_, at) => L.circleMarker(at, { radius: 9, weight, color, fill: false, renderer: this.mark_paper, pane: "chosen" }),
    });
    this.marks = L.layerGroup([line(7, "#ffffff"), line(2.5, INK)]).addTo(this.map);
    const bounds = L.geoJSON(place).getBounds();
    if (!stay) this.map.fitBounds(bounds.pad(1.2), { maxZoom: CLOSEST, animate: true, paddingBottomRight: matchMedia("(max-width: 700px)").matches ? [0, CARD_PX] : [0, 0] });
    return { lat: bounds.getCenter().lat, lng: bounds.getCenter().lng, bounds: [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()] };
  }
}

const rank = (feature) => (feature.properties.finding === undefined ? -1 : 1e9 - feature.properties.finding);

function style_of(feature, severity) {
  if (feature.properties.finding === undefined) return feature.geometry.type === "Point" ? { color: FILE, weight: 1, fillColor: FILE, fillOpacity: 0.55, radius: 2.5 } : { color: FILE, weight: 1.6, opacity: 0.9, fill: false };
  const grave = severity(feature.properties.finding), color = COLOURS[grave];
  return { color, weight: grave === "info" ? 1 : 2, fillColor: color, fillOpacity: grave === "info" ? 0.08 : 0.28, radius: 6 };
}

function point_of({ lon, lat }) {
  return lon === null || lon === undefined ? null : { type: "Feature", properties: {}, geometry: { type: "Point", coordinates: [lon, lat] } };
}
