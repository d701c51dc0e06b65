import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Principal, serviceAccountEmail } from '../../../../services/platform/contracts/identities.ts';
import { startLoopbackServer } from '../../shared/http/loopback-server.ts';
import type { Clock, LocalServer, MintIdToken } from '../../shared/local-server.ts';
import {
  directoryAsJson,
  directoryAsText,
  findEntry,
  isDirectory,
  listDirectory,
  type MetadataAnswer,
  type MetadataDirectory,
  valueAsJson,
} from './metadata-tree.ts';

const root = '/computeMetadata/v1';
const region = 'asia-northeast1';
const accessTokenSeconds = 3600;
/** Google's server hands out the same access token until about five minutes before it expires. */
const accessTokenRenewalMs = 5 * 60_000;

/** What a metadata server needs beside its port and account. */
interface MetadataOptions {
  readonly project: string;
  readonly mintIdToken: MintIdToken;
  readonly clock: Clock;
  /** Whether it does not answer at all now, in drills. */
  readonly isDown?: () => boolean;
}

/**
 * Starts the metadata server of one Cloud Run service: what runs there has the service account `email`.
 *
 * @see https://cloud.google.com/run/docs/container-contract#metadata-server
 */
export function startMetadataServer(options: MetadataOptions & { readonly port: number; readonly email: string }): Promise<LocalServer> {
  const tree = metadataTree(options);
  return startLoopbackServer({
    port: options.port,
    alsoKnownAs: ['metadata.google.internal', 'metadata.google.internal.', '169.254.169.254'],
    listener: (request, response) => {
      if (options.isDown?.()) {
        request.socket.destroy();
        return;
      }
      answer(tree, request, response).catch((error: unknown) => {
        console.error(error);
        send(response, text(500, 'internal error\n'));
      });
    },
  });
}

/** Starts a metadata server for each workload at its port. If one cannot start, none is left running. */
export async function startMetadataServers<W extends Principal>(
  options: MetadataOptions & { readonly ports: Readonly<Record<W, number>> },
): Promise<Readonly<Record<W, LocalServer>>> {
  const workloads = Object.keys(options.ports) as W[];
  const started = await Promise.allSettled(
    workloads.map(async (workload) => {
      const place = { port: options.ports[workload], email: serviceAccountEmail(workload, options.project) };
      return [workload, await startMetadataServer({ ...options, ...place })] as const;
    }),
  );
  const failed = started.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await Promise.all(started.map((result) => (result.status === 'fulfilled' ? result.value[1].close() : undefined)));
    throw failed.reason;
  }
  const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return Object.fromEntries(servers) as Record<W, LocalServer>;
}

function metadataTree({ project, email, mintIdToken, clock }: MetadataOptions & { readonly email: string }): MetadataDirectory {
  const projectNumber = numericId(project, 12);
  let accessToken = { value: '', expiresMs: 0 };

  const account: MetadataDirectory = {
    aliases: 'default\n',
    email,
    identity: async (query) => {
      const audience = query.get('audience');
      if (audience === null || audience === '') return text(400, 'non-empty audience parameter required\n');
      return text(200, await mintIdToken(email, audience));
    },
    scopes: 'https://www.googleapis.com/auth/cloud-platform\nhttps://www.googleapis.com/auth/userinfo.email\n',
    token: async () => {
      if (accessToken.expiresMs - clock.now() <= accessTokenRenewalMs) {
        accessToken = { value: `ya29.local.${randomBytes(24).toString('base64url')}`, expiresMs: clock.now() + accessTokenSeconds * 1000 };
      }
      const expiresIn = Math.floor((accessToken.expiresMs - clock.now()) / 1000);
      return json({ access_token: accessToken.value, expires_in: expiresIn, token_type: 'Bearer' });
    },
  };
  return {
    instance: {
      id: createHash('sha256').update(email).digest('hex'),
      region: `projects/${projectNumber}/regions/${region}`,
      'service-accounts': { default: account, [email]: account },
      zone: `projects/${projectNumber}/zones/${region}-1`,
    },
    project: { 'numeric-project-id': projectNumber, 'project-id': project },
    universe: { 'universe-domain': 'googleapis.com' },
  };
}

async function answer(tree: MetadataDirectory, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A request that a proxy passed on may come from outside, and tokens must not leave.
  if (request.headers['x-forwarded-for'] !== undefined) return send(response, text(403, 'X-Forwarded-For is not allowed.\n'));
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, text(405, 'Only GET is possible.\n'));
  const url = new URL(request.url ?? '/', 'http://metadata.google.internal');
  if (url.pathname === '/') return send(response, text(200, 'computeMetadata/\n'));
  if (request.headers['metadata-flavor'] !== 'Google') {
    return send(response, text(403, 'Forbidden: the header "Metadata-Flavor: Google" is missing.\n'));
  }
  const entry = url.pathname.startsWith(root) ? findEntry(tree, url.pathname.slice(root.length)) : undefined;
  if (entry === undefined) return send(response, text(404, `There is no metadata at ${url.pathname}.\n`));
  if (typeof entry === 'function') return send(response, await entry(url.searchParams));
  // https://cloud.google.com/compute/docs/metadata/querying-metadata#query-format
  const format = url.searchParams.get('alt')?.toLowerCase();
  if (!isDirectory(entry)) {
    const name = url.pathname.slice(url.pathname.lastIndexOf('/') + 1);
    return send(response, format === 'json' ? json(valueAsJson(name, entry)) : text(200, entry));
  }
  if (url.searchParams.get('recursive')?.toLowerCase() === 'true') {
    return send(response, format === 'text' ? text(200, directoryAsText(entry)) : json(directoryAsJson(entry)));
  }
  if (!url.pathname.endsWith('/')) {
    response.setHeader('location', `${url.pathname}/${url.search}`);
    return send(response, text(301, ''));
  }
  send(response, text(200, listDirectory(entry)));
}

function send(response: ServerResponse, { status, contentType, body }: MetadataAnswer): void {
  response
    .writeHead(status, { 'metadata-flavor': 'Google', 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
    .end(body);
}

function text(status: number, body: string): MetadataAnswer {
  return { status, contentType: 'application/text', body };
}

function json(body: unknown): MetadataAnswer {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(body) };
}

/** A stable number of `digits` digits. */
function numericId(value: string, digits: number): string {
  const hash = BigInt(`0x${createHash('sha256').update(value).digest('hex')}`);
  const lowest = 10n ** BigInt(digits - 1);
  return (lowest + (hash % (9n * lowest))).toString();
}
