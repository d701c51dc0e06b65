import { previewHeader, withPreview } from '../../contracts/preview.ts';
import type { Interceptor } from '../server/served-method.ts';

/** What the handler causes belongs to the previews that the call asks for. Only gateways and services get past the platform's check to say so. */
export const preview: Interceptor = (next) => (call) => withPreview(call.header(previewHeader), () => next(call));
