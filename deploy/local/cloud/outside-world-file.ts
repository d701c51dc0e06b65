import { join } from 'node:path';
import { productFolder } from '../../../services/platform/contracts/product-folder.ts';

/** Where a product has its outside world, if it has one. */
export const outsideWorldFile = join(productFolder, 'deploy/local/outside-world/outside-world.ts');
