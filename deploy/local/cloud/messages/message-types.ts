import { createFileRegistry, type DescMessage, type FileRegistry, hasOption } from '@bufbuild/protobuf';
import { topic } from '../../../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods, type Method, readDescriptorSet } from '../../../../services/platform/contracts/methods.ts';

/** The types of all that passes between the parts of the platform. */
export interface MessageTypes {
  readonly registry: FileRegistry;
  /** By the gRPC path, such as "/kumiko.customer.v1.CustomerService/GetDeal". */
  readonly methods: ReadonlyMap<string, Method>;
  /** By the REST path, of those that triggers call. */
  readonly triggered: ReadonlyMap<string, Method>;
  /** The message that carries events; undefined in a product without any. */
  readonly event: DescMessage | undefined;
}

/** Reads them off the descriptor set. */
export function readMessageTypes(): MessageTypes {
  const registry = createFileRegistry(readDescriptorSet());
  const methods = listMethods(registry);
  const triggered = methods.flatMap((method) =>
    method.policy?.trigger !== undefined && method.http?.pattern.case === 'post' ? [[method.http.pattern.value, method] as const] : [],
  );
  return {
    registry,
    methods: new Map(methods.map((method) => [method.grpcPath, method])),
    triggered: new Map(triggered),
    event: [...registry].filter((type) => type.kind === 'message').find(carriesEvents),
  };
}

/** Whether a message has a payload whose messages name topics. */
function carriesEvents(type: DescMessage): boolean {
  return type.fields.some(({ message, oneof }) => oneof?.name === 'payload' && message !== undefined && hasOption(message, topic));
}
