// Who could help a blind spot, as list and map name them.
const LETTERS = { "zh-CN": "甲乙丙丁戊", en: "ABCDE" };

/** The nearest first: the order of their letters. */
export const nearest = (helpers = []) => [...helpers].sort((a, b) => a.distance_m - b.distance_m);

/** Letter of helper number `k`. */
export const letter = (words, k) => LETTERS[words.lang === "en" ? "en" : "zh-CN"][k] ?? String(k + 1);
