import { create, type DescFile, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { status } from '@grpc/grpc-js';
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '../../contracts/gen/types/grpc/reflection/v1/reflection_pb.js';
import { readDescriptorSet } from '../../contracts/methods.ts';
import { DescriptorIndex, fileBytes, withDependencies } from './descriptor-index.ts';

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/** Read at the first question, and kept. */
let index: DescriptorIndex | undefined;

/**
 * What answers the requests of one stream, both in bytes. It sends no file twice, but for one that is asked for by itself.
 *
 * @throws where the bytes are no ServerReflectionRequest.
 */
export function reflectionAnswers(): (request: Buffer) => Buffer {
  index ??= new DescriptorIndex(readDescriptorSet());
  const known = index;
  const sent = new Set<DescFile>();
  return (bytes) => {
    const request = fromBinary(ServerReflectionRequestSchema, bytes);
    const messageResponse = answer(known, sent, request.messageRequest);
    const response = create(ServerReflectionResponseSchema, { validHost: request.host, originalRequest: request, messageResponse });
    return Buffer.from(toBinary(ServerReflectionResponseSchema, response));
  };
}

function answer(known: DescriptorIndex, sent: Set<DescFile>, { case: question, value }: ServerReflectionRequest['messageRequest']): Answer {
  switch (question) {
    case 'fileByFilename':
      return files(known.fileByName(value), sent, value);
    case 'fileContainingSymbol':
      return files(known.fileBySymbol(value), sent, value);
    case 'fileContainingExtension': {
      const { containingType, extensionNumber } = value;
      return files(known.fileByExtension(containingType, extensionNumber), sent, `extension ${extensionNumber} of ${containingType}`);
    }
    case 'allExtensionNumbersOfType': {
      const extensionNumber = known.extensionNumbers(value);
      if (extensionNumber === undefined) return error(status.NOT_FOUND, `${value} not found`);
      return { case: 'allExtensionNumbersResponse', value: { baseTypeName: value, extensionNumber } };
    }
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: known.services.map((name) => ({ name })) } };
    default:
      return error(status.INVALID_ARGUMENT, 'the request asks for nothing');
  }
}

function files(file: DescFile | undefined, sent: Set<DescFile>, asked: string): Answer {
  if (file === undefined) return error(status.NOT_FOUND, `${asked} not found`);
  const due = withDependencies(file).filter((one) => one === file || !sent.has(one));
  for (const one of due) sent.add(one);
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto: due.map(fileBytes) } };
}

function error(errorCode: status, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
