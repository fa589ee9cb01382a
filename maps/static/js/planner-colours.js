// Colours of the grids that a plan touches: Okabe–Ito, in the order they are told, and the pattern of moved ground.

const HUES = ["#e69f00", "#cc79a7", "#009e73", "#56b4e9", "#d55e00", "#0072b2", "#f0e442"];
export const QUIET = "#f3f2ee";
export const OUTSIDE = "#8b8a85";

/** A colour for each code, in the order they are told. */
export function coloured(codes) {
  return new Map([...new Set(codes)].filter(Boolean).map((code, k) => [code, HUES[k % HUES.length]]));
}

/** A colour with white in it: share 1 is the colour itself. */
export function tint(hue, share) {
  const parts = [1, 3, 5].map((at) => parseInt(hue.slice(at, at + 2), 16));
  return `rgb(${parts.map((one) => Math.round(255 - (255 - one) * share)).join(" ")})`;
}

export const ground = (hue) => tint(hue, 0.22);
export const moved = (hue) => tint(hue, 0.5);

/** Stripes of the old grid on the colour of the new, as a pattern of a canvas. */
export function stripes(context, was, now, ratio) {
  const size = 12, brush = document.createElement("canvas");
  brush.width = brush.height = size * ratio;
  const pen = brush.getContext("2d");
  pen.scale(ratio, ratio);
  pen.fillStyle = moved(now);
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = was;
  pen.lineWidth = 2.6;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift - 2, size + 2);
    pen.lineTo(shift + size + 2, -2);
  }
  pen.stroke();
  const pattern = context.createPattern(brush, "repeat");
  pattern.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
  return pattern;
}

/** The same as a background of an element. */
export const striped = (was, now) => ({ background: `repeating-linear-gradient(135deg, ${was} 0 2.5px, ${moved(now)} 2.5px 8px)` });
