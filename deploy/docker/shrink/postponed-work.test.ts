import { expect, test } from 'vitest';
import { changed } from './postponed-work.ts';

const messageClasses = '/anywhere/node_modules/@google-cloud/renamed-api/build/protos/protos.js';

test('message classes of a client that nothing stands in for end the build, and say where to name them', () => {
  expect(() => changed(messageClasses)).toThrow(
    '@google-cloud/renamed-api/build/protos/protos.js has message classes: name it in enumModules',
  );
});
