import { useEffect, useRef, useState } from 'preact/hooks';
import type { WayRate } from '../../../cloud/inspect/picture-part.ts';
import type { EnvoyState, MethodRow, Picture, SettingRow } from '../../api.ts';
import { Trouble } from '../parts/parts.tsx';
import { bytes, duration } from '../parts/text.ts';
import { address, setQuery } from '../router.ts';
import { listen, platform, useServer } from '../server.ts';

type Part = Picture['parts'][number];

/** What is on its way moves so far in each step, until it looks the same again. */
const stepMs = 200;
const stepLength = 2.5;
const dashLength = 10;

/** Who talks with whom, and what goes along each way just now. */
export function Overview() {
  const { value, error, reload } = useServer<Picture>('/api/picture', 15_000);
  const [rates, setRates] = useState<ReadonlyMap<string, WayRate>>(new Map());
  useEffect(
    () =>
      listen('rates', {}, (source, data) => source === 'rates' && setRates(new Map((data as WayRate[]).map((rate) => [rate.way, rate])))),
    [],
  );
  const ways = new Set(value?.ways.map(({ id }) => id));
  const hasNew = value !== undefined && [...rates.keys()].some((way) => !ways.has(way));
  useEffect(() => {
    if (hasNew) void reload();
  }, [hasNew]);
  const chosen = value?.parts.find(({ id }) => id === address.value.searchParams.get('part'));
  return (
    <>
      <Trouble text={error} />
      {value === undefined ? <p class="empty">…</p> : <Drawing picture={value} rates={rates} chosen={chosen} />}
      {chosen !== undefined && value !== undefined && <PartDetail part={chosen} picture={value} rates={rates} />}
    </>
  );
}

function Drawing(props: { readonly picture: Picture; readonly rates: ReadonlyMap<string, WayRate>; readonly chosen: Part | undefined }) {
  const { picture, rates, chosen } = props;
  const states = new Map(platform.value?.processes.map(({ name, state }) => [name, state]));
  const drawing = useRef<SVGSVGElement>(null);
  // In steps: an animation of the browser's own would paint the drawing anew sixty times a second.
  useEffect(() => {
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const timer = setInterval(() => {
      drawing.current?.style.setProperty('--run', String(-((performance.now() / stepMs) * stepLength) % dashLength));
    }, stepMs);
    return () => clearInterval(timer);
  }, []);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing holds no fieldset
    <svg
      ref={drawing}
      class="picture"
      viewBox={`0 0 ${picture.width} ${picture.height}`}
      role="group"
      aria-label="The parts of the platform"
    >
      {picture.ways.map(({ id, from, to, points }) => {
        const rate = rates.get(id);
        const near = chosen !== undefined && (from === chosen.id || to === chosen.id);
        return (
          <g key={id}>
            <path
              d={curve(points)}
              class={`edge${rate === undefined ? '' : ' busy'}${rate !== undefined && rate.failed > 0 ? ' failing' : ''}${near ? ' near' : ''}`}
            />
          </g>
        );
      })}
      {picture.parts.map((part) => {
        const state = states.get(part.id);
        const isDown = state !== undefined && state !== 'running';
        return (
          // biome-ignore lint/a11y/useSemanticElements: an element of a drawing cannot be a button
          <g
            key={part.id}
            role="button"
            tabIndex={0}
            aria-label={`${part.kind} ${part.label}${isDown ? `, ${state}` : ''}`}
            aria-pressed={part === chosen}
            class={`part ${part.kind}${part === chosen ? ' chosen' : ''}${isDown ? ' down' : ''}`}
            transform={`translate(${part.x} ${part.y})`}
            onClick={() => setQuery({ part: part === chosen ? '' : part.id })}
            onKeyDown={({ key }) => key === 'Enter' && setQuery({ part: part.id })}
          >
            <rect class="box" width={part.width} height={part.height} rx={part.kind === 'topic' || part.kind === 'queue' ? 16 : 5} />
            <text x={part.width / 2} y={17} text-anchor="middle">
              {part.label}
            </text>
            <text class="kind" x={part.width / 2} y={31} text-anchor="middle">
              {isDown ? state : part.kind}
            </text>
          </g>
        );
      })}
      {picture.ways.map(({ id, points }) => {
        const rate = rates.get(id);
        const [x, y] = points[Math.floor(points.length / 2)] ?? [0, 0];
        return (
          rate !== undefined && (
            <text key={id} class="rate" x={x} y={y - 4} text-anchor="middle">
              {`${rate.perSecond < 10 ? rate.perSecond.toFixed(1) : Math.round(rate.perSecond)}/s ${duration(rate.p95Ms)}${rate.failed > 0 ? ` ${rate.failed}✕` : ''}`}
            </text>
          )
        );
      })}
    </svg>
  );
}

