import { expect, test } from 'vitest';
import { withLazyRequires } from './lazy-requires.ts';

/** Runs a CommonJS module's source and tells in which order modules were required. */
function run(source: string, modules: Readonly<Record<string, object>>): { exports: Record<string, () => unknown>; required: string[] } {
  const required: string[] = [];
  const exports = {};
  const require = (name: string) => {
    required.push(name);
    return modules[name];
  };
  new Function('exports', 'require', source)(exports, require);
  return { exports, required };
}

const source = `
const first_1 = require("./first");
const second_1 = require("second");
exports.make = () => new first_1.First(2);
exports.call = () => (0, first_1.double)(4) + first_1.double(1);
exports.second = () => \`\${second_1.name} 1\`;
`;
const first = {
  First: class {
    readonly value: number;
    constructor(value: number) {
      this.value = value;
    }
  },
  double: (value: number) => value * 2,
};

test('a module is required once, when something of it is used', () => {
  const { exports, required } = run(withLazyRequires(source, 'google-gax/build/src/a.js'), {
    './first': first,
    second: { name: 'second' },
  });
  expect(required).toEqual([]);
  expect(exports['make']!()).toEqual({ value: 2 });
  expect(exports['call']!()).toBe(10);
  expect(required).toEqual(['./first']);
  expect(exports['second']!()).toBe('second 1');
  expect(required).toEqual(['./first', 'second']);
});

test('requires that are not at the top of the module stay', () => {
  const inner = 'function load() {\n  const late_1 = require("late");\n  return late_1;\n}\n';
  expect(withLazyRequires(inner, 'google-gax/build/src/a.js')).toBe(inner);
});

test('other packages stay as they are', () => {
  expect(withLazyRequires(source, '@grpc/grpc-js/build/src/a.js')).toBe(source);
});
