// Patterns and marks of places: a pattern is told by its angle and weight, a mark by its shape, neither by hue alone.

/** `#rrggbb` with an opacity. */
export function tint(colour, alpha) {
  return `rgba(${[1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)).join(",")},${alpha})`;
}

const SIZE = 8, WIDE = 16; // side of a pattern; that of who held ground that is chosen

/** A fill: `faint` or `wash`, `stripes` or `back` (the other way) on a wash, `lines` or `counter` wide and bare, `cross`, `dots`. */
export function brush(context, { pattern, colour }, ratio) {
  if (pattern === "wash" || pattern === "faint") return tint(colour, pattern === "wash" ? 0.4 : 0.14);
  const size = ["lines", "counter"].includes(pattern) ? WIDE : SIZE;
  const canvas = new OffscreenCanvas(size * ratio, size * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  if (["stripes", "back", "cross"].includes(pattern)) {
    pen.fillStyle = tint(colour, 0.22);
    pen.fillRect(0, 0, size, size);
  }
  pen.strokeStyle = pen.fillStyle = colour;
  if (pattern === "dots") dots(pen);
  else for (const turn of { back: [-1], counter: [-1], cross: [1, -1] }[pattern] ?? [1]) stripes(pen, size, turn, { cross: 1, lines: 4.5, counter: 4.5 }[pattern] ?? 2.2);
  const made = context.createPattern(canvas, "repeat");
  made.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  return made;
}

function stripes(pen, size, turn, width) {
  pen.lineWidth = width;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 4, turn < 0 ? -4 : size + 4);
    pen.lineTo(shift + size + 4, turn < 0 ? size + 4 : -4);
  }
  pen.stroke();
}

function dots(pen) {
  pen.beginPath();
  for (const [x, y] of [[2, 2], [6, 6]]) {
    pen.moveTo(x, y);
    pen.arc(x, y, 1.2, 0, 2 * Math.PI);
  }
  pen.fill();
}

/** The same fill for an element of the page. */
export function swatch({ fill, colour }) {
  const stripes = (angle, width) => `repeating-linear-gradient(${angle}deg,${colour} 0 ${width}px,transparent ${width}px 5.7px)`;
  const wash = tint(colour, 0.22);
  return {
    faint: tint(colour, 0.3), wash: tint(colour, 0.4), stripes: `${stripes(135, 2)} ${wash}`, back: `${stripes(45, 2)} ${wash}`,
    cross: `${stripes(45, 1)},${stripes(135, 1)} ${wash}`, dots: `radial-gradient(circle,${colour} 1.2px,transparent 1.4px) 0 0/5px 5px #ffffff`,
  }[fill];
}

/** A mark: disc, square, diamond or triangle, on a white rim. */
export function shaped(context, shape, x, y, size, colour, rim) {
  context.beginPath();
  if (shape === "diamond") corners(context, [[x, y - size * 1.25], [x + size * 1.25, y], [x, y + size * 1.25], [x - size * 1.25, y]]);
  else if (shape === "triangle") corners(context, [[x, y - size * 1.15], [x + size * 1.2, y + size * 0.95], [x - size * 1.2, y + size * 0.95]]);
  else if (shape === "square") context.roundRect(x - size * 0.9, y - size * 0.9, size * 1.8, size * 1.8, 3);
  else context.arc(x, y, size, 0, 2 * Math.PI);
  context.closePath();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 2 * rim;
  context.stroke();
  context.fillStyle = colour;
  context.fill();
}

function corners(context, points) {
  points.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
}
