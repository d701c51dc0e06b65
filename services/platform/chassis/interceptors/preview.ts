import { Metadata } from '@grpc/grpc-js';
import { previewHeader, revisionHeader, withPreview } from '../../contracts/preview.ts';
import type { Interceptor } from '../server/served-method.ts';

/**
 * What the handler causes belongs to the previews that the call asks for. Only gateways and services get past the platform's check to say so. Who asks for a
 * preview is told which revision has answered, and so is the log: the default, where there is no such preview.
 */
export function preview(revision: string): Interceptor {
  return (next) => (call) => {
    const choice = call.header(previewHeader);
    if (choice === undefined) return next(call);
    call.revision = revision;
    call.answerHeaders ??= new Metadata();
    call.answerHeaders.set(revisionHeader, revision);
    return withPreview(choice, () => next(call));
  };
}
