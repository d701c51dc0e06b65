import { expect, test } from 'vitest';
import { treesOf } from './build-stages.ts';

test('the trees of a stage are those that its build names', () => {
  const said = [
    'STEP 3/3: RUN npm run -s assemble',
    'tree of control-plane: control-plane-0a',
    'assembling orders',
    'tree of orders: orders-1b',
    '',
  ];
  expect(treesOf(said.join('\n'))).toEqual({ 'control-plane': 'control-plane-0a', orders: 'orders-1b' });
});
