import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { wasmFilter } from '../../../gateway/bootstrap/filters/wasm-filter.ts';
import { adminPage } from '../../../gateway/envoy/admin-page.ts';
import { tokenIssuer } from '../jwt-payload.ts';
import { cluster, serve, temporaryFolder } from '../on-envoy.ts';
import { closedPort, httpUpstream } from '../upstream.ts';
import { lastWordOfAbandoned, lastWordOfStart, type Probed } from './probed.ts';
import { callServer, configuration, headers, isOfScene, type Outcome, path, payload } from './scenes.ts';

/** Before what a plugin says, Envoy writes its names: of the plugin, its root and, where it has begun to serve, its VM. */
const logPrefix = /^.* wasm log probe[a-z ]*: /;

/** The probe in an Envoy, with everything around it as scenes.ts describes it. */
export async function probeOnEnvoy(code: Uint8Array): Promise<Probed> {
  const folder = temporaryFolder();
  writeFileSync(join(folder.path, 'probe.wasm'), code);
  const issuer = await tokenIssuer(['payload']);
  const [upstream, calls, nobody] = await Promise.all([httpUpstream(echo), httpUpstream(answerCall), closedPort()]);
  const envoy = await serve({
    filters: [issuer.filter, wasmFilter('probe', JSON.parse(configuration), { wasmDir: folder.path })],
    routes: [{ name: 'main', match: { prefix: '/' }, route: { cluster: 'echo' } }],
    clusters: [cluster('echo', upstream.port), cluster('calls', calls.port), cluster('closed', nobody), cluster('empty')],
  });
  const authorization = await issuer.bearer('payload', payload);
  let seen = 0;
  const said = (): string[] => {
    const lines = envoy
      .log()
      .split('\n')
      .filter((line) => logPrefix.test(line));
    const fresh = lines.slice(seen).map((line) => line.replace(logPrefix, ''));
    seen = lines.length;
    return fresh;
  };
  /** What the probe says up to a line; Envoy writes its log a little late. */
  const saidUntil = async (last: string): Promise<string[]> => {
    const lines = said();
    while (lines.at(-1) !== last) {
      await delay(5);
      lines.push(...said());
    }
    return lines;
  };
  const ask = (scene: string): ClientRequest => {
    const sent = httpRequest({
      port: envoy.ports['main']!,
      path,
      headers: [['host', 'probe'], ['authorization', authorization], ['x-scene', scene], ...headers].flat(),
    });
    sent.end();
    return sent;
  };
  const outcome = async (scene: string): Promise<Outcome> => {
    const [response] = (await once(ask(scene), 'response')) as [IncomingMessage];
    const body = Buffer.concat(await response.toArray()).toString();
    return response.statusCode === 200 ? { upstream: JSON.parse(body) } : { status: response.statusCode!, body };
  };
  const all = await saidUntil(lastWordOfStart);
  return {
    // The main thread and the worker have a VM each, and there is one that is only tried.
    started: all.slice(0, all.indexOf(lastWordOfStart) + 1),
    outcome,
    run: async (scene) => {
      const became = await outcome(scene);
      await outcome('mark');
      return { said: (await saidUntil('mark')).slice(0, -1), outcome: became };
    },
    abandon: async (scene) => {
      const sent = ask(scene).on('error', () => {});
      while (!/: [1-9]/.test(await adminPage(envoy.adminPort, '/stats?filter=^http.main.downstream_rq_active$'))) await delay(5);
      sent.destroy();
      return { said: await saidUntil(lastWordOfAbandoned), outcome: 'gone' };
    },
    close: async () => {
      await envoy.close();
      for (const server of [upstream, calls]) server.close();
      folder.remove();
    },
  };
}

/** Answers with the headers that the scenes are about. */
const echo: RequestListener = (request, response) => {
  response.end(JSON.stringify(Object.fromEntries(Object.entries(request.headers).filter(([name]) => isOfScene(name)))));
};

const answerCall: RequestListener = (request, response) => {
  const answer = callServer[request.url!];
  if (answer === 'reset') request.socket.destroy();
  else if (answer === 'break off') response.writeHead(200, { 'content-length': 100 }).write('half', () => request.socket.destroy());
  else if (answer !== undefined) response.writeHead(answer.status).end(answer.body);
};
