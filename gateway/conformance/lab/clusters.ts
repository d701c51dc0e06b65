import type { Surroundings } from '../surroundings.ts';
import { any, type Json, loopback } from './messages.ts';

/** The lab's clusters: the upstream's servers, and ones that are broken on purpose. */
export function labClusters({ upstream: { ports }, authority, files }: Surroundings): Json[] {
  const ca = { trusted_ca: { filename: files.ca } };
  const limits = (fields: Json) => ({ circuit_breakers: { thresholds: [fields] } });
  return [
    http2('main', ports.main),
    http2('other', ports.other),
    cluster('http1', ports.http1),
    // Port 1 refuses connections.
    http2('down', 1),
    http2('no-requests', ports.main, limits({ max_requests: 0 })),
    http2('no-pending', ports.main, limits({ max_pending_requests: 0 })),
    http2('no-retries', ports.main, limits({ max_retries: 0 })),
    http2('tls', ports.tls, tls('keys.example', ca)),
    http2('tls-other-name', ports.tls, tls('another.example', ca)),
    http2('tls-other-ca', ports.tls, tls('keys.example', { trusted_ca: { filename: files.otherCa } })),
    http2('tls-blind', ports.tls, tls('another.example', {})),
    cluster('keys', authority.port),
    cluster('metadata', authority.port),
  ];
}

function cluster(name: string, port: number, more: Json = {}): Json {
  return {
    name,
    type: 'STATIC',
    connect_timeout: '2s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: loopback(port) } }] }] },
    ...more,
  };
}

function http2(name: string, port: number, more: Json = {}): Json {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return cluster(name, port, {
    typed_extension_protocol_options: { [type]: any(type, { explicit_http_config: { http2_protocol_options: {} } }) },
    ...more,
  });
}

function tls(sni: string, validation: Json): Json {
  return {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: any('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
        sni,
        auto_sni_san_validation: validation.trusted_ca !== undefined,
        common_tls_context: { alpn_protocols: ['h2'], validation_context: validation },
      }),
    },
  };
}
