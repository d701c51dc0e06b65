import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { readControlToken } from '../local/platform/control-token.ts';
import { type Endpoints, runningEndpoints } from '../local/platform/endpoints.ts';
import type { PreviewStatus } from '../local/platform/running-previews.ts';
import { PreviewCommandError } from './preview-command-error.ts';

/** The previews of the platform that runs on a state of this machine. */
export class PreviewsHere {
  readonly #endpoints: Endpoints;
  readonly #token: string;

  /** @throws {PreviewCommandError} where no platform runs on it. */
  constructor(stateDir: string) {
    const endpoints = runningEndpoints(stateDir);
    if (endpoints === undefined)
      throw new PreviewCommandError(`no platform runs on ${stateDir}: start it with "npm start", or name another state with --state-dir`);
    this.#endpoints = endpoints;
    this.#token = readControlToken(stateDir);
  }

  async list(): Promise<readonly PreviewStatus[]> {
    return (await this.#ask<{ previews: PreviewStatus[] }>('GET', '/previews')).previews;
  }

  /** Starts the code of this folder, of another one, or of a commit. */
  start(service: string, tag: string, from: string | undefined): Promise<PreviewStatus> {
    return this.#ask('POST', '/previews:start', { service, tag, ...(from !== undefined && { from: codePlace(from) }) });
  }

  async stop(service: string, tag: string): Promise<void> {
    await this.#ask('POST', '/previews:stop', { service, tag });
  }

  async #ask<T>(method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
    const response = await fetch(`${this.#endpoints.control}${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new PreviewCommandError(`the platform does not answer at ${this.#endpoints.control}: ${String(error)}`);
    });
    const answer = (await response.json()) as T & { error?: { message: string } };
    if (!response.ok) throw new PreviewCommandError(answer.error?.message ?? `HTTP ${response.status}`);
    return answer;
  }
}

/** A folder is named from where the command was typed, which npm leaves; anything else is for git. */
function codePlace(from: string): string {
  const folder = resolve(process.env['INIT_CWD'] ?? process.cwd(), from);
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() ? folder : from;
}
