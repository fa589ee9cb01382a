// GeoJSON polygons: their box, and what lies in them.

const rings = ({ type, coordinates }) => (type === "MultiPolygon" ? coordinates.flat() : coordinates);

/** West, south, east, north. */
export function bounds_of(shape) {
  const points = rings(shape).flat();
  const [lngs, lats] = [0, 1].map((axis) => points.map((point) => point[axis]));
  return [Math.min(...lngs), Math.min(...lats), Math.max(...lngs), Math.max(...lats)];
}

/** Whether a place { lat, lng } lies in a polygon: a ray to the east crosses its rings an odd number of times. */
export function lies_in({ lat, lng }, shape) {
  let inside = false;
  for (const ring of rings(shape)) {
    for (let k = 0, before = ring.length - 1; k < ring.length; before = k++) {
      const [ax, ay] = ring[k], [bx, by] = ring[before];
      if (ay > lat !== by > lat && lng < ax + ((bx - ax) * (lat - ay)) / (by - ay)) inside = !inside;
    }
  }
  return inside;
}
