import { Metadata } from '@grpc/grpc-js';

/** Metadata whose binary values go out without padding, as gRPC's protocol over HTTP/2 has it ("Custom-Metadata"): grpc-js pads them. */
export class Trailers extends Metadata {
  /** grpc-js sends a copy. */
  override clone(): Trailers {
    const copy = new Trailers();
    copy.merge(this);
    return copy;
  }

  override toHttp2Headers(): ReturnType<Metadata['toHttp2Headers']> {
    const headers = super.toHttp2Headers();
    for (const [name, value] of Object.entries(headers)) {
      if (name.endsWith('-bin')) headers[name] = Array.isArray(value) ? value.map(unpadded) : unpadded(String(value));
    }
    return headers;
  }
}

const unpadded = (base64: string) => base64.replace(/=+$/, '');
