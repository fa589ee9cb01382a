// Far away, where a building is less than a pixel: areas by the score of all blind spots in them, in classes that never move.
/** From the lightest; `lower` is taken in, `upper` left out. Dark is much, as counts have it. */
export const CLASSES = [
  { key: "class.score.none", colour: "#f4f3ef", lower: 0, upper: 0 },
  { key: "class.score.below", colour: "#f1e58a", lower: 0, upper: 100 },
  { key: "class.score.between", colour: "#8fc77c", lower: 100, upper: 500 },
  { key: "class.score.between", colour: "#3f9a8c", lower: 500, upper: 2000 },
  { key: "class.score.between", colour: "#3a6a93", lower: 2000, upper: 5000 },
  { key: "class.score.above", colour: "#453781", lower: 5000, upper: Infinity },
];

/** Number of the class of a score; -1 where the worst that is known of the units of an area is that they are unknown. */
export function class_of(code, score) {
  if (code === "U") return -1;
  return score > 0 ? CLASSES.findIndex((one, k) => k && score >= one.lower && score < one.upper) : 0;
}
