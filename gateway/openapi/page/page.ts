import { errorText } from '../../../services/platform/contracts/error-text.ts';
import type { ApiDocument, Operation } from './document.ts';
import { element, prose } from './element.ts';
import { schemaView, typeOf } from './schema-view.ts';
import { tryForm } from './try-form.ts';

const main = part('#reference', HTMLElement);
const title = part('#title', HTMLElement);
const navigation = part('#documents', HTMLElement);
const tokenInput = part('#token', HTMLInputElement);

/** A part of the page as it was sent. */
function part<E extends Element>(selector: string, kind: new () => E): E {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} ${selector}`);
  return found;
}

async function read<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} is answered with ${response.status}`);
  return (await response.json()) as T;
}

/** The page of one document: "#partners", or the first. */
async function showDocument(): Promise<void> {
  try {
    const { documents } = await read<{ documents: readonly string[] }>('/openapi');
    const wanted = documents.find((path) => nameOf(path) === location.hash.slice(1)) ?? documents[0];
    if (wanted === undefined) throw new Error('the gateway has no document');
    navigation.replaceChildren(
      ...documents.map((path) =>
        element('a', { href: `#${nameOf(path)}`, ...(path === wanted && { 'aria-current': 'page' }) }, nameOf(path)),
      ),
    );
    showApi(await read<ApiDocument>(wanted), wanted);
  } catch (error) {
    main.replaceChildren(element('p', { role: 'alert' }, `The reference cannot be shown: ${errorText(error)}`));
  }
}

function nameOf(path: string): string {
  return /([^/]+)\.json$/.exec(path)?.[1] ?? path;
}

function showApi(api: ApiDocument, source: string): void {
  title.textContent = api.info.title;
  document.title = api.info.title;
  const operations = Object.entries(api.paths).flatMap(([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ path, verb, operation })),
  );
  main.replaceChildren(
    prose(api.info.description),
    element('p', {}, 'The document for generators: ', element('a', { href: source }, source)),
    ...api.tags.flatMap(({ name, description }) => [
      element('h2', {}, name),
      prose(description),
      ...operations
        .filter(({ operation }) => operation.tags.includes(name))
        .map(({ verb, path, operation }) => operationView(verb, path, operation, api)),
    ]),
  );
}

/** One operation; what is in it is made when it is opened. */
function operationView(verb: string, path: string, operation: Operation, api: ApiDocument): HTMLElement {
  const view = element(
    'details',
    { class: 'operation', id: operation.operationId },
    element(
      'summary',
      {},
      element('span', { class: 'verb' }, verb.toUpperCase()),
      element('code', {}, path),
      ' ',
      element('span', { class: 'quiet' }, `${operation.summary}${operation.security.length === 0 ? ' (no token)' : ''}`),
    ),
  );
  view.addEventListener('toggle', () => view.append(...operationParts(verb, path, operation, api)), { once: true });
  return view;
}

function operationParts(verb: string, path: string, operation: Operation, api: ApiDocument): HTMLElement[] {
  const [body] = Object.values(operation.requestBody?.content ?? {});
  return [
    element(
      'div',
      {},
      prose(operation.description),
      element('p', { class: 'quiet' }, 'By gRPC: ', element('code', {}, operation['x-grpc-method'])),
      ...(body === undefined
        ? []
        : [element('h3', {}, 'Body'), prose(operation.requestBody?.description ?? ''), schemaView(body.schema, api)]),
      tryForm(verb, path, operation, api, () => tokenInput.value.trim()),
      element('h3', {}, 'Answers'),
      ...Object.entries(operation.responses).flatMap(([status, { description, content }]) => {
        const [shown] = Object.values(content ?? {});
        const text = description ?? 'Every other error, in the same form.';
        return [
          element('h4', {}, status, ' ', element('span', { class: 'type' }, shown === undefined ? '' : typeOf(shown.schema, api))),
          prose(text),
          status === '200' && shown !== undefined ? schemaView(shown.schema, api) : element('span'),
        ];
      }),
    ),
  ];
}

addEventListener('hashchange', () => void showDocument());
await showDocument();
