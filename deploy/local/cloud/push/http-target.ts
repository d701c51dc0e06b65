import { invalidArgument } from '../google-api/api-error.ts';

/** Characters, counted after encoding. */
const maxUrlLength = 2083;
const maxHeaderBytes = 80 * 1024;

/**
 * Checks where a task or a job goes. The bounds are the same for both:
 * https://cloud.google.com/tasks/docs/reference/rest/v2/HttpRequest, https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs#HttpTarget
 *
 * @throws ApiError INVALID_ARGUMENT
 */
export function checkTargetUrl(field: string, url: string): void {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw invalidArgument(`${field} has to be an http:// or https:// URL, not "${url}"`);
  const length = new URL(url).href.length;
  if (length > maxUrlLength) throw invalidArgument(`${field} has ${length} characters, at most ${maxUrlLength} are allowed`);
}

/**
 * The headers that a task or a job may set, in lower case: what Google writes itself is dropped in silence.
 *
 * @param ownPrefix Begins the names of the headers with which the service tells about itself.
 * @throws ApiError INVALID_ARGUMENT for 80 KB or more.
 */
export function targetHeaders(headers: Readonly<Record<string, string>>, ownPrefix: 'x-cloudtasks-' | 'x-cloudscheduler') {
  const bytes = Object.entries(headers).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (bytes >= maxHeaderBytes) throw invalidArgument(`headers have ${bytes} bytes, less than ${maxHeaderBytes} are allowed`);
  const written = /^(host|content-length|user-agent|x-google-.*|x-appengine-.*)$/;
  return Object.fromEntries(
    Object.entries(headers)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => !written.test(name) && !name.startsWith(ownPrefix)),
  );
}
