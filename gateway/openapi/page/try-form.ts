import { errorText } from '../../../services/platform/contracts/error-text.ts';
import type { ApiDocument, Operation, Parameter } from './document.ts';
import { element } from './element.ts';
import { typeOf } from './schema-view.ts';

/** A form that calls an operation as it stands, with the page's token, and shows what comes back as it comes. */
export function tryForm(verb: string, path: string, operation: Operation, api: ApiDocument, token: () => string): HTMLElement {
  const fields = (operation.parameters ?? []).map((parameter) => ({ parameter, input: inputOf(parameter) }));
  const [contentType = '*/*', content] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
  const body = element('textarea', { rows: '8', 'aria-label': 'Body', spellcheck: 'false' });
  body.value = content?.example === undefined ? '{}' : JSON.stringify(content.example, null, 2);
  const sendButton = element('button', { type: 'submit' }, 'Send');
  const stopButton = element('button', { type: 'button' }, 'Stop');
  const answer = element('pre', { class: 'answer', 'aria-label': 'Answer' });
  let running: AbortController | undefined;
  stopButton.hidden = true;
  answer.hidden = true;
  stopButton.addEventListener('click', () => running?.abort());

  async function send(): Promise<void> {
    running = new AbortController();
    answer.hidden = false;
    answer.textContent = '…';
    sendButton.disabled = true;
    stopButton.hidden = false;
    try {
      const response = await fetch(urlOf(path, fields), {
        method: verb.toUpperCase(),
        headers: {
          ...(token() !== '' && { authorization: `Bearer ${token()}` }),
          ...(content !== undefined && { 'content-type': contentType === '*/*' ? 'application/json' : contentType }),
        },
        ...(content !== undefined && { body: body.value }),
        signal: running.signal,
      });
      answer.textContent = `${response.status} ${response.statusText}\n\n`;
      await show(response, answer);
    } catch (error) {
      const ended = error instanceof Error && error.name === 'AbortError';
      answer.append(ended ? '\n(stopped)' : `\nNo answer: ${errorText(error)}`);
    } finally {
      sendButton.disabled = false;
      stopButton.hidden = true;
    }
  }

  const form = element(
    'form',
    {},
    element('h3', {}, 'Try it'),
    ...fields.map(({ parameter, input }) =>
      element(
        'label',
        { class: 'parameter' },
        element('span', {}, element('code', {}, parameter.name), parameter.required === true ? ' *' : ''),
        input,
        element('span', { class: 'quiet' }, [typeOf(parameter.schema, api), parameter.description].filter(Boolean).join('. ')),
      ),
    ),
    content === undefined ? undefined : body,
    sendButton,
    stopButton,
    answer,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void send();
  });
  return form;
}

interface Field {
  readonly parameter: Parameter;
  readonly input: HTMLInputElement;
}

function inputOf({ name, example, schema }: Parameter): HTMLInputElement {
  const input = element('input', { name, spellcheck: 'false' });
  // What is repeated with one value of it answers as the first time: each form has its own.
  input.value = schema.format === 'uuid' ? crypto.randomUUID() : example === undefined ? '' : String(example);
  return input;
}

/** The path with its parameters, and the query of those that are not empty. */
function urlOf(path: string, fields: readonly Field[]): string {
  const query = new URLSearchParams();
  let filled = path;
  for (const { parameter, input } of fields) {
    if (parameter.in === 'path') filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    else if (input.value !== '') query.append(parameter.name, input.value);
  }
  return query.size === 0 ? filled : `${filled}?${query}`;
}

/** The body as it comes: a JSON document with line breaks, a stream line by line. */
async function show(response: Response, answer: HTMLElement): Promise<void> {
  const start = answer.textContent ?? '';
  const decoder = new TextDecoder();
  let text = '';
  for (const reader = response.body?.getReader(); reader !== undefined; ) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    answer.textContent = start + text;
  }
  try {
    answer.textContent = start + JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Lines of a stream, or no JSON: as it came.
  }
}
