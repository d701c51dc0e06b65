import { context } from '@opentelemetry/api';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

/** Loads of OpenTelemetry what is needed, after the port is bound: the SDK is big, and without an endpoint only the context is kept. */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const contextManager = new AsyncLocalStorageContextManager();
  const { endpoint } = options;
  if (endpoint !== undefined) {
    const { startSdk } = await import('./sdk.ts');
    return startSdk({ ...options, endpoint, contextManager });
  }
  context.setGlobalContextManager(contextManager.enable());
  return { dropsWithParent: false, flushWhenDue: () => undefined, shutdown: async () => {} };
}
