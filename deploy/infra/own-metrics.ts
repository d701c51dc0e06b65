import type { Instrument } from '../../services/platform/contracts/instruments.ts';

// What services measure, as Cloud Monitoring knows it: the collector's exporter for Google Cloud (deploy/otel/) names it so, which deploy/otel/real-collector.test.ts
// holds against a collector that runs.

/** The monitored resource of whatever has `service.name` and `service.instance.id`; the exporter has none for Cloud Run. Its label `job` is the service. */
export const ownResource = 'generic_task';

/** The name by which Cloud Monitoring knows what an instrument measures. */
export function metricType({ name }: Instrument): string {
  return `workload.googleapis.com/${name}`;
}

/** The label that an attribute of an instrument becomes. */
export function labelOf<I extends Instrument>(_instrument: I, attribute: I['attributes'][number]): string {
  return plain(attribute);
}

/** Whatever is no letter or digit is an underscore. */
function plain(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '_');
}

/** One series selector of PromQL: https://docs.cloud.google.com/monitoring/promql/promql-mapping. */
interface Selector<I extends Instrument> {
  /** Of a histogram: how many values, or how they are distributed. */
  readonly part?: 'count' | 'bucket';
  /** Matchers by the service's name, such as `="customer"`. */
  readonly job?: string;
  /** Matchers by attribute, such as `!=""`. */
  readonly where?: Readonly<Partial<Record<I['attributes'][number], string>>>;
}

/** What an instrument measures, in PromQL, where the first slash of a metric's name is a colon and whatever else is special an underscore. */
export function seriesOf<const I extends Instrument>(instrument: I, { part, job, where }: Selector<I> = {}): string {
  const [domain = '', name = ''] = metricType(instrument).split('/');
  const matchers = [
    `monitored_resource="${ownResource}"`,
    ...(job === undefined ? [] : [`job${job}`]),
    ...Object.entries<string | undefined>(where ?? {}).map(([attribute, matcher]) => `${plain(attribute)}${matcher}`),
  ];
  return `${plain(domain)}:${plain(name)}${part === undefined ? '' : `_${part}`}{${matchers.join(',')}}`;
}
