import type { protos } from '@google-cloud/run';
import { status } from '@grpc/grpc-js';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import { ApiError, invalidArgument } from '../google-api/api-error.ts';

/** The messages as proto-loader reads them: int64 as text, enums by name, unset messages null. */
export type Service = protos.google.cloud.run.v2.IService;
export type Revision = protos.google.cloud.run.v2.IRevision;
export type RevisionTemplate = protos.google.cloud.run.v2.IRevisionTemplate;
export type TrafficTarget = protos.google.cloud.run.v2.ITrafficTarget;
export type TrafficTargetStatus = protos.google.cloud.run.v2.ITrafficTargetStatus;
export type Condition = protos.google.cloud.run.v2.ICondition;

/** A service as it is stored. */
export interface StoredService {
  /** What the API answers. */
  readonly message: Service & { readonly name: string };
  readonly createMs: number;
  /** How many revisions it has had: the number in the name of the next one. */
  readonly revisions: number;
  /** When each of its tags was set, in milliseconds since the epoch: the oldest go where a region has too many. */
  readonly taggedMs: Readonly<Record<string, number>>;
}

/** A revision as it is stored. */
export interface StoredRevision {
  readonly message: Revision & { readonly name: string };
  readonly createMs: number;
}

/** The parts of a service's full name. */
interface ServiceName {
  readonly project: string;
  readonly location: string;
  readonly service: string;
}

const segment = '[a-z0-9][a-z0-9.:-]*';

/** Checks "projects/P/locations/L", where L is a region and not "-". @throws ApiError INVALID_ARGUMENT */
export function checkedParent(field: string, parent: string): string {
  if (!new RegExp(`^projects/${segment}/locations/${segment}$`).test(parent)) {
    throw violation(field, `"${parent}" is not of the form projects/{project}/locations/{location}`);
  }
  return parent;
}

/** Reads "projects/P/locations/L/services/S". @throws ApiError INVALID_ARGUMENT */
export function parseServiceName(field: string, name: string): ServiceName {
  const [, project, location, service] = new RegExp(`^projects/(${segment})/locations/(${segment})/services/([^/]+)$`).exec(name) ?? [];
  if (project === undefined || location === undefined || service === undefined) {
    throw violation(field, `"${name}" is not of the form projects/{project}/locations/{location}/services/{service}`);
  }
  return { project, location, service };
}

/** The service of a revision's full name. @throws ApiError INVALID_ARGUMENT */
export function serviceOfRevision(name: string): string {
  const [, service] = /^(.+\/services\/[^/]+)\/revisions\/[^/]+$/.exec(name) ?? [];
  if (service === undefined) {
    throw violation('name', `"${name}" is not of the form projects/{project}/locations/{location}/services/{service}/revisions/{revision}`);
  }
  parseServiceName('name', service);
  return service;
}

/** "projects/P/locations/L" of a service's full name. */
export function parentOf(serviceName: string): string {
  return serviceName.slice(0, serviceName.indexOf('/services/'));
}

/** INVALID_ARGUMENT in Cloud Run's words: "Violation in CreateServiceRequest.service.template: required field not present." */
export function violation(field: string, problem: string): ApiError {
  return invalidArgument(`Violation in ${field}: ${problem}.`);
}

/** NOT_FOUND in Cloud Run's words. */
export function missing(kind: 'SERVICE' | 'REVISION', name: string): ApiError {
  const [, project, , location] = name.split('/');
  return new ApiError(
    status.NOT_FOUND,
    `Resource '${lastSegment(name)}' of kind '${kind}' in region '${location}' in project '${project}' does not exist.`,
  );
}

/** ABORTED where the caller saw another version of a resource than there is; an empty etag asks for no check. @throws ApiError */
export function checkEtag(message: { name: string; etag?: string | null }, asked: string | null | undefined): void {
  if (!asked || asked === message.etag) return;
  throw new ApiError(
    status.ABORTED,
    `Conflict for resource '${lastSegment(message.name)}': version '${asked}' was specified but current version is '${message.etag}'.`,
  );
}
