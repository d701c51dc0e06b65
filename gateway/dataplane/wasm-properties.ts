import type { PropertyValue } from '../wasm-host/host.ts';
import type { HttpStream } from './http-stream.ts';
import { pathOf } from './matchers.ts';

/** Envoy's attributes that plugins read; undefined where there is none. */
export function streamProperty(stream: HttpStream, path: readonly string[]): PropertyValue {
  return walk(rootOf(stream, path), path);
}

function rootOf(stream: HttpStream, path: readonly string[]): unknown {
  switch (path[0]) {
    case 'metadata':
      return { metadata: { filter_metadata: stream.metadata } };
    case 'route_name':
      return { route_name: stream.resolvedRoute?.name };
    case 'cluster_name':
      return { cluster_name: clusterName(stream) };
    case 'xds':
      return {
        xds: {
          route_name: stream.resolvedRoute?.name,
          cluster_name: clusterName(stream),
          route_metadata: { filter_metadata: stream.resolvedRoute?.metadata ?? {} },
          virtual_host_name: stream.resolvedRoute?.virtualHost,
        },
      };
    case 'request':
      return { request: requestAttributes(stream) };
    case 'source':
      return {
        source: { address: `${stream.downstream.remoteAddress}:${stream.downstream.remotePort}`, port: stream.downstream.remotePort },
      };
    case 'destination':
      return {
        destination: { address: `${stream.downstream.localAddress}:${stream.downstream.localPort}`, port: stream.downstream.localPort },
      };
    case 'response':
      return { response: { code: Number(stream.response?.get(':status') ?? 0), code_details: stream.details } };
    default:
      return undefined;
  }
}

function clusterName(stream: HttpStream): string | undefined {
  const action = stream.resolvedRoute?.action?.config;
  return action?.cluster ?? (action?.cluster_header === undefined ? undefined : stream.request.get(action.cluster_header));
}

function requestAttributes({ request, startTime, downstream }: HttpStream): Record<string, unknown> {
  const target = request.get(':path') ?? '';
  const path = pathOf(target);
  return {
    path: target,
    url_path: path,
    query: target.slice(path.length + 1),
    host: request.get(':authority'),
    scheme: request.get(':scheme'),
    method: request.get(':method'),
    id: request.get('x-request-id'),
    protocol: downstream.protocol,
    time: startTime,
    referer: request.get('referer'),
    useragent: request.get('user-agent'),
    headers: Object.fromEntries(request.entries()),
  };
}

function walk(root: unknown, path: readonly string[]): PropertyValue {
  let value = root;
  for (const part of path)
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, part) ? (value as Record<string, unknown>)[part] : undefined;
  return value as PropertyValue;
}
