import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { podman } from '../containers/podman.ts';
import { builtImage, missingImages } from './built-images.ts';

const skipped = missingImages();

test.skipIf(skipped !== undefined)(
  `no container is left where whoever started it is killed${skipped === undefined ? '' : ` (${skipped})`}`,
  async () => {
    const script = `
    import { ImageContainer } from ${JSON.stringify(join(import.meta.dirname, 'image-container.ts'))};
    import { ownLabel, removeWithParent } from ${JSON.stringify(join(import.meta.dirname, '../containers/podman.ts'))};
    removeWithParent();
    const container = new ImageContainer({ image: ${JSON.stringify(builtImage('gateway'))}, limits: { memory: '512Mi', cpu: '1' }, env: { GATEWAY_ROLE: 'edge' } });
    while (!container.isRunning) await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(ownLabel());
    setInterval(() => {}, 1_000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [label] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string];
    const containers = () => podman('ps', '--all', '--quiet', '--filter', `label=${label}`).stdout;
    expect(containers()).not.toBe('');
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    while (containers() !== '') await delay(50);
  },
);

test.skipIf(skipped !== undefined)(
  `an image that does not start shows its log${skipped === undefined ? '' : ` (${skipped})`}`,
  async () => {
    const { ImageContainer } = await import('./image-container.ts');
    const container = new ImageContainer({
      image: builtImage('gateway'),
      limits: { memory: '512Mi', cpu: '1' },
      env: { GATEWAY_ROLE: 'none' },
      port: 9,
    });
    await expect(container.listening()).rejects.toThrow(
      'ended with code 1 before it listened:\n{"severity":"CRITICAL","message":"GATEWAY_ROLE is missing or wrong',
    );
    await container.stop('SIGKILL');
  },
);
