import type { IncomingMessage, ServerResponse } from 'node:http';
import { status } from '@grpc/grpc-js';
import { ApiError, notFound, reportUnexpected } from '../google-api/api-error.ts';
import { pageOf } from '../google-api/page.ts';
import type { JobRunner } from './job-runner.ts';
import type { SchedulerJobs } from './scheduler-jobs.ts';

const jobPath = /^\/v1\/(?<parent>projects\/[^/]+\/locations\/[^/]+)\/jobs(?:\/(?<id>[^/:]+)(?::(?<verb>run|pause|resume))?)?$/;

const httpStatuses = new Map([
  [status.NOT_FOUND, 404],
  [status.INVALID_ARGUMENT, 400],
  [status.ABORTED, 409],
]);

/**
 * Cloud Scheduler's REST API v1, as far as a local job needs it (its gRPC definition comes with no package that is installed here):
 * GET …/jobs, GET …/jobs/{job}, POST …/jobs/{job}:run, :pause, :resume.
 */
export function restSurface(jobs: SchedulerJobs) {
  return (request: IncomingMessage, response: ServerResponse): void => {
    request.resume();
    try {
      answer(response, 200, handle(jobs, request.method ?? '', new URL(request.url ?? '/', 'http://localhost')));
    } catch (error) {
      const known = error instanceof ApiError;
      if (!known) reportUnexpected(error);
      const code = known ? (httpStatuses.get(error.code) ?? 500) : 500;
      const name = known ? status[error.code] : 'INTERNAL';
      answer(response, code, { error: { code, message: known ? error.message : 'internal error', status: name } });
    }
  };
}

function handle(jobs: SchedulerJobs, method: string, url: URL): object {
  const { parent = '', id, verb } = jobPath.exec(url.pathname)?.groups ?? {};
  if (parent === '' || method !== (verb === undefined ? 'GET' : 'POST')) throw notFound(`${method} ${url.pathname}`);
  if (id === undefined) {
    const own = jobs.list().filter(({ spec }) => spec.name.startsWith(`${parent}/jobs/`));
    const paging = { pageSize: Number(url.searchParams.get('pageSize') ?? 0), pageToken: url.searchParams.get('pageToken') ?? '' };
    const { items, nextPageToken } = pageOf(own, ({ spec }) => spec.name, paging);
    return { jobs: items.map(jobResource), ...(nextPageToken !== '' && { nextPageToken }) };
  }
  const job = jobs.job(`${parent}/jobs/${id}`);
  if (verb === 'run' && !job.run()) throw new ApiError(status.ABORTED, `${job.spec.name} is being executed`);
  if (verb === 'pause') job.setState('PAUSED');
  if (verb === 'resume') job.setState('ENABLED');
  return jobResource(job);
}

// https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
function jobResource({ spec, state, nextMs }: JobRunner) {
  const { uri, headers, body, oidcToken, retry } = spec;
  return {
    name: spec.name,
    schedule: spec.schedule,
    timeZone: spec.timeZone,
    state: state.state,
    httpTarget: { uri, httpMethod: 'POST', headers, body: Buffer.from(body).toString('base64'), ...(oidcToken !== null && { oidcToken }) },
    attemptDeadline: seconds(spec.attemptDeadlineMs),
    retryConfig: {
      retryCount: retry.retryCount,
      maxRetryDuration: seconds(retry.maxRetryDurationMs),
      minBackoffDuration: seconds(retry.minBackoffMs),
      maxBackoffDuration: seconds(retry.maxBackoffMs),
      maxDoublings: retry.maxDoublings,
    },
    ...(nextMs !== null && { scheduleTime: new Date(nextMs).toISOString() }),
    ...(state.lastAttemptMs !== null && { lastAttemptTime: new Date(state.lastAttemptMs).toISOString() }),
    ...(state.status !== null && { status: state.status }),
  };
}

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

function answer(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
