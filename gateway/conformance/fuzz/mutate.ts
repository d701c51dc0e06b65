import type { Random } from './random.ts';

const troublesome = [
  '\r\n',
  '\n',
  '\0',
  ' ',
  ':',
  '%',
  '%00',
  '%2f',
  '..',
  '//',
  '\\',
  '\xff',
  '_',
  '{',
  '[',
  '"',
  '\t',
  '-1',
  '99999999999999999999',
  'chunked',
];

/** Changes some bytes: flips, cuts, doubles, puts in what has hurt others. */
export function mutate(random: Random, input: Buffer): Buffer {
  let out = input;
  for (let n = random.below(4); n >= 0; n--) {
    const at = random.below(out.length + 1);
    const end = Math.min(out.length, at + 1 + random.below(16));
    const [before, middle, after] = [out.subarray(0, at), out.subarray(at, end), out.subarray(end)];
    switch (random.below(5)) {
      case 0:
        out = Buffer.concat([before, random.bytes(middle.length), after]);
        break;
      case 1:
        out = Buffer.concat([before, after]);
        break;
      case 2:
        out = Buffer.concat([before, middle, middle, after]);
        break;
      case 3:
        out = Buffer.concat([before, Buffer.from(random.pick(troublesome), 'latin1'), middle, after]);
        break;
      default:
        if (at < out.length) {
          out = Buffer.from(out);
          out[at] = out[at]! ^ (1 << random.below(8));
        }
    }
  }
  return out;
}
