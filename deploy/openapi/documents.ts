import { createFileRegistry } from '@bufbuild/protobuf';
import type { JsonObject } from '../../gateway/bootstrap/json.ts';
import { audiences } from '../../gateway/openapi/audience.ts';
import { readCommentedSet } from '../../gateway/openapi/commented-set.ts';
import { openApiDocument } from '../../gateway/openapi/document.ts';
import { errorDomain } from '../../services/platform/chassis/errors/error-trailers.ts';
import { product } from '../../services/platform/contracts/services.ts';
import { errorReasons } from '../error-catalogue.ts';

/** The OpenAPI documents of the product, by their files' names: one for each audience. */
export async function openApiDocuments(): Promise<ReadonlyMap<string, JsonObject>> {
  const errors = { reasons: await errorReasons(), domain: errorDomain };
  const registry = createFileRegistry(readCommentedSet());
  const title = `${product.charAt(0).toUpperCase()}${product.slice(1)}`;
  return new Map(audiences.map((audience) => [`${audience}.json`, openApiDocument({ audience, title, errors, registry })]));
}
