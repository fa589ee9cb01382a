// The world as a square of one by one (web Mercator, north is 0): where a place is in it, and boxes in it.

/** x and y, 0 to 1, of a place in degrees. */
export function world(lng, lat) {
  const turned = Math.sin((lat * Math.PI) / 180);
  return [(lng + 180) / 360, 0.5 - Math.log((1 + turned) / (1 - turned)) / (4 * Math.PI)];
}

/** World coordinates of a line whose positions are whole steps, each from the one before; `step` of them are a degree. */
export function walked(steps, step) {
  const points = new Float64Array(steps.length);
  for (let k = 0, lng = 0, lat = 0; k < steps.length; k += 2) {
    lng += steps[k];
    lat += steps[k + 1];
    [points[k], points[k + 1]] = world(lng / step, lat / step);
  }
  return points;
}

/** Left, top, right, bottom of lines; of none, a box that holds nothing. */
export function boxed(lines) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines) {
    for (let k = 0; k < line.length; k += 2) {
      if (line[k] < box[0]) box[0] = line[k];
      if (line[k] > box[2]) box[2] = line[k];
      if (line[k + 1] < box[1]) box[1] = line[k + 1];
      if (line[k + 1] > box[3]) box[3] = line[k + 1];
    }
  }
  return box;
}

/** West, south, east, north in degrees of a box. */
export function degrees([left, top, right, bottom]) {
  return [left * 360 - 180, latitude(bottom), right * 360 - 180, latitude(top)];
}

function latitude(y) {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}
