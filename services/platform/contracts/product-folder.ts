import { join, resolve } from 'node:path';

const here = join(import.meta.dirname, '../../..');

/** The folder of the product that runs on the platform: it has `proto/` and `services/`. KUMIKO_PRODUCT names another than this repository. */
export const productFolder = resolve(process.env['KUMIKO_PRODUCT'] ?? here);

/** The folder of the product's services, each in a folder of its name. */
export const servicesFolder = join(productFolder, 'services');

/** What `npm run build` derives from the product's protos. */
export const genFolder = productFolder === here ? join(import.meta.dirname, 'gen') : join(productFolder, 'gen');
