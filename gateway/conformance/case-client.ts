import { request as http1Request } from 'node:http';
import { connect, constants } from 'node:http2';

/** A request as it goes out. */
export interface WireRequest {
  readonly protocol: 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
  /** HTTP/2 only. */
  readonly trailers?: Readonly<Record<string, string>>;
}

/** A response as it came. */
export interface WireResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly trailers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** An HTTP/2 stream that ended without an answer. */
export class StreamReset extends Error {
  override readonly name = 'StreamReset';
  /** The name of RFC 9113 7, such as "INTERNAL_ERROR". */
  readonly code: string;
  constructor(code: number) {
    const found = Object.entries(constants).find(([name, value]) => value === code && resetName.test(name));
    const name = resetName.exec(found?.[0] ?? '')?.[1] ?? String(code);
    super(`the stream ended without an answer: ${name}`);
    this.code = name;
  }
}

const resetName = /^NGHTTP2_((?:NO_ERROR|PROTOCOL_ERROR|INTERNAL_ERROR|CANCEL|REFUSED_STREAM|ENHANCE_YOUR_CALM|FLOW_CONTROL_ERROR))$/;

/** Sends one request to a gateway on a connection of its own. */
export function send(port: number, request: WireRequest): Promise<WireResponse> {
  return request.protocol === 'HTTP/2' ? sendHttp2(port, request) : sendHttp1(port, request);
}

function sendHttp1(port: number, { method, path, headers, body }: WireRequest): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const flat = ['host', `127.0.0.1:${port}`, ...(body === undefined ? [] : ['content-length', String(body.length)]), ...headers.flat()];
    const request = http1Request({ host: '127.0.0.1', port, method, path, headers: flat, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: mapOf(response.headers),
          trailers: mapOf(response.trailers),
          body: Buffer.concat(chunks),
        }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

function sendHttp2(port: number, { method, path, headers, body, trailers: sentTrailers }: WireRequest): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    // Cases send what a good client would not.
    const options = { settings: {}, strictSingleValueFields: false };
    const session = connect(`http://127.0.0.1:${port}`, options);
    session.on('error', reject);
    const raw = [':method', method, ':scheme', 'http', ':authority', `127.0.0.1:${port}`, ':path', path, ...headers.flat()];
    const stream = session.request(raw, {
      endStream: body === undefined && sentTrailers === undefined,
      waitForTrailers: sentTrailers !== undefined,
    });
    stream.on('wantTrailers', () => stream.sendTrailers({ ...sentTrailers }));
    const chunks: Buffer[] = [];
    let answered: WireResponse | undefined;
    let trailers = new Map<string, string>();
    stream.on('response', (answer) => {
      answered = { status: Number(answer[':status']), headers: mapOf(answer), trailers, body: Buffer.alloc(0) };
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('trailers', (answer) => {
      trailers = mapOf(answer);
    });
    // Tells by 'close'.
    stream.on('error', () => {});
    stream.on('close', () => {
      session.destroy();
      if (answered === undefined) reject(new StreamReset(stream.rstCode ?? 0));
      else resolve({ ...answered, trailers, body: Buffer.concat(chunks) });
    });
    if (body !== undefined || sentTrailers !== undefined) stream.end(body);
  });
}

function mapOf(headers: object): Map<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]));
}
