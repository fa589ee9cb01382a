// The answer of a door, or an Error with the server's own words.

/** The JSON of an answer; throws an Error that says what the server said when it refuses. */
export async function answered(answer) {
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  const problem = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail ?? `${answer.status}`), { status: answer.status });
}
