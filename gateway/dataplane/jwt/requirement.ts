import { ConfigError } from '../config/read-config.ts';
import type { HttpStream } from '../http-stream.ts';
import type { RequirementConfig } from './jwt-config.ts';
import { type JwtStatus, jwtStatus } from './jwt-status.ts';
import type { ProviderVerifier } from './provider-verifier.ts';

/** Whether a stream meets a requirement; a promise only where it has to wait. */
export type Requirement = (stream: HttpStream) => JwtStatus | Promise<JwtStatus>;

type Providers = ReadonlyMap<string, ProviderVerifier>;

/** Compiles a requirement tree. @throws ConfigError for a provider that does not exist. */
export function compileRequirement(config: RequirementConfig, providers: Providers, path: string): Requirement {
  if ('provider_name' in config) return single(providers, config.provider_name, undefined, path);
  if ('provider_and_audiences' in config) {
    const { provider_name: name, audiences } = config.provider_and_audiences;
    return single(providers, name, audiences, path);
  }
  if ('requires_any' in config) return compileAny(config.requires_any.requirements, providers, path);
  if ('requires_all' in config) {
    const all = config.requires_all.requirements.map((one, i) =>
      compileRequirement(one, providers, `${path}.requires_all.requirements[${i}]`),
    );
    return async (stream) => {
      for (const one of all) {
        const status = await one(stream);
        if (status !== undefined) return status;
      }
      return undefined;
    };
  }
  const anyToken = verifyByIssuer([...providers.values()]);
  if ('allow_missing' in config) return (stream) => then(anyToken(stream), missingIsFine);
  return (stream) => then(anyToken(stream), () => undefined);
}

function single(providers: Providers, name: string, audiences: readonly string[] | undefined, path: string): Requirement {
  const provider = providers.get(name);
  if (provider === undefined) throw new ConfigError(`${path}: there is no provider ${name}`);
  return (stream) => provider.verify(stream, audiences);
}

// The first success ends it; otherwise an error about a token that some provider knows says more than a missing one or an unknown issuer.
function compileAny(configs: readonly RequirementConfig[], providers: Providers, path: string): Requirement {
  const bypassAll = configs.some((one) => 'allow_missing_or_failed' in one);
  const bypassMissing = configs.some((one) => 'allow_missing' in one);
  const children = configs
    .filter((one) => !('allow_missing' in one) && !('allow_missing_or_failed' in one))
    .map((one, i) => compileRequirement(one, providers, `${path}.requires_any.requirements[${i}]`));
  const from = (stream: HttpStream, index: number, worst: JwtStatus): JwtStatus | Promise<JwtStatus> => {
    let error = worst;
    for (let i = index; i < children.length; i++) {
      const status = children[i]!(stream);
      if (typeof status === 'object') {
        return status.then((settled) => (settled === undefined ? undefined : from(stream, i + 1, better(error, settled))));
      }
      if (status === undefined) return undefined;
      error = better(error, status);
    }
    if (bypassAll || (bypassMissing && error === jwtStatus.missing)) return undefined;
    return error;
  };
  return (stream) => from(stream, 0, undefined);
}

function better(before: JwtStatus, next: string): string {
  if (before === undefined || before === jwtStatus.missing) return next;
  if (before === jwtStatus.unknownIssuer && next !== jwtStatus.missing) return next;
  return before;
}

/** Tokens from every provider's places, each verified by the provider of its issuer. */
function verifyByIssuer(providers: readonly ProviderVerifier[]): Requirement {
  return async (stream) => {
    const tokens = new Set(providers.flatMap((provider) => provider.extract(stream.request)));
    if (tokens.size === 0) return jwtStatus.missing;
    for (const token of tokens) {
      let best: JwtStatus = jwtStatus.unknownIssuer;
      for (const provider of providers) {
        const status = await provider.verifyToken(stream, token, undefined);
        best = status === undefined ? undefined : better(best, status);
        if (best === undefined) break;
      }
      if (best !== undefined) return best;
    }
    return undefined;
  };
}

function missingIsFine(status: JwtStatus): JwtStatus {
  return status === jwtStatus.missing ? undefined : status;
}

function then(status: JwtStatus | Promise<JwtStatus>, map: (status: JwtStatus) => JwtStatus): JwtStatus | Promise<JwtStatus> {
  return typeof status === 'object' ? status.then(map) : map(status);
}
