// The answer of a door, or an Error with the server's own words.

/** The JSON of an answer; throws an Error that says what the server said when it refuses. */
export async function answered(answer) {
  if (answer.ok) return answer.status === 204 ? null : answer.json();
  throw refusal(await answer.json().catch(() => ({})), answer.status);
}

/** A problem as an Error: what the server says in English, in Chinese (`zh`) where it does, and the place. */
export function refusal({ detail, message, where = null }, status) {
  return Object.assign(new Error(detail ?? `${status}`), { status, where, zh: message?.["zh-CN"] });
}
