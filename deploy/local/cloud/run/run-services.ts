import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { status } from '@grpc/grpc-js';
import { lastSegment } from '../../../../services/platform/contracts/last-segment.ts';
import type { Clock } from '../../shared/local-server.ts';
import { ApiError } from '../google-api/api-error.ts';
import { fromMs } from '../google-api/protobuf-time.ts';
import { type AuditEntry, type AuditedMethod, auditEntry } from './audit-log.ts';
import { serviceConditions } from './conditions.ts';
import { type AnyMessage, type Operation, Operations, type Outcome } from './operations.ts';
import { reconciled } from './reconcile.ts';
import {
  checkEtag,
  checkedParent,
  missing,
  parentOf,
  parseServiceName,
  type RevisionTemplate,
  type Service,
  type StoredRevision,
  type StoredService,
  serviceOfRevision,
} from './resources.ts';
import { revisionName, revisionOf } from './revisions.ts';
import { inputsOf, maskedService } from './service-fields.ts';
import { checkedService, checkServiceId } from './service-rules.ts';
import type { ServiceStore } from './service-store.ts';
import { oldestTags, withoutTag } from './tag-limit.ts';

/** Revisions of a service, beyond which the oldest without traffic or tag are deleted. https://cloud.google.com/run/quotas */
const maxRevisions = 1_000;

/** What the services are made of. */
interface RunServicesParts {
  readonly clock: Clock;
  readonly store: ServiceStore;
  /** How long a change takes until traffic has moved. */
  readonly reconcileMs: number;
  /** The message with every field that its sender left out, as the API reads it: only so do templates compare. */
  readonly whole: (service: Service) => Service;
  /** Told of each change, when it is asked for and when it is done. */
  readonly onChange: (entry: AuditEntry) => void;
}

/** Services and revisions. Changes are committed to disk before their operation is answered; traffic moves `reconcileMs` later. */
export class RunServices {
  readonly operations: Operations;
  readonly #parts: RunServicesParts;
  readonly #services: Map<string, StoredService>;
  readonly #pending = new Set<() => void>();

