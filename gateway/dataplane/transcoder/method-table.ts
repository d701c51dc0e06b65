import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  type DescExtension,
  type DescField,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  getOption,
  hasOption,
  type Message,
} from '@bufbuild/protobuf';
import type { GenExtension } from '@bufbuild/protobuf/codegenv2';
import { FileDescriptorSetSchema, type MethodOptions } from '@bufbuild/protobuf/wkt';
import { ConfigError } from '../config/read-config.ts';
import { type FieldPath, resolveFieldPath } from './field-binding.ts';
import { parseHttpTemplate, type TemplateVariable } from './http-template.ts';
import { PathMatcher } from './path-matcher.ts';
import type { TranscoderConfig } from './transcoder-config.ts';

/** One binding of one method, with everything that a request needs looked up before. */
export interface MethodBinding {
  readonly method: DescMethod;
  readonly grpcPath: string;
  readonly variables: readonly { readonly path: FieldPath; readonly at: TemplateVariable; readonly multi: boolean }[];
  /** Where the body goes: undefined nowhere, [] the whole message. */
  readonly body: FieldPath | undefined;
  /** The body is taken as raw bytes. */
  readonly rawBody: boolean;
  /** The response is a google.api.HttpBody: at the response's top, or in the field of response_body. */
  readonly rawResponse: { readonly field: DescField | undefined } | undefined;
}

/** What a transcoder knows of its services. */
export interface MethodTable {
  readonly registry: FileRegistry;
  readonly paths: PathMatcher<MethodBinding>;
}

interface HttpRule {
  readonly pattern: { readonly case?: string; readonly value?: unknown };
  readonly body: string;
  readonly responseBody: string;
  readonly additionalBindings: readonly HttpRule[];
}

const httpBody = 'google.api.HttpBody';

/** Reads the descriptor set and compiles every google.api.http rule. @throws ConfigError for a missing service or a rule that fits no field. */
export function compileMethods(config: TranscoderConfig, path: string): MethodTable {
  const bytes =
    config.proto_descriptor === undefined
      ? Buffer.from(config.proto_descriptor_bin!, 'base64')
      : readDescriptor(config.proto_descriptor, path);
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  const paths = new PathMatcher<MethodBinding>(config.match_unregistered_custom_verb);
  const option = registry.getExtension('google.api.http');
  for (const [index, name] of config.services.entries()) {
    const service = registry.getService(name);
    if (service === undefined) throw new ConfigError(`${path}.services[${index}]: ${name} is not in the descriptor set`);
    for (const method of service.methods) {
      const rules = rulesOf(method, option);
      if (rules.length === 0 && config.auto_mapping) rules.push(autoMapping(method));
      for (const rule of rules) addRule(paths, method, rule);
    }
  }
  return { registry, paths };
}

function readDescriptor(file: string, path: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new ConfigError(`${path}.proto_descriptor: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function rulesOf(method: DescMethod, option: DescExtension | undefined): HttpRule[] {
  const http = option as GenExtension<MethodOptions, Message & HttpRule> | undefined;
  if (http === undefined || !hasOption(method, http)) return [];
  const rule = getOption(method, http);
  return [rule, ...rule.additionalBindings];
}

function autoMapping(method: DescMethod): HttpRule {
  return { pattern: { case: 'post', value: grpcPath(method) }, body: '*', responseBody: '', additionalBindings: [] };
}

function grpcPath(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function addRule(paths: PathMatcher<MethodBinding>, method: DescMethod, rule: HttpRule): void {
  const { case: kind, value } = rule.pattern;
  if (kind === undefined) return;
  const custom = kind === 'custom' ? (value as { kind: string; path: string }) : undefined;
  const template = parseHttpTemplate(custom?.path ?? String(value));
  const resolve = (names: readonly string[]): FieldPath => {
    const found = resolveFieldPath(method.input, names);
    if (typeof found === 'string') throw new ConfigError(`${grpcPath(method)}: google.api.http: ${found}`);
    return found;
  };
  const body = rule.body === '' ? undefined : rule.body === '*' ? [] : resolve(rule.body.split('.'));
  const bodyType = body === undefined ? undefined : body.length === 0 ? method.input : body.at(-1)!.message;
  const responseField = rule.responseBody === '' ? undefined : method.output.fields.find((field) => field.name === rule.responseBody);
  const responseType = responseField === undefined ? method.output : responseField.message;
  paths.add(custom?.kind ?? kind.toUpperCase(), template, {
    method,
    grpcPath: grpcPath(method),
    variables: template.variables.map((at) => ({ at, path: resolve(at.fieldPath), multi: at.end < 0 || at.end - at.start > 1 })),
    body,
    rawBody: bodyType?.typeName === httpBody,
    rawResponse: responseType?.typeName === httpBody ? { field: responseField } : undefined,
  });
}
