import type { AuthClient } from 'google-auth-library';

/** What is asked. Times in milliseconds since the epoch. */
interface UseQuery {
  readonly project: string;
  readonly since: number;
  readonly now: number;
}

/** A page of projects.timeSeries.list, as far as it is read. */
interface SeriesPage {
  readonly timeSeries?: readonly {
    readonly resource?: { readonly labels?: { readonly revision_name?: string } };
    readonly points?: readonly { readonly value?: { readonly int64Value?: string } }[];
  }[];
  readonly nextPageToken?: string;
}

/**
 * The revisions that requests have met within a time, by Cloud Run's own metric (run.googleapis.com/request_count,
 * https://docs.cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run) and `projects.timeSeries.list` of Cloud Monitoring.
 *
 * @throws what the client throws.
 */
export async function usedRevisions(client: Pick<AuthClient, 'request'>, { project, since, now }: UseQuery): Promise<Set<string>> {
  const used = new Set<string>();
  const params = {
    filter: 'metric.type = "run.googleapis.com/request_count" AND resource.type = "cloud_run_revision"',
    'interval.startTime': new Date(since).toISOString(),
    'interval.endTime': new Date(now).toISOString(),
    'aggregation.alignmentPeriod': `${Math.ceil((now - since) / 1000)}s`,
    'aggregation.perSeriesAligner': 'ALIGN_SUM',
    'aggregation.crossSeriesReducer': 'REDUCE_SUM',
    'aggregation.groupByFields': 'resource.label.revision_name',
  };
  let pageToken = '';
  do {
    const url = `https://monitoring.googleapis.com/v3/projects/${project}/timeSeries`;
    const { data } = await client.request<SeriesPage>({ url, params: { ...params, ...(pageToken !== '' && { pageToken }) } });
    for (const { resource, points = [] } of data.timeSeries ?? []) {
      const name = resource?.labels?.revision_name;
      if (name !== undefined && points.some(({ value }) => Number(value?.int64Value ?? 0) > 0)) used.add(name);
    }
    pageToken = data.nextPageToken ?? '';
  } while (pageToken !== '');
  return used;
}
