import { join } from 'node:path';
import { genFolder } from './product-folder.ts';

/** The folder of what the edge shows of the API, which `npm run build` makes: OpenAPI documents, and the page that reads them. */
export const documentsFolder = join(genFolder, 'openapi');
