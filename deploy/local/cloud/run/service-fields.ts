import { clientProtos } from '../google-api/client-protos.ts';
import type { Service } from './resources.ts';
import { violation } from './resources.ts';

const fields = clientProtos('@google-cloud/run').message('google.cloud.run.v2.Service');
const behavior = '(google.api.field_behavior)';
/** Callers set these elsewhere, or for a check only. */
const identity: readonly string[] = ['name', 'etag'];

/** The fields of a service that a caller sets: all that the proto does not call output only. */
const inputFields = Object.keys(fields).filter((name) => !isOutput(name)) as (keyof Service)[];

function isOutput(name: string): boolean {
  return identity.includes(name) || fields[name]?.options?.[behavior] === 'OUTPUT_ONLY';
}

/**
 * What a caller wants a service to be: without a mask, or with "*", every field that callers set; else the fields that the mask names, and the others as they are.
 * Fields of the server are passed over, as AIP-161 has it.
 *
 * @param paths such as "traffic" or "template.containers".
 * @throws ApiError INVALID_ARGUMENT for a path that a service does not have.
 */
export function maskedService(stored: Service, asked: Service, paths: readonly string[]): Service {
  if (paths.length === 0 || paths.includes('*')) return { ...stored, ...pick(asked, inputFields) };
  return paths.reduce((service, path) => {
    const names = path.split('.').map((name) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
    const [first = ''] = names;
    if (!Object.hasOwn(fields, first)) throw unknownPath(path);
    return isOutput(first) ? service : (replaced(service, asked, names, path) as Service);
  }, stored);
}

/** Only what callers set, for a service that is created. */
export function inputsOf(asked: Service): Service {
  return pick(asked, inputFields);
}

function replaced(target: object, source: object, [name = '', ...rest]: readonly string[], path: string): object {
  const value: unknown = Reflect.get(source, name);
  if (rest.length === 0) return { ...target, [name]: value };
  if (typeof value !== 'object' || Array.isArray(value)) throw unknownPath(path);
  const [next = ''] = rest;
  if (value !== null && !Object.hasOwn(value, next)) throw unknownPath(path);
  const inner: unknown = Reflect.get(target, name);
  return { ...target, [name]: replaced(isObject(inner) ? inner : {}, value ?? {}, rest, path) };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function unknownPath(path: string): Error {
  return violation('UpdateServiceRequest.update_mask', `a service has no field "${path}"`);
}

function pick(service: Service, names: readonly (keyof Service)[]): Service {
  return Object.fromEntries(names.map((name) => [name, service[name]]));
}