  constructor(parts: RunServicesParts) {
    this.#parts = parts;
    this.operations = new Operations(parts.clock);
    this.#services = new Map(parts.store.services().map((service) => [service.message.name, service]));
    // What was under way when the process ended.
    for (const { message } of this.#services.values()) if (message.reconciling) this.#settle(message.name);
  }

  /** The services of "projects/P/locations/L". @throws ApiError INVALID_ARGUMENT */
  services(parent: string): StoredService[] {
    checkedParent('ListServicesRequest.parent', parent);
    return [...this.#services.values()].filter(({ message }) => parentOf(message.name) === parent);
  }

  /** @throws ApiError NOT_FOUND, INVALID_ARGUMENT */
  service(name: string): StoredService {
    parseServiceName('name', name);
    const service = this.#services.get(name);
    if (service === undefined) throw missing('SERVICE', name);
    return service;
  }

  /** @throws ApiError INVALID_ARGUMENT, ALREADY_EXISTS */
  create(parent: string, id: string, asked: Service, validateOnly = false): Operation {
    checkedParent('CreateServiceRequest.parent', parent);
    checkServiceId('CreateServiceRequest.service_id', id);
    const name = `${parent}/services/${id}`;
    if (this.#services.has(name)) throw new ApiError(status.ALREADY_EXISTS, `Resource '${id}' already exists.`);
    const wanted = checkedService('CreateServiceRequest.service', id, inputsOf(asked));
    const { clock } = this.#parts;
    const fresh: StoredService = {
      message: {
        name,
        uid: randomUUID(),
        createTime: fromMs(clock.now()),
        generation: '0',
        observedGeneration: '0',
        trafficStatuses: [],
        urls: [],
      },
      createMs: clock.now(),
      revisions: 0,
      taggedMs: {},
    };
    return this.#change('google.cloud.run.v2.Services.CreateService', fresh, wanted, validateOnly);
  }

  /**
   * Changes what the mask names.
   *
   * @throws ApiError NOT_FOUND, INVALID_ARGUMENT, ABORTED (another etag), ALREADY_EXISTS (a revision of the asked name, with another template)
   */
  update(asked: Service, { paths = [], allowMissing = false, validateOnly = false }: UpdateOptions = {}): Operation {
    const name = asked.name ?? '';
    const { service: id } = parseServiceName('UpdateServiceRequest.service.name', name);
    const stored = this.#services.get(name);
    if (stored === undefined) {
      if (!allowMissing) throw missing('SERVICE', name);
      return this.create(parentOf(name), id, asked, validateOnly);
    }
    checkEtag(stored.message, asked.etag);
    if (stored.message.deleteTime) throw new ApiError(status.ABORTED, `Conflict for resource '${id}': it is being deleted.`);
    const wanted = checkedService('UpdateServiceRequest.service', id, maskedService(stored.message, asked, paths));
    return this.#change('google.cloud.run.v2.Services.UpdateService', stored, wanted, validateOnly);
  }

  /** @throws ApiError NOT_FOUND, INVALID_ARGUMENT, ABORTED (another etag) */
  delete(name: string, etag: string, validateOnly = false): Operation {
    const stored = this.service(name);
    checkEtag(stored.message, etag);
    const now = fromMs(this.#parts.clock.now());
    const next = { ...stored, message: { ...stored.message, deleteTime: now, expireTime: now, reconciling: true } };
    if (validateOnly) return this.#validated(next);
    this.#put(next);
    return this.#begin('google.cloud.run.v2.Services.DeleteService', next);
  }

  /** @throws ApiError NOT_FOUND (the service), INVALID_ARGUMENT */
  revisions(serviceName: string): StoredRevision[] {
    return this.#parts.store.revisions(this.service(serviceName).message.name);
  }

  /** @throws ApiError NOT_FOUND, INVALID_ARGUMENT */
  revision(name: string): StoredRevision {
    serviceOfRevision(name);
    const revision = this.#parts.store.revision(name);
    if (revision === undefined) throw missing('REVISION', name);
    return revision;
  }

  /** @throws ApiError NOT_FOUND, INVALID_ARGUMENT, ABORTED (another etag), FAILED_PRECONDITION (it is the latest, or has traffic or a tag) */
  deleteRevision(name: string, etag: string, validateOnly = false): Operation {
    const { message } = this.revision(name);
    checkEtag(message, etag);
    const service = this.service(serviceOfRevision(name));
    if (usedRevisions(service).has(lastSegment(name))) {
      throw new ApiError(
        status.FAILED_PRECONDITION,
        `Revision '${lastSegment(name)}' is the latest of its service, or has traffic or a tag, and cannot be deleted.`,
      );
    }
    const deleted = { ...message, deleteTime: fromMs(this.#parts.clock.now()) };
    const response = { '@type': 'type.googleapis.com/google.cloud.run.v2.Revision', ...deleted };
    const operation = this.operations.begin(parentOf(name), response);
    if (validateOnly) return this.operations.finish(operation, { response });
    const method = 'google.cloud.run.v2.Revisions.DeleteRevision';
    this.#tell(method, name, operation);
    this.#parts.store.removeRevision(name);
    this.#later(() => this.#tell(method, name, this.operations.finish(operation, { response })));
    return operation;
  }

  close(): void {
    for (const cancel of this.#pending) cancel();
  }

  #change(method: AuditedMethod, stored: StoredService, asked: Service, validateOnly: boolean): Operation {
    const { clock, store, whole } = this.#parts;
    const wanted = whole(asked);
    const now = clock.now();
    const template = wanted.template ?? {};
    const isNew = !isDeepStrictEqual(template, stored.message.template);
    const revision = isNew ? this.#revisionFor(stored, template) : undefined;
    const changed = isNew || !isDeepStrictEqual(inputsOf(wanted), inputsOf(stored.message));
    const tags = (wanted.traffic ?? []).flatMap(({ tag }) => tag || []);
    const next: StoredService = {
      createMs: stored.createMs,
      revisions: stored.revisions + (isNew ? 1 : 0),
      taggedMs: Object.fromEntries(tags.map((tag) => [tag, stored.taggedMs[tag] ?? now])),
      message: {
        ...stored.message,
        ...inputsOf(wanted),
        name: stored.message.name,
        generation: String(Number(stored.message.generation) + (changed ? 1 : 0)),
        updateTime: fromMs(now),
        etag: `"${randomUUID()}"`,
        reconciling: true,
        ...(revision !== undefined && { latestCreatedRevision: revision.message.name }),
        ...serviceConditions('CONDITION_RECONCILING', now),
      },
    };
    if (validateOnly) return this.#validated(next);
    store.transaction(() => {
      if (revision !== undefined) store.insertRevision(next.message.name, revision);
      this.#put(next);
      this.#dropRevisions(next);
    });
    return this.#begin(method, next);
  }

  #validated({ message }: StoredService): Operation {
    const response = anyService(message);
    return this.operations.finish(this.operations.begin(parentOf(message.name), response), { response });
  }

  #revisionFor({ message, revisions }: StoredService, template: RevisionTemplate): StoredRevision {
    const id = template.revision || revisionName(lastSegment(message.name), revisions + 1);
    const name = `${message.name}/revisions/${id}`;
    if (this.#parts.store.revision(name) !== undefined) {
      throw new ApiError(status.ALREADY_EXISTS, `Revision named '${id}' with different configuration already exists.`);
    }
    return revisionOf(message, template, name, this.#parts.clock.now());
  }

  #begin(method: AuditedMethod, { message }: StoredService): Operation {
    const operation = this.operations.begin(parentOf(message.name), anyService(message));
    this.#tell(method, message.name, operation);
    this.#later(() => this.#tell(method, message.name, this.operations.finish(operation, this.#settle(message.name))));
    return operation;
  }

  /** Does what a service was asked for last. */
  #settle(name: string): Outcome {
    const stored = this.#services.get(name);
    // Of two deletions the second finds it gone.
    if (stored === undefined) return { error: { code: status.NOT_FOUND, message: missing('SERVICE', name).message } };
    if (stored.message.deleteTime) {
      this.#services.delete(name);
      this.#parts.store.removeService(name);
      return { response: anyService({ ...stored.message, reconciling: false }) };
    }
    const { message, failure } = reconciled(
      stored,
      (id) => this.#parts.store.revision(`${name}/revisions/${id}`)?.message,
      this.#parts.clock.now(),
    );
    this.#put({ ...stored, message });
    if (failure !== undefined) return { error: { code: status.INTERNAL, message: failure } };
    for (const { service, tag } of oldestTags(this.services(parentOf(name)))) this.#put(withoutTag(this.service(service), tag));
    return { response: anyService(message) };
  }

  #dropRevisions(service: StoredService): void {
    const { store } = this.#parts;
    const tooMany = store.countRevisions(service.message.name) - maxRevisions;
    if (tooMany <= 0) return;
    const revisions = store.revisions(service.message.name).toSorted((a, b) => a.createMs - b.createMs);
    const used = usedRevisions(service);
    const unused = revisions.filter(({ message }) => !used.has(lastSegment(message.name)));
    for (const { message } of unused.slice(0, tooMany)) store.removeRevision(message.name);
  }

  #put(service: StoredService): void {
    this.#parts.store.putService(service);
    this.#services.set(service.message.name, service);
  }

  #tell(method: AuditedMethod, resource: string, operation: Operation): void {
    this.#parts.onChange(auditEntry(method, resource, operation, this.#parts.clock.now()));
  }

  #later(work: () => void): void {
    const cancel = this.#parts.clock.schedule(this.#parts.reconcileMs, () => {
      this.#pending.delete(cancel);
      work();
    });
    this.#pending.add(cancel);
  }
}

/** How a service is updated. */
interface UpdateOptions {
  /** Fields to change; all of them where there are none. */
  readonly paths?: readonly string[] | undefined;
  readonly allowMissing?: boolean;
  readonly validateOnly?: boolean;
}

/** The short names of the revisions that have traffic or a tag, are wanted to, or are the latest. */
function usedRevisions({ message }: StoredService): Set<string> {
  const latest = [message.latestCreatedRevision, message.latestReadyRevision].map((name) => lastSegment(name ?? ''));
  const targets = [...(message.traffic ?? []), ...(message.trafficStatuses ?? [])].map(({ revision }) => revision ?? '');
  return new Set([...latest, ...targets]);
}

function anyService(message: Service): AnyMessage {
  return { '@type': 'type.googleapis.com/google.cloud.run.v2.Service', ...message };
}
