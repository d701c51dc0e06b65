import { services } from '../../services/platform/contracts/services.ts';

/** The path that a method has by REST, such as "/v1/partner/token". @throws {TypeError} where it has none, or where there is no such method. */
export function restPathOf(grpcPath: string): string {
  const methods = services.flatMap(({ grpcServices }) => grpcServices.flatMap((service) => service.methods));
  const rest = methods.find(({ path }) => path === grpcPath)?.rest;
  if (rest === undefined) throw new TypeError(`${grpcPath} has no REST path`);
  return rest.path;
}
