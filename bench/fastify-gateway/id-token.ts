import { decodeJwt } from 'jose';

const renewalMs = 5 * 60_000;

/** The gateway's own ID token from the metadata server as a header's value, kept until shortly before it expires. */
export function createIdToken(metadataHost: string, audience: string): () => string | Promise<string> {
  const url = `http://${metadataHost}/computeMetadata/v1/instance/service-accounts/default/identity?audience=${encodeURIComponent(audience)}&format=full`;
  let header = '';
  let renewAt = 0;
  let pending: Promise<string> | undefined;

  async function fetchToken(): Promise<string> {
    const response = await fetch(url, { headers: { 'metadata-flavor': 'Google' } });
    if (!response.ok) throw new Error(`the metadata server answers ${response.status}`);
    const token = await response.text();
    header = `Bearer ${token}`;
    renewAt = decodeJwt(token).exp! * 1_000 - renewalMs;
    return header;
  }

  return () => {
    if (Date.now() < renewAt) return header;
    pending ??= fetchToken().finally(() => {
      pending = undefined;
    });
    return pending;
  };
}