function curve(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  const steps = rest.map(([x, y], index) => {
    const [px, py] = points[index]!;
    const middle = (px + x) / 2;
    return `C${middle} ${py} ${middle} ${y} ${x} ${y}`;
  });
  return `M${first[0]} ${first[1]}${steps.join('')}`;
}

function PartDetail({
  part,
  picture,
  rates,
}: {
  readonly part: Part;
  readonly picture: Picture;
  readonly rates: ReadonlyMap<string, WayRate>;
}) {
  const process = platform.value?.processes.find(({ name }) => name === part.id);
  const methods = useServer<{ methods: MethodRow[] }>(part.kind === 'service' ? '/api/methods' : undefined);
  const own = methods.value?.methods.filter(({ workload }) => workload === part.id) ?? [];
  const ways = picture.ways.filter(({ from, to }) => from === part.id || to === part.id);
  return (
    <section class="panel" aria-label={part.label}>
      <div class="bar">
        <h1>{part.label}</h1>
        {process !== undefined && (
          <span class="hint">
            <span class={`dot ${process.state}`} />
            {process.state} for {duration(Math.max(0, Date.now() - process.sinceMs))}
            {process.memoryBytes !== undefined && `, ${bytes(process.memoryBytes)}`}
          </span>
        )}
        {process !== undefined && <a href={`/logs?service=${part.id}`}>log</a>}
        {part.kind === 'topic' && <a href="/events">subscriptions</a>}
        {part.kind === 'queue' && <a href={`/tasks/${part.label}`}>tasks</a>}
        {part.kind === 'schedule' && <a href={`/schedules/${part.label}`}>next time</a>}
        {part.kind === 'outside' && <a href="/webhooks">webhooks</a>}
      </div>
      <div class="columns two">
        <table aria-label="Ways">
          <tbody>
            {ways.map(({ id, from, to }) => {
              const rate = rates.get(id);
              return (
                <tr key={id}>
                  <td class="cut">{from === part.id ? `to ${to}` : `from ${from}`}</td>
                  <td class="num">{rate === undefined ? '' : `${rate.perSecond.toFixed(1)}/s`}</td>
                  <td class="num">{rate === undefined ? '' : duration(rate.p95Ms)}</td>
                  <td class="num bad">{rate !== undefined && rate.failed > 0 ? `${rate.failed} failed` : ''}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {part.kind === 'gateway' ? (
          <Envoy role={part.id} />
        ) : (
          <ul aria-label="Methods">
            {own.map(({ name, access }) => (
              <li key={name}>
                <a href={`/explorer/${name}`}>{name.replace(/^.*\.(?=[A-Z])/, '')}</a> <span class="faint">{access}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
      {own.length > 0 && <Settings service={part.id} />}
    </section>
  );
}

/** The environment that a service is started with. */
function Settings({ service }: { readonly service: string }) {
  const { value, error } = useServer<{ settings: SettingRow[] }>(`/api/settings/${service}`);
  return (
    <>
      <h2>Settings</h2>
      <Trouble text={error} />
      <table aria-label="Settings">
        <thead>
          <tr>
            <th>variable</th>
            <th>value</th>
            <th>from</th>
            <th>in production</th>
          </tr>
        </thead>
        <tbody>
          {(value?.settings ?? []).map(({ name, value: text, from, production }) => (
            <tr key={name}>
              <td class="mono nowrap">{name}</td>
              <td class={`mono cut${text === '[masked]' ? ' masked' : ''}`} title={text}>
                {text}
              </td>
              <td class="nowrap">{from}</td>
              <td class="nowrap">{production}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function Envoy({ role }: { readonly role: string }) {
  const { value, error } = useServer<EnvoyState>(`/api/envoy/${role}`, 3_000);
  return (
    <div>
      <Trouble text={error} />
      <table aria-label="Clusters">
        <thead>
          <tr>
            <th>cluster</th>
            <th>host</th>
            <th class="num">requests</th>
            <th class="num">failed</th>
            <th>health</th>
          </tr>
        </thead>
        <tbody>
          {(value?.clusters ?? []).flatMap(({ name, hosts }) =>
            hosts.map(({ address: at, health, requests, failures }) => (
              <tr key={`${name} ${at}`}>
                <td>{name}</td>
                <td class="mono">{at}</td>
                <td class="num">{requests}</td>
                <td class={`num ${failures > 0 ? 'bad' : ''}`}>{failures}</td>
                <td>{health.toLowerCase()}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
      <h2>HTTP filters, in their order</h2>
      <ol class="filters mono">
        {(value?.filters ?? []).map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ol>
    </div>
  );
}
