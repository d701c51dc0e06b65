/** The header with which a workload's ID token comes to the IAM check of a service. */
export function identityHeader(token: string): { 'x-serverless-authorization': string } {
  return { 'x-serverless-authorization': `Bearer ${token}` };
}

/** The same as the check leaves it: for calls of the service itself. */
export function checkedIdentityHeader(token: string): { 'x-serverless-authorization': string } {
  return identityHeader([...token.split('.').slice(0, 2), 'SIGNATURE_REMOVED_BY_GOOGLE'].join('.'));
}
