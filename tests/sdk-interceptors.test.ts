import { Code, ConnectError, createClient, createRouterTransport, type Interceptor } from '@connectrpc/connect';
import { beforeEach, describe, expect, test } from 'vitest';
import { authorization, retries } from '../sdk/typescript/src/interceptors.ts';
import { CustomerService } from '../services/platform/contracts/gen/types/kumiko/customer/v1/customer_pb.js';
import { PartnerTokenService } from '../services/platform/contracts/gen/types/kumiko/partner/v1/identity_pb.js';

// What the package does around each call, on a server that answers as it is told.

let failures: ConnectError[];
let tokensSeen: (string | null)[];
let waits: number[];

beforeEach(() => {
  failures = [];
  tokensSeen = [];
  waits = [];
});

function transport(...interceptors: Interceptor[]) {
  const answer = async (_: unknown, { requestHeader }: { requestHeader: Headers }) => {
    tokensSeen.push(requestHeader.get('authorization'));
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return {};
  };
  return createRouterTransport(
    ({ service }) => {
      service(CustomerService, {
        getDeal: answer,
        watchGroup: async function* (request, context) {
          yield await answer(request, context);
        },
      });
      service(PartnerTokenService, { exchangeToken: answer });
    },
    { transport: { interceptors } },
  );
}

const unavailable = () => new ConnectError('not now', Code.Unavailable);
const wait = async (milliseconds: number) => void waits.push(milliseconds);

describe('a call that could not be answered', () => {
  const getDeal = () => createClient(CustomerService, transport(retries(wait))).getDeal({ name: 'deals/a' });

  test('is repeated until it is, later each time', async () => {
    failures = [unavailable(), unavailable(), unavailable()];
    await getDeal();
    expect(waits).toHaveLength(3);
    for (const [index, waited] of waits.entries()) expect(waited).toBeLessThanOrEqual(100 * 2 ** (index + 1));
  });

  test('is given up after four attempts, with the last error', async () => {
    failures = [unavailable(), unavailable(), unavailable(), new ConnectError('still not', Code.Unavailable)];
    await expect(getDeal()).rejects.toMatchObject({ rawMessage: 'still not' });
    expect(tokensSeen).toHaveLength(4);
  });

  test('is not repeated where the answer says something', async () => {
    failures = [new ConnectError('no such deal', Code.NotFound)];
    await expect(getDeal()).rejects.toMatchObject({ code: Code.NotFound });
    expect(tokensSeen).toHaveLength(1);
  });

  test('is not repeated where the proto does not say that it may be', async () => {
    failures = [unavailable()];
    const tokens = createClient(PartnerTokenService, transport(retries(wait)));
    await expect(tokens.exchangeToken({})).rejects.toMatchObject({ code: Code.Unavailable });
    expect(tokensSeen).toHaveLength(1);
  });

  test('is not repeated where it is a stream', async () => {
    failures = [unavailable()];
    const customers = createClient(CustomerService, transport(retries(wait)));
    const read = async () => {
      for await (const _message of customers.watchGroup({ name: 'groups/a' }));
    };
    await expect(read()).rejects.toMatchObject({ code: Code.Unavailable });
    expect(tokensSeen).toHaveLength(1);
  });

  test('is not repeated once its caller has given it up', async () => {
    failures = [unavailable()];
    const gone = new AbortController();
    const customers = createClient(
      CustomerService,
      transport(retries(wait), (next) => async (request) => {
        gone.abort();
        return next(request);
      }),
    );
    await expect(customers.getDeal({ name: 'deals/a' }, { signal: gone.signal })).rejects.toBeInstanceOf(ConnectError);
    expect(waits).toEqual([]);
  });
});

describe('a token', () => {
  const source = () => {
    const given = ['old', 'new', 'newer'];
    return { token: async () => given[0]!, refuse: (token: string) => void given.splice(given.indexOf(token), 1) };
  };

  test('that is refused is renewed once', async () => {
    failures = [new ConnectError('expired', Code.Unauthenticated)];
    await createClient(CustomerService, transport(authorization(source()))).getDeal({ name: 'deals/a' });
    expect(tokensSeen).toEqual(['Bearer old', 'Bearer new']);
  });

  test('that is refused again is the caller’s to hear of', async () => {
    failures = [new ConnectError('expired', Code.Unauthenticated), new ConnectError('still', Code.Unauthenticated)];
    const call = createClient(CustomerService, transport(authorization(source()))).getDeal({ name: 'deals/a' });
    await expect(call).rejects.toMatchObject({ rawMessage: 'still' });
    expect(tokensSeen).toEqual(['Bearer old', 'Bearer new']);
  });
});
