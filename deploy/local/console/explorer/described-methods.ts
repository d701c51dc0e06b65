import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { createFileRegistry, type DescField, type DescMessage, type FileRegistry, ScalarType } from '@bufbuild/protobuf';
import { commentedSetFile, readCommentedSet } from '../../../../gateway/openapi/commented-set.ts';
import { commentOf, firstSentence } from '../../../../gateway/openapi/comments.ts';
import { inWords, keywordsOf, messageRulesOf, requiredFields, rulesOf, spokenRules } from '../../../../gateway/openapi/rules.ts';
import { isSetByClients, sampleMessage } from '../../../../gateway/openapi/samples.ts';
import { knownTypes } from '../../../../gateway/openapi/well-known.ts';
import { callersOf } from '../../../../services/platform/contracts/callers.ts';
import { Access } from '../../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { triggerPrincipal } from '../../../../services/platform/contracts/identities.ts';
import { listMethods, type Method } from '../../../../services/platform/contracts/methods.ts';
import { isRedacted } from '../../cloud/messages/mask-message.ts';
import { operatorEmail } from '../../platform/place.ts';
import type { FormField, MethodForm, MethodRow } from '../api.ts';

/** Every method, with all that the protos say of it. */
export interface DescribedMethods {
  readonly registry: FileRegistry;
  readonly rows: readonly MethodRow[];
  /** By names such as "kumiko.customer.v1.CustomerService/GetDeal"; the platform's own are those of one service. */
  method(name: string): Method | undefined;
  form(method: Method): MethodForm;
}

/** What a list is asked with beyond its first page (AIP-132, AIP-158): a made-up value of it is always wrong. */
const leftOut = ['page_token', 'filter', 'order_by'];

/** When the descriptor set that has comments was built, in milliseconds since the epoch. */
export function lastDescribed(): number {
  return statSync(commentedSetFile).mtimeMs;
}

/** Reads them off the descriptor set that has comments. */
export function describeMethods(): DescribedMethods {
  const registry = createFileRegistry(readCommentedSet());
  const byName = new Map<string, Method>();
  for (const method of listMethods(registry)) byName.set(method.grpcPath.slice(1), method);
  return {
    registry,
    rows: [...byName.values()].map(rowOf),
    method: (name) => byName.get(name),
    form: (method) => ({
      ...rowOf(method),
      comment: commentOf(method.desc) ?? '',
      callers: method.policy === undefined ? [] : callersOf(method.desc, method.policy),
      rules: spokenRules(messageRulesOf(method.desc.input)),
      fields: fieldsOf(method.desc.input, 0),
      sample: sampleOf(method.desc.input),
    }),
  };
}

function rowOf(method: Method): MethodRow {
  const { desc, grpcPath, policy, http, workload } = method;
  const { pattern } = http ?? {};
  const rest = typeof pattern?.value === 'string' ? `${pattern.case!.toUpperCase()} ${pattern.value}` : undefined;
  return {
    name: grpcPath.slice(1),
    workload,
    access: (Access[policy?.access ?? Access.UNSPECIFIED] ?? '').toLowerCase(),
    rest,
    isStream: desc.methodKind === 'server_streaming',
    identity: identityOf(method),
    summary: firstSentence(commentOf(desc) ?? desc.name),
  };
}

/** Somebody who may call it. */
function identityOf({ desc, policy }: Method): MethodRow['identity'] {
  switch (policy?.access) {
    case Access.CUSTOMER:
      return { kind: 'customer', subject: 'alice' };
    case Access.PARTNER:
      return { kind: 'partner', subject: 'acme' };
    case Access.OPERATOR:
      return { kind: 'operator', subject: operatorEmail };
    case Access.TRIGGER:
      return { kind: 'trigger', subject: triggerPrincipal[policy.trigger?.kind.case ?? 'schedule'] };
    case Access.SERVICE:
      return { kind: 'service', subject: callersOf(desc, policy)[0] ?? '' };
    default:
      return { kind: 'none', subject: '' };
  }
}

const sampleUuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** A request that keeps the rules; bodies that are no message are empty JSON. */
function sampleOf(input: DescMessage): object {
  const bodies = input.fields.filter(({ message }) => message?.typeName === 'google.api.HttpBody');
  const without = bodies.map(({ name }) => name);
  const empty = { contentType: 'application/json', data: Buffer.from('{}').toString('base64') };
  // What is repeated with one id answers as the first time: each form has its own.
  const sample = JSON.parse(
    JSON.stringify(sampleMessage(input, [...leftOut, ...without])).replaceAll(sampleUuid, () => randomUUID()),
  ) as object;
  return { ...sample, ...Object.fromEntries(bodies.map(({ jsonName }) => [jsonName, empty])) };
}

/** Messages inside of messages are shown so far; deeper ones are written as JSON. */
const deepest = 4;

function fieldsOf(message: DescMessage, depth: number): FormField[] {
  const required = requiredFields(message);
  return message.fields.filter(isSetByClients).map((field) => {
    const { type, choices } = typeOf(field);
    const rules = rulesOf(field);
    const isPlainMessage = field.message !== undefined && !knownTypes.has(field.message.typeName);
    return {
      name: field.jsonName,
      comment: commentOf(field) ?? '',
      type,
      choices,
      isList: field.fieldKind === 'list',
      isMap: field.fieldKind === 'map',
      oneof: field.oneof?.name,
      isRequired: required.has(field.name),
      isRedacted: isRedacted(field),
      rules: [...keywordsInWords(keywordsOf(rules)), ...inWords(rules)],
      fields: isPlainMessage && field.fieldKind === 'message' && depth < deepest ? fieldsOf(field.message!, depth + 1) : [],
    };
  });
}

function typeOf(field: DescField): Pick<FormField, 'type' | 'choices'> {
  if (field.enum !== undefined) return { type: 'enum', choices: field.enum.values.map(({ name }) => name) };
  if (field.message !== undefined) return { type: field.message.typeName, choices: [] };
  return { type: ScalarType[field.scalar!]!.toLowerCase(), choices: [] };
}

/** The keywords of JSON Schema, as people read them. */
function keywordsInWords(keywords: Readonly<Record<string, unknown>>): string[] {
  const words: Readonly<Record<string, (value: unknown) => string>> = {
    minLength: (value) => `at least ${value} characters`,
    maxLength: (value) => `at most ${value} characters`,
    pattern: (value) => `like ${value}`,
    format: (value) => `a ${value}`,
    minimum: (value) => `at least ${value}`,
    maximum: (value) => `at most ${value}`,
    exclusiveMinimum: (value) => `more than ${value}`,
    exclusiveMaximum: (value) => `less than ${value}`,
    minItems: (value) => `at least ${value} of them`,
    maxItems: (value) => `at most ${value} of them`,
    uniqueItems: () => 'each once',
    enum: (value) => `one of ${(value as readonly unknown[]).join(', ')}`,
    const: (value) => `always ${value}`,
  };
  return Object.entries(keywords).flatMap(([name, value]) => {
    const text = words[name]?.(value);
    return text === undefined ? [] : [`${text.charAt(0).toUpperCase()}${text.slice(1)}.`];
  });
}
