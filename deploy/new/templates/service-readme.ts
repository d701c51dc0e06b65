import type { ResourceNames } from './resource-names.ts';

/** A service's README.md. */
export function serviceReadme({ product, service, type, types, collection, table, words }: ResourceNames, folder: string): string {
  return `# ${service}

Owns each ${words}. To be written: what for.

## Methods
\`proto/${product}/${service}/v1/${service}.proto\`.

Get${type}, GET \`/v1/{name=${collection}/*}\`, and List${types}, GET \`/v1/${collection}\`, for anybody through the edge gateway.

## Rules
To be written: what always holds.

## Tables
Schema \`${service}\`: ${table}, outbox, inbox, requests. \`migrations/\` makes them. Nobody else reads them.

## Events
Out: none. In: none.

## Environment
What every service has (\`services/platform/chassis/process/config.ts\`).

## Tests
\`npx vitest run ${folder}\`
`;
}
