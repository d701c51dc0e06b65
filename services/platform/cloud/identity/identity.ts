/** Mints ID tokens of the service account that this process runs as. */
export interface IdTokens {
  /** "Bearer <token>" for a service whose custom audience this is. Kept until it is about to expire. @throws where the metadata server cannot be reached. */
  header(audience: string): Promise<string>;
}

interface IdTokenClient {
  getRequestHeaders(): Promise<Headers>;
}

/**
 * ID tokens from the metadata server: Cloud Run's, or the one that GCE_METADATA_HOST names. Other credentials of the machine, such as a developer's own,
 * are not looked for.
 */
export function createIdTokens(): IdTokens {
  // One client for each audience: a client keeps one token only.
  const clients = new Map<string, Promise<IdTokenClient>>();
  const fetching = new Map<string, Promise<string>>();

  async function fetchHeader(audience: string): Promise<string> {
    let client = clients.get(audience);
    if (client === undefined) {
      client = createClient(audience);
      clients.set(audience, client);
    }
    const header = (await (await client).getRequestHeaders()).get('authorization');
    if (header === null) throw new Error(`the metadata server gave no ID token for ${audience}`);
    return header;
  }

  return {
    header(audience) {
      // Calls at the same time share one request to the metadata server.
      let header = fetching.get(audience);
      if (header === undefined) {
        header = fetchHeader(audience).finally(() => fetching.delete(audience));
        fetching.set(audience, header);
      }
      return header;
    },
  };
}

async function createClient(audience: string): Promise<IdTokenClient> {
  const { Compute, IdTokenClient } = await import('google-auth-library');
  return new IdTokenClient({ targetAudience: audience, idTokenProvider: new Compute() });
}
