import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';

const refusals = {
  400: { title: 'Bad Request', text: 'Your client has issued a malformed or illegal request.' },
  401: { title: 'Unauthorized', text: 'Your client does not have permission to the requested URL.' },
  403: { title: 'Forbidden', text: 'Your client does not have permission to get the requested URL from this server.' },
  429: { title: 'Too Many Requests', text: 'The request was aborted because there was no available instance.' },
  503: { title: 'Service Unavailable', text: 'The service you requested is not available at this time.' },
  504: { title: 'Gateway Timeout', text: 'The request has taken longer than its service allows.' },
} as const;

/** Answers in the place of the service. The rest of the request is thrown away. */
export function refuse(stream: ServerHttp2Stream, status: keyof typeof refusals): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  const { title, text } = refusals[status];
  const headers: OutgoingHttpHeaders = { ':status': status, 'content-type': 'text/html; charset=UTF-8' };
  if (status === 401) {
    headers['www-authenticate'] = 'Bearer error="invalid_token" error_description="The access token could not be verified"';
  }
  stream.respond(headers);
  stream.end(`<html><head><title>${status} ${title}</title></head><body><h1>Error: ${title}</h1><h2>${text}</h2></body></html>\n`);
  stream.resume();
}
