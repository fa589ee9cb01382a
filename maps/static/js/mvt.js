// Reads vector tiles (Mapbox Vector Tile 2.1) into Path2D in CSS pixels of a 256 px tile. No dependency.
const PIXELS = 256;
const text = new TextDecoder();

class Reader {
  constructor(bytes, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }
  varint() {
    let result = 0, scale = 1, byte;
    do {
      byte = this.bytes[this.at++];
      result += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return result;
  }
  block() {
    const length = this.varint();
    const inner = new Reader(this.bytes, this.at, this.at + length);
    this.at += length;
    return inner;
  }
  string() {
    const inner = this.block();
    return text.decode(this.bytes.subarray(inner.at, inner.end));
  }
  skip(kind) {
    if (kind === 0) this.varint();
    else if (kind === 1) this.at += 8;
    else if (kind === 2) this.block();
    else this.at += 4;
  }
  *fields() {
    while (this.at < this.end) {
      const head = this.varint();
      yield [head >> 3, head & 7];
    }
  }
}

function value(reader) {
  let found = null;
  for (const [field, kind] of reader.fields()) {
    if (field === 1) found = reader.string();
    else if (field === 6) { const raw = reader.varint(); found = raw % 2 ? -(raw + 1) / 2 : raw / 2; }
    else if (field === 7) found = reader.varint() === 1;
    else if (kind === 0) found = reader.varint();
    else reader.skip(kind);
  }
  return found;
}

/** Path and box of a geometry; a polygon too small for the raster arrives as a point. */
function geometry(reader, type, scale) {
  const path = new Path2D();
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const points = [];
  let x = 0, y = 0;
  while (reader.at < reader.end) {
    const command = reader.varint();
    if ((command & 7) === 7) { path.closePath(); continue; }
    for (let left = command >> 3; left; left--) {
      const dx = reader.varint(), dy = reader.varint();
      x += (dx >>> 1) ^ -(dx & 1);
      y += (dy >>> 1) ^ -(dy & 1);
      const px = x * scale, py = y * scale;
      if ((command & 7) === 1) path.moveTo(px, py);
      else path.lineTo(px, py);
      if (type !== 3) points.push(px, py);
      box[0] = Math.min(box[0], px); box[1] = Math.min(box[1], py);
      box[2] = Math.max(box[2], px); box[3] = Math.max(box[3], py);
    }
  }
  if (type === 1) path.rect(points[0] - 0.75, points[1] - 0.75, 1.5, 1.5);
  return { path, box, points };
}

function feature(reader, keys, values, scale) {
  const made = { id: 0, type: 0 };
  const tags = [];
  let shape = null;
  for (const [field, kind] of reader.fields()) {
    if (field === 1) made.id = reader.varint();
    else if (field === 2) { const inner = reader.block(); while (inner.at < inner.end) tags.push(inner.varint()); }
    else if (field === 3) made.type = reader.varint();
    else if (field === 4) shape = reader.block();
    else reader.skip(kind);
  }
  for (let k = 0; k < tags.length; k += 2) made[keys[tags[k]]] = values[tags[k + 1]];
  return Object.assign(made, geometry(shape, made.type, scale));
}

/** Features by layer name. */
export function decode(buffer) {
  const layers = {};
  const reader = new Reader(new Uint8Array(buffer));
  for (const [field, kind] of reader.fields()) {
    if (field !== 3) { reader.skip(kind); continue; }
    const inner = reader.block();
    const features = [], keys = [], values = [];
    let name = "", extent = 4096;
    for (const [part, partKind] of inner.fields()) {
      if (part === 1) name = inner.string();
      else if (part === 2) features.push(inner.block());
      else if (part === 3) keys.push(inner.string());
      else if (part === 4) values.push(value(inner.block()));
      else if (part === 5) extent = inner.varint();
      else inner.skip(partKind);
    }
    layers[name] = features.map((one) => feature(one, keys, values, PIXELS / extent));
  }
  return layers;
}
