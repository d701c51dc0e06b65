import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';
import { enumsModule, type ProtoNode, protosOf } from '../client-protos.ts';
import { insideOf } from '../inside-of.ts';
import { compiledMessages } from './compiled-messages.ts';
import { withLazyRequires } from './lazy-requires.ts';
import type { Rewrite } from './rewrites.ts';

/** A change of one file of a package. It must fit exactly once, so that a new version of the package ends the build instead of bringing the work back. */
interface Change {
  readonly rewrite: Rewrite;
  readonly file: string;
  readonly find: RegExp;
  readonly replace: string;
}

const whenUsed = 'protobufjs and proto-loader resolve, compile and describe messages when they are used' satisfies Rewrite;
const compiledBefore = "the functions of a client's messages are generated when the image is built" satisfies Rewrite;

/** Work that packages do whenever they are loaded, and that services need seldom or never: it is done when its result is asked for. */
const changes: readonly Change[] = [
  // protovalidate compiles the CEL expressions of all standard rules of a type, though it checks nearly all of them natively.
  {
    rewrite: 'standard rules of protovalidate are compiled when they are asked for',
    file: '@bufbuild/protovalidate/dist/esm/cel.js',
    find: /standard\.push\(\{\s*field,\s*rule,\s*compiled: this\.compileRule\(rule\),\s*\}\);/,
    replace: `const manager = this;
              standard.push({ field, rule, compiledRule: undefined, get compiled() { return (this.compiledRule ??= manager.compileRule(rule)); } });`,
  },
  // proto-loader describes every message and file again, for reflection only. What is described has to be resolved, and has its method when the module that describes,
  // one of those that are loaded when they are used, is there.
  {
    rewrite: whenUsed,
    file: '@grpc/proto-loader/build/src/index.js',
    find: /const descriptor = require\("protobufjs\/ext\/descriptor"\);/,
    replace: `$&
              function resolved(object) {
                void descriptor.DescriptorProto;
                for (const nested of object.nestedArray ?? []) resolved(nested);
                for (const part of [...(object.oneofsArray ?? []), ...(object.fieldsArray ?? [])]) part.resolve();
                return object;
              }`,
  },
  {
    rewrite: whenUsed,
    file: '@grpc/proto-loader/build/src/index.js',
    find: /const messageDescriptor = message\.toDescriptor\('proto3'\);\s*return \{\s*format: ([^,]*),\s*type: messageDescriptor\.\$type\.toObject\(messageDescriptor, descriptorOptions\),\s*fileDescriptorProtos: fileDescriptors,/,
    replace: `return {
              format: $1,
              get type() { const described = resolved(message).toDescriptor('proto3'); return described.$type.toObject(described, descriptorOptions); },
              get fileDescriptorProtos() { return fileDescriptors(); },`,
  },
  {
    rewrite: whenUsed,
    file: '@grpc/proto-loader/build/src/index.js',
    find: /const enumDescriptor = enumType\.toDescriptor\('proto3'\);\s*return \{\s*format: ([^,]*),\s*type: enumDescriptor\.\$type\.toObject\(enumDescriptor, descriptorOptions\),\s*fileDescriptorProtos: fileDescriptors,/,
    replace: `return {
              format: $1,
              get type() { const described = resolved(enumType).toDescriptor('proto3'); return described.$type.toObject(described, descriptorOptions); },
              get fileDescriptorProtos() { return fileDescriptors(); },`,
  },
  {
    rewrite: whenUsed,
    file: '@grpc/proto-loader/build/src/index.js',
    find: /const descriptorList = root\.toDescriptor\('proto3'\)\.file;\s*const bufferList = descriptorList\.map\((.*)\);/,
    replace: `let buffers;
              const bufferList = () => (buffers ??= resolved(root).toDescriptor('proto3').file.map($1));`,
  },
  // The base class of the Spanner client reads the .proto files of long-running operations, which only administration needs.
  {
    rewrite: "the Spanner client's protos of long-running operations stay unread",
    file: '@google-cloud/spanner/build/src/index.js',
    find: /protoServices: \{\s*Operations: \{[^{}]*\},\s*\},/,
    replace: 'protoServices: {},',
  },
  // protobufjs resolves the fields of all messages, for which it compiles a constructor each; it does so for each message too when it is first used.
  {
    rewrite: whenUsed,
    file: 'protobufjs/src/type.js',
    find: /var oneofs = this\.oneofsArray; i = 0;\s*while \(i < oneofs\.length\)\s*oneofs\[i\+\+\]\.resolve\(\);\s*var fields = this\.fieldsArray, i = 0;\s*while \(i < fields\.length\)\s*fields\[i\+\+\]\.resolve\(\);/,
    replace: '',
  },
  // It compiles five functions for each message, of which a client that sends or receives it calls one or two.
  {
    rewrite: whenUsed,
    file: 'protobufjs/src/type.js',
    find: /(?=\/\/ Replace setup methods with type-specific generated functions)/,
    replace: `const postponed = (name, make) => {
              let made;
              const first = function () {
                made ??= make();
                if (this[name] === first) this[name] = made;
                return made.apply(this, arguments);
              };
              this[name] = first;
            };
            `,
  },
  ...['encode', 'decode', 'verify'].map(
    (name): Change => ({
      rewrite: whenUsed,
      file: 'protobufjs/src/type.js',
      find: new RegExp(`this\\.${name} = ((?:en|de)coder|verifier)\\(this\\)\\((\\{[^{}]*\\})\\);`),
      replace: `postponed('${name}', () => (this.compiled?.${name} ?? $1(this))($2));`,
    }),
  ),
  ...['fromObject', 'toObject'].map(
    (name): Change => ({
      rewrite: whenUsed,
      file: 'protobufjs/src/type.js',
      find: new RegExp(`this\\.${name} = (converter\\.${name})\\(this\\)\\((\\{[^{}]*\\})\\);`),
      replace: `postponed('${name}', () => (this.compiled?.${name} ?? $1(this))($2));`,
    }),
  ),
  // The index of OpenTelemetry's names has a thousand that were given up, each copied whenever it is loaded. They are found behind the others, when one is asked for.
  {
    rewrite: 'names that OpenTelemetry has given up are loaded when they are asked for',
    file: '@opentelemetry/semantic-conventions/build/src/index.js',
    find: /__exportStar\(require\("\.\/trace"\), exports\);\s*__exportStar\(require\("\.\/resource"\), exports\);/,
    replace:
      'Object.setPrototypeOf(exports, new Proxy({}, { get: (_, name) => require("./trace")[name] ?? require("./resource")[name] }));',
  },
  // protobuf-es makes the JSON name of every field letter by letter, though most names are as they are in JSON.
  {
    rewrite: 'JSON names of fields are made word by word',
    file: '@bufbuild/protobuf/dist/esm/reflect/names.js',
    find: /export function protoCamelCase\(snakeCase\) \{/,
    replace: `$&
              if (!snakeCase.includes('_')) return snakeCase;
              const [first, ...rest] = snakeCase.split('_');
              return first + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');`,
  },
  // Where the functions of a message have been generated already, with the protos of a client.
  {
    rewrite: compiledBefore,
    file: 'protobufjs/src/type.js',
    find: /var type = new Type\(name, json\.options\);/,
    replace: '$& type.compiled = json.compiled;',
  },
  {
    rewrite: compiledBefore,
    file: 'protobufjs/src/type.js',
    find: /this\.ctor = Type\.generateConstructor\(this\)\(\)/,
    replace: 'this.ctor = (this.compiled?.ctor ?? Type.generateConstructor(this))()',
  },
];

/** The source of a file of a package with its changes, but for one rewrite. @throws where one does not fit, and for message classes that nothing stands in for. */
export function changed(path: string, without?: Rewrite): string {
  const inside = insideOf(path);
  if (messageClasses.test(inside) && without !== onlyEnums)
    throw new Error(`${inside} has message classes: name it in enumModules of deploy/docker/shrink/postponed-work.ts`);
  const own = changes.filter(({ file, rewrite }) => file === inside && rewrite !== without);
  const source = own.reduce(
    (before, { file, find, replace }) => {
      if (before.match(new RegExp(find, 'g'))?.length !== 1)
        throw new Error(`${file} is not as deploy/docker/shrink/postponed-work.ts knows it: ${find}`);
      return before.replace(find, replace);
    },
    readFileSync(path, 'utf8'),
  );
  return without === "modules of Google's clients and OpenTelemetry are loaded when they are used"
    ? source
    : withLazyRequires(source, inside);
}

/** The services that a client is made for, by the protos that it turns into descriptors whenever it is made: what only others need is left out. */
const usedServices: Readonly<Record<string, readonly string[]>> = {
  '@google-cloud/spanner-api/build/protos/protos.json': ['google.spanner.v1.Spanner'],
  '@google-cloud/tasks/build/protos/protos.json': ['google.cloud.tasks.v2.CloudTasks'],
};

/** Modules that are evaluated when something of them is used, which for most services is never. */
const lazyModules = [
  // For errors that are HTML pages.
  'html-entities/dist/commonjs/index.js',
  // The Spanner client asks for it for its own metrics, which the image switches off.
  '@opentelemetry/resource-detector-gcp/build/src/index.js',
];

/** Modules that nothing in the image can reach: megabytes that would be read with each start. */
const absentModules = [
  // Sends the Spanner client's own metrics, which the image switches off (imageEnvironment).
  '@google-cloud/monitoring/build/src/index.js',
  // What OpenTelemetry's SDK would make from a file or from variables that name it: a service says what it wants in code.
  '@opentelemetry/sdk-node/build/src/start.js',
  '@opentelemetry/exporter-logs-otlp-grpc/build/src/index.js',
  '@opentelemetry/exporter-logs-otlp-http/build/src/index.js',
  '@opentelemetry/exporter-logs-otlp-proto/build/src/index.js',
  '@opentelemetry/exporter-metrics-otlp-grpc/build/src/index.js',
  '@opentelemetry/exporter-prometheus/build/src/index.js',
  '@opentelemetry/exporter-trace-otlp-grpc/build/src/index.js',
  '@opentelemetry/exporter-trace-otlp-http/build/src/index.js',
  '@opentelemetry/exporter-zipkin/build/src/index.js',
  '@opentelemetry/propagator-b3/build/src/index.js',
  '@opentelemetry/propagator-jaeger/build/src/index.js',
  // Older names of what is there already.
  '@opentelemetry/sdk-trace-base/build/src/index.js',
  '@opentelemetry/sdk-trace-node/build/src/index.js',
];

/** Megabytes of message classes, for callers who build messages with them. A client uses the enums: it works from JSON otherwise. */
const enumModules = [
  '@google-cloud/pubsub/build/protos/protos.js',
  '@google-cloud/pubsub-api/build/protos/protos.js',
  '@google-cloud/run/build/protos/protos.js',
  '@google-cloud/spanner-api/build/protos/protos.js',
  '@google-cloud/tasks/build/protos/protos.js',
  // For clients of administration.
  'google-gax/build/protos/iam_service.js',
  'google-gax/build/protos/locations.js',
  'google-gax/build/protos/operations.js',
];

const onlyEnums = 'of generated message classes only the enums are kept' satisfies Rewrite;
const messageClasses = /^@google-cloud\/[^/]+\/build\/protos\/protos\.js$/;

/** What stands in for which modules. */
const standIns: readonly (readonly [rewrite: Rewrite, modules: readonly string[]])[] = [
  ['modules that are seldom asked for are loaded when they are', lazyModules],
  [whenUsed, ['protobufjs/ext/descriptor/index.js']],
  ['modules that nothing reaches are left out', absentModules],
  [onlyEnums, enumModules],
];
const namespace = 'stand-in';

/** Puts off what services need seldom, and leaves out what they never need: every cold start would pay for it. `without` is left as it is, to be measured. */
export function postponedWork(without?: Rewrite): Plugin {
  const replaced = standIns.flatMap(([rewrite, modules]) => (rewrite === without ? [] : modules));
  return {
    name: 'postponed work',
    setup(build) {
      build.onLoad({ filter: /\/node_modules\/.*\/protos\.json$/ }, ({ path }) => {
        const services = without === "of the clients' protos only the called services are kept" ? undefined : usedServices[insideOf(path)];
        if (services === undefined) return undefined;
        const protos = protosOf(protosIn(path), services);
        if (without === compiledBefore) return { contents: JSON.stringify(protos), loader: 'json' };
        return { contents: compiledMessages(protos, services), loader: 'js' };
      });
      build.onResolve({ filter: couldStandFor(replaced) }, async ({ path, kind, importer, resolveDir, pluginData }) => {
        if ((kind !== 'require-call' && kind !== 'import-statement') || pluginData === namespace) return undefined;
        const resolved = await build.resolve(path, { kind, importer, resolveDir, pluginData: namespace });
        if (!replaced.includes(insideOf(resolved.path))) return undefined;
        // The bundle has it in the module's name, and is to be the same whichever folder it is built in.
        const fromRoot = resolved.path.slice(resolved.path.indexOf('/node_modules/') + 1);
        return { path: fromRoot, namespace, pluginData: resolved.path };
      });
      build.onResolve({ filter: /./, namespace }, ({ path }) => ({ path }));
      build.onLoad({ filter: /./, namespace }, ({ pluginData }) => ({
        contents: standInFor(pluginData as string),
        loader: 'js',
        resolveDir: '/',
      }));
    },
  };
}

/**
 * What specifiers may stand for one of them: resolving all would take the build several times as long, and esbuild asks only for those that match. The last part of a
 * specifier is that of the module or of a folder that it is in, or it is a folder by its dots. Only stand-ins name a module by its whole path, the one that they load.
 */
function couldStandFor(modules: readonly string[]): RegExp {
  const parts = new Set(modules.flatMap((module) => module.replace(/\.js$/, '').split('/')));
  return new RegExp(`^([^/].*/)?(${[...parts, '.', '..'].map(RegExp.escape).join('|')})(\\.js)?/?$`);
}

function standInFor(path: string): string {
  const inside = insideOf(path);
  if (absentModules.includes(inside)) return absentModule(path);
  return enumModules.includes(inside) ? enumsModule(protosIn(`${path}on`), inside) : lazyModule(path);
}

function protosIn(path: string): ProtoNode {
  return JSON.parse(readFileSync(path, 'utf8')) as ProtoNode;
}

/** CommonJS that stands for a module until a property of it is asked for. */
function lazyModule(path: string): string {
  return [
    'let loaded;',
    `const load = () => (loaded ??= require(${JSON.stringify(path)}));`,
    'module.exports = new Proxy({}, {',
    // Each is compiled from an ES module, and is asked for that when it is imported.
    `  get: (_, name) => (name === '__esModule' ? true : load()[name]),`,
    '  has: (_, name) => name in load(),',
    '});',
  ].join('\n');
}

/** CommonJS that stands for a module that is not there. */
function absentModule(path: string): string {
  const message = `${insideOf(path)} is not in this image: see deploy/docker/shrink/postponed-work.ts`;
  return `module.exports = new Proxy({}, { get: (_, name) => { if (name === '__esModule') return true; throw new Error(${JSON.stringify(message)}); } });`;
}
