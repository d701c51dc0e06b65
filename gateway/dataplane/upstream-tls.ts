import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { UpstreamTlsConfig } from './config/cluster-config.ts';
import { compileStringMatcher } from './matchers.ts';

/**
 * Options of a TLS connection to an upstream. As in Envoy nothing is verified without a trusted CA, and no name without SAN matchers or
 * automatic SAN validation: the bootstrap has to ask for both.
 */
export function tlsOptions(
  config: UpstreamTlsConfig,
  alpn: 'h2' | 'http/1.1',
  hostname: string | undefined,
  ca: Buffer | undefined,
): ConnectionOptions {
  const validation = config.common_tls_context.validation_context;
  const trusted = ca ?? validation?.trusted_ca;
  const sni = config.auto_host_sni ? hostname : config.sni;
  const matchers = (validation?.match_typed_subject_alt_names ?? []).map(({ san_type: type, matcher }) => ({
    type,
    matches: compileStringMatcher(matcher),
  }));
  const params = config.common_tls_context.tls_params;
  return {
    ALPNProtocols: config.common_tls_context.alpn_protocols.length > 0 ? config.common_tls_context.alpn_protocols : [alpn],
    ...(sni !== undefined && isIP(sni) === 0 && { servername: sni }),
    ...(trusted !== undefined && { ca: trusted }),
    rejectUnauthorized: trusted !== undefined,
    minVersion: params?.tls_minimum_protocol_version === 'TLSv1_3' ? 'TLSv1.3' : 'TLSv1.2',
    checkServerIdentity: (_host, certificate) => {
      if (matchers.length > 0) {
        const names = subjectAltNames(certificate);
        const known = matchers.some(({ type, matches }) => names.some((name) => name.type === type && matches(name.value)));
        return known ? undefined : new Error('the certificate has none of the configured subject alternative names');
      }
      return config.auto_sni_san_validation && sni !== undefined ? checkServerIdentity(sni, certificate) : undefined;
    },
  };
}

function subjectAltNames(certificate: PeerCertificate): { type: 'DNS' | 'IP_ADDRESS'; value: string }[] {
  return (certificate.subjectaltname ?? '').split(', ').map((entry) => {
    const separator = entry.indexOf(':');
    return { type: entry.startsWith('DNS') ? 'DNS' : 'IP_ADDRESS', value: entry.slice(separator + 1) };
  });
}
