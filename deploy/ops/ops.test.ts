import { createFileRegistry } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { Access } from '../../services/platform/contracts/gen/types/kumiko/platform/v1/options_pb.js';
import { listMethods, readDescriptorSet } from '../../services/platform/contracts/methods.ts';
import { operatorCommands } from './operator-commands.ts';
import { fullName, readRequest } from './read-request.ts';

const registry = createFileRegistry(readDescriptorSet());
const commands = operatorCommands();
const command = (name: string) => commands.find((candidate) => candidate.name === name)!;

describe('the commands of operators', () => {
  it('are all of the methods for operators, by names of their own', () => {
    const methods = listMethods(registry).filter(({ policy }) => policy?.access === Access.OPERATOR);
    expect(commands).toHaveLength(methods.length);
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  });

  it('have no option that the command has itself', () => {
    const taken = commands.flatMap(({ options }) => options).filter(({ name }) => ['url', 'token', 'state-dir', 'help'].includes(name));
    expect(taken).toEqual([]);
  });
});

describe('a name', () => {
  it.each([
    ['partners/*', 'acme', 'partners/acme'],
    ['partners/*', 'partners/acme', 'partners/acme'],
    ['orders/*/story', '3f', 'orders/3f/story'],
    ['orders/*/story', 'orders/3f', 'orders/3f/story'],
    ['orders/*/story', 'orders/3f/story', 'orders/3f/story'],
    ['partners/*/keys/*', 'acme/k1', 'partners/acme/keys/k1'],
    ['partners/*/keys/*', 'partners/acme/keys/k1', 'partners/acme/keys/k1'],
  ])('of the form %s is meant by %s', (pattern, typed, name) => expect(fullName(pattern, typed)).toBe(name));

  it.each([
    ['partners/*', ''],
    ['partners/*', 'deals/lamp'],
    ['partners/*/keys/*', 'acme'],
    ['partners/*/keys/*', 'partners/acme'],
    ['orders/*/story', 'orders/3f/keys'],
  ])('of the form %s is not meant by "%s"', (pattern, typed) =>
    expect(() => fullName(pattern, typed)).toThrow(`"${typed}" is no ${pattern}`),
  );
});

describe('a request', () => {
  it('is made of names and options', () => {
    const request = readRequest(command('list-partner-keys'), { positionals: ['acme'], values: { 'page-size': '7' } }, registry);
    expect(request).toMatchObject({ parent: 'partners/acme', pageSize: 7 });
    const values = { 'partner-id': 'acme', partner: '{"display_name": "Acme"}' };
    const registering = readRequest(command('register-partner'), { positionals: [], values }, registry);
    expect(registering).toMatchObject({ partnerId: 'acme', partner: { displayName: 'Acme' } });
    const masked = readRequest(command('update-partner'), { positionals: [], values: { 'update-mask': 'displayName' } }, registry);
    expect(masked).toMatchObject({ updateMask: { paths: ['display_name'] } });
  });

  it('is refused with what is wrong', () => {
    const read = (name: string, positionals: string[], values = {}) => readRequest(command(name), { positionals, values }, registry);
    expect(() => read('get-partner', [])).toThrow('get-partner takes 1 argument: partners/*');
    expect(() => read('get-backlogs', ['x'])).toThrow('get-backlogs takes 0 arguments: none');
    expect(() => read('register-partner', [], { partner: '{' })).toThrow('--partner { is no JSON');
    expect(() => read('register-partner', [], { partner: '{"titel": "x"}' })).toThrow('titel');
    expect(() => read('list-partners', [], { 'page-size': 'many' })).toThrow('page_size');
  });
});
