import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePorts } from '../../services/platform/tools/free-port.ts';

/** What a configuration of the collector has that is changed for a run. */
interface Config {
  readonly receivers: {
    readonly otlp: { readonly protocols: { readonly grpc: { endpoint: string }; readonly http: { endpoint: string } } };
  };
  readonly processors: Record<string, Record<string, unknown>>;
  exporters: Record<string, unknown>;
  readonly extensions?: Record<string, { endpoint: string }>;
  readonly service: {
    telemetry: { readonly logs: Record<string, string>; metrics?: Record<string, string> };
    readonly pipelines: Record<string, { processors: string[]; exporters: string[] }>;
  };
}

/** A collector with one of our configurations. */
export interface RunningCollector {
  /** OTLP over HTTP. */
  readonly url: string;
  /** All that it has printed: every span and metric that has come through. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * The configuration without what this collector lacks: `resourcedetection` is in no module that can be had. `$` stays the collector's own.
 */
export function configFor(file: string): Config {
  const config = parse(readFileSync(join(import.meta.dirname, file), 'utf8')) as Config;
  delete config.processors['resourcedetection'];
  for (const pipeline of Object.values(config.service.pipelines)) {
    pipeline.processors = pipeline.processors.filter((name) => name !== 'resourcedetection');
  }
  return config;
}

/** @throws with what the collector says where it does not take the configuration. */
export function validate(executable: string, config: Config, folder: string): void {
  const file = join(folder, 'validated.yaml');
  writeFileSync(file, stringify(config));
  const env = { ...process.env, GOOGLE_CLOUD_PROJECT: 'kumiko-test' };
  try {
    execFileSync(executable, ['validate', `--config=file:${file}`], { env, stdio: 'pipe' });
  } catch (error) {
    throw new Error(error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error), { cause: error });
  }
}

/**
 * Runs the collector on free ports; it prints what it would send to Google Cloud.
 *
 * @param cloudMonitoring host:port of what takes metrics in the place of Cloud Monitoring, by Google's own exporter.
 */
export async function startCollector(
  executable: string,
  config: Config,
  folder: string,
  cloudMonitoring?: string,
): Promise<RunningCollector> {
  const ports = await freePorts(3);
  const { grpc, http } = config.receivers.otlp.protocols;
  grpc.endpoint = `127.0.0.1:${ports[0]}`;
  http.endpoint = `127.0.0.1:${ports[1]}`;
  for (const extension of Object.values(config.extensions ?? {})) extension.endpoint = `127.0.0.1:${ports[2]}`;
  config.exporters = { debug: { verbosity: 'detailed' } };
  for (const pipeline of Object.values(config.service.pipelines)) pipeline.exporters = ['debug'];
  if (cloudMonitoring !== undefined) {
    config.exporters['googlecloud'] = { project: 'kumiko-test', metric: { endpoint: cloudMonitoring, use_insecure: true } };
    config.service.pipelines['metrics']?.exporters.push('googlecloud');
  }
  config.service.telemetry = { logs: { level: 'info', encoding: 'console' }, metrics: { level: 'none' } };
  const file = join(folder, 'run.yaml');
  writeFileSync(file, stringify(config));

  const child = spawn(executable, [`--config=file:${file}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'exit');
  const url = `http://${http.endpoint}`;
  await ready(url, child, () => output);
  return {
    url,
    output: () => output,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const startLimitMs = 30_000;

async function ready(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + startLimitMs;
  for (;;) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the collector does not listen:\n${output()}`);
    // It answers 405.
    if ((await fetch(`${url}/v1/traces`).catch(() => undefined)) !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
