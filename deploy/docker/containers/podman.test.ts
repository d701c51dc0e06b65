import { expect, test } from 'vitest';
import { bytesOf, ownLabel, type Podman, refuseBeyondMachine, removeOrphans, whyNoContainers } from './podman.ts';

const answering =
  (answers: Readonly<Record<string, string>>): Podman =>
  (...args) => {
    const key = Object.keys(answers).find((start) => args.join(' ').startsWith(start));
    if (key === undefined) return { code: 125, stdout: '', stderr: '' };
    const text = answers[key]!;
    return text.startsWith('!') ? { code: 125, stdout: '', stderr: text.slice(1) } : { code: 0, stdout: text, stderr: '' };
  };

test.each([
  ['no podman', {}, true, 'podman is not there: apt-get install podman runc'],
  [
    'another user than root',
    { '--version': 'podman version 4.3.1' },
    false,
    'limits of containers are for root to set here: run it as root',
  ],
  [
    'a podman that may not',
    { '--version': 'podman version 4.3.1', info: '!first\nError: mount is not permitted' },
    true,
    'podman cannot work here: Error: mount is not permitted',
  ],
])('%s is a reason not to run containers, and says what to do', (_, answers, isRoot, reason) => {
  expect(whyNoContainers(answering(answers), isRoot)).toBe(reason);
});

test.each(['v1 runc', 'v2 crun', 'v2 runc'])('control groups and runtime %s will do', (info) => {
  expect(whyNoContainers(answering({ '--version': 'podman version 4.3.1', info }), true)).toBeUndefined();
});

test('a manifest that asks for more than the machine has is refused with both figures', () => {
  const machine = { bytes: bytesOf('2Gi'), cpus: 2 };
  expect(() => refuseBeyondMachine('customer', { memory: '512Mi', cpu: '2' }, machine)).not.toThrow();
  expect(() => refuseBeyondMachine('customer', { memory: '4Gi', cpu: '1' }, machine)).toThrow(
    'customer is given 4Gi of memory by its manifest, and this machine has 2048Mi',
  );
  expect(() => refuseBeyondMachine('customer', { memory: '512Mi', cpu: '4' }, machine)).toThrow(
    'customer is given 4 CPUs by its manifest, and this machine has 2',
  );
  expect(() => bytesOf('512')).toThrow('memory "512": expected a number of Mi or Gi, such as "512Mi"');
});

test('containers of processes that are gone are removed, those of others stay', () => {
  const own = ownLabel().split('=')[1]!;
  const [pid] = own.split('-');
  const removed: string[] = [];
  removeOrphans((...args) => {
    if (args[0] === 'rm') removed.push(args.at(-1)!);
    // Of this process; of one before it that had its id; of one whose id nobody has.
    return { code: 0, stderr: '', stdout: args[0] === 'ps' ? `a ${own}\nb ${pid}-1\nc 4194304-77` : '' };
  });
  expect(removed).toEqual(['b', 'c']);
});
