import { ImagesError } from './images-error.ts';

/**
 * The time of every file in an image, in seconds since 1970: the same in each commit, so that a layer in which nothing has changed is the same layer, whether its
 * builder kept it or made it again. SOURCE_DATE_EPOCH sets another one (https://reproducible-builds.org/docs/source-date-epoch/).
 *
 * @throws {ImagesError} where that is no number of seconds.
 */
export function layerTimeSeconds(set: string | undefined = process.env['SOURCE_DATE_EPOCH']): number {
  if (set === undefined) return 0;
  if (!/^\d{1,10}$/.test(set)) throw new ImagesError(`SOURCE_DATE_EPOCH is "${set}": expected seconds since 1970`);
  return Number(set);
}
