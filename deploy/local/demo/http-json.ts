/** An answer that the story did not expect. */
class UnexpectedAnswer extends Error {
  override readonly name = 'UnexpectedAnswer';
}

/** One HTTP call with JSON both ways. @throws {UnexpectedAnswer} for anything but 2xx. */
export async function callJson<T>(
  method: string,
  url: string,
  options: { bearer?: string; body?: object; headers?: Record<string, string> } = {},
): Promise<T> {
  const { bearer, body, headers } = options;
  const response = await fetch(url, {
    method,
    headers: {
      ...headers,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new UnexpectedAnswer(`${method} ${url}: HTTP ${response.status} ${text}`);
  return JSON.parse(text === '' ? '{}' : text) as T;
}
