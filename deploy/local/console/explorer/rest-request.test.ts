import { describe, expect, it } from 'vitest';
import { HttpProblem } from '../../shared/http/http-problem.ts';
import { describeMethods } from './described-methods.ts';
import { restRequest } from './rest-request.ts';

const methods = describeMethods();
const bound = methods.rows.filter(({ rest }) => rest !== undefined).map(({ name }) => ({ name, method: methods.method(name)! }));

function requestOf(name: string, message: object) {
  const { desc, http } = methods.method(bound.find((row) => row.name.endsWith(name))!.name)!;
  return restRequest(http, desc.input, JSON.parse(JSON.stringify(message)), methods.registry);
}

describe('a message as a REST request', () => {
  it.each(bound)('every sample of $name can be sent, and its path has no variable left', ({ name, method }) => {
    const { sample } = methods.form(method);
    const { path } = requestOf(name, sample as object);
    expect(path).toMatch(/^\/v1\//);
    expect(path.split('?')[0]).not.toMatch(/[{}*]|undefined/);
  });

  it('puts what the path names into the path, and the rest into the query', () => {
    expect(requestOf('CustomerService/ListDeals', { pageSize: 5, filter: 'partner = "a&b"' })).toEqual({
      method: 'GET',
      path: '/v1/deals?pageSize=5&filter=partner+%3D+%22a%26b%22',
    });
    expect(requestOf('CustomerService/GetOrder', { name: 'orders/a b' }).path).toBe('/v1/orders/a%20b');
  });

  it('puts the field that body names into the body', () => {
    const { path, body } = requestOf('PartnerService/CreateDeal', { deal: { title: 'Tea' }, request_id: 'r' });
    expect([path, JSON.parse(body!)]).toEqual(['/v1/partner/deals?requestId=r', { title: 'Tea' }]);
  });

  it.each(['', 'orders', 'deals/1', 'orders/1/2', 'orders/'])('refuses %j for a path of orders, and says what is wrong', (name) => {
    expect(() => requestOf('CustomerService/GetOrder', { name })).toThrow(HttpProblem);
    expect(() => requestOf('CustomerService/GetOrder', { name })).toThrow(/"name" is a part of the path, like orders\/\*/);
  });
});

it('every method has somebody who may call it, and a form', () => {
  for (const { name, identity, access } of methods.rows) {
    expect([name, identity.kind]).toEqual([name, access === 'public' ? 'none' : access]);
    expect(identity.subject === '').toBe(identity.kind === 'none');
    expect(methods.form(methods.method(name)!).fields).toBeInstanceOf(Array);
  }
});
