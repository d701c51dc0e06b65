import { join } from 'node:path';

/**
 * OpenTelemetry's packages as one file, which `npm run build` makes. As they are installed they are hundreds of files, most of them for exporters that no service
 * has, and each service would find, read and keep them all whenever the platform starts with traces. Images have them bundled too.
 */
export const bundleFile = join(import.meta.dirname, 'gen/opentelemetry.cjs');

/** The packages of the chassis that are in the file, with what they alone need. */
export const bundledPackages = [
  '@opentelemetry/exporter-metrics-otlp-proto',
  '@opentelemetry/exporter-trace-otlp-proto',
  '@opentelemetry/sdk-node',
  '@opentelemetry/sdk-trace',
] as const;
