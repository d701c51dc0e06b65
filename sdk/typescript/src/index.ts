export { type ApiError, apiError } from './api-error.js';
export { authorization, retries } from './interceptors.js';
export { type PartnerCredentials, partnerTokens, type TokenSource } from './partner-token.js';
export { type Reason, reasons } from './reasons.js';
export { type ApiOptions, apiTransport } from './transport.js';
