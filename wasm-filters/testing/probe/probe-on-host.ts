import { setTimeout as delay } from 'node:timers/promises';
import { FilterHost } from '../host/filter-host.ts';
import type { ScriptedCall } from '../host/scripted-call.ts';
import type { Stream } from '../host/stream.ts';
import { lastWordOfAbandoned, type Probed } from './probed.ts';
import { callServer, configuration, headers, isOfScene, type Outcome, path, payload } from './scenes.ts';

/** The probe in the test host, with everything around it as scenes.ts describes it. */
export async function probeOnHost(code: Uint8Array): Promise<Probed> {
  const host = await FilterHost.start(code, configuration);
  host.refuseCalls = (cluster) => (cluster === 'empty' ? 'no-healthy-host' : cluster === 'nowhere' ? 'unknown-cluster' : undefined);
  let seen = 0;
  const said = (): string[] => {
    const lines = host.lines.slice(seen).filter((line) => line.startsWith('info: '));
    seen = host.lines.length;
    return lines.map((line) => line.slice('info: '.length));
  };
  const send = (scene: string): Stream => {
    const before = host.calls.length;
    const stream = host.request([[':method', 'GET'], [':authority', 'probe'], [':path', path], ['x-scene', scene], ...headers], {
      xds: { cluster_name: 'echo', route_name: 'main' },
      request: { path },
      metadata: { filter_metadata: { 'envoy.filters.http.jwt_authn': { payload } } },
      plugin_name: 'probe',
      plugin_root_id: 'probe',
    });
    host.calls.slice(before).forEach(serve);
    return stream;
  };
  const over = async (scene: string): Promise<Outcome> => {
    const stream = send(scene);
    while (stream.state === 'stopped') await delay(10, undefined, { ref: false });
    stream.end();
    return outcomeOf(stream);
  };
  return {
    started: said(),
    outcome: over,
    run: async (scene) => {
      const outcome = await over(scene);
      return { said: said(), outcome };
    },
    abandon: async (scene) => {
      send(scene).end();
      const lines = said();
      while (lines.at(-1) !== lastWordOfAbandoned) {
        await delay(10);
        lines.push(...said());
      }
      return { said: lines, outcome: 'gone' };
    },
    close: async () => host.close(),
  };
}

function serve(call: ScriptedCall): void {
  const answer = callServer[call.request.headers.get(':path')!];
  if (call.request.cluster === 'closed') call.fail();
  else if (answer === 'reset') call.fail('connection termination');
  else if (answer === 'break off') call.breakOff();
  else if (answer !== undefined) call.answer(String(answer.status), answer.body);
}

function outcomeOf({ reply, headers: sent }: Stream): Outcome {
  if (reply !== undefined) return { status: reply.status, body: reply.body };
  const upstream: Record<string, string> = {};
  for (const [name, value] of sent.entries())
    if (isOfScene(name)) upstream[name] = upstream[name] === undefined ? value : `${upstream[name]}, ${value}`;
  return { upstream };
}
