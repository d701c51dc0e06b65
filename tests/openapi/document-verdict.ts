import { type ApiDocument, bodySchema, type Schema } from './api-document.ts';
import { differenceOf } from './lenience.ts';
import { snake } from './snake.ts';
import type { Trial } from './trial.ts';

/** What a document says of a request. */
interface DocumentVerdict {
  readonly verdict: 'token' | 'invalid' | 'taken';
  /** Why it is invalid, each as the kind of difference that it is where the gateway takes it all the same; undefined where it must not. */
  readonly faults: readonly { readonly text: string; readonly lenience: string | undefined }[];
}

/** Judges a request by the document alone. */
export function documentVerdict(api: ApiDocument, trial: Trial): DocumentVerdict {
  const { operation, token, path, query, body } = trial;
  if (operation.security.length > 0 && token !== 'right') return { verdict: 'token', faults: [] };
  const faults: { text: string; lenience: string | undefined }[] = [];
  const judge = (where: string, schema: Schema, value: unknown) => {
    for (const error of api.errors(schema, value))
      faults.push({ text: `${where}${error.instancePath} ${error.message}`, lenience: differenceOf(error, api) });
  };
  for (const parameter of operation.parameters) {
    const { name, schema } = parameter;
    if (parameter.in === 'path') {
      judge(name, schema, path[name]);
      continue;
    }
    const values = query.filter(([one]) => one === name).map(([, value]) => value);
    if (values.length === 0) {
      const other = query.some(([one]) => one === snake(name));
      if (parameter.required === true) faults.push({ text: `${name} is missing`, lenience: other ? 'proto-name' : undefined });
      continue;
    }
    if (schema.type === 'array') judge(name, schema, values);
    else {
      if (values.length > 1) faults.push({ text: `${name} is there twice`, lenience: 'repeated-parameter' });
      // The last one counts.
      judge(name, schema, valueIn(values.at(-1)!, api.resolve(schema)));
    }
  }
  for (const [name] of query) {
    if (operation.parameters.some((parameter) => parameter.in === 'query' && parameter.name === name)) continue;
    const known = operation.parameters.some((parameter) => parameter.in === 'query' && snake(parameter.name) === name);
    faults.push({ text: `${name} is no parameter`, lenience: known ? 'proto-name' : undefined });
  }
  judgeBody();
  return { verdict: faults.length === 0 ? 'taken' : 'invalid', faults };

  function judgeBody(): void {
    const schema = bodySchema(operation);
    if (schema === undefined) return;
    if (body === undefined) {
      if (operation.requestBody?.required === true) faults.push({ text: 'the body is missing', lenience: undefined });
    } else if ('json' in body) judge('body', schema, body.json);
    // Envoy's reader takes names and texts between single quotes.
    else faults.push({ text: 'the body is no JSON', lenience: body.text.includes("'") ? 'single-quotes' : undefined });
  }
}

/** A text of the query as what its schema is about; the text itself where it is none. */
function valueIn(text: string, { type }: Schema): unknown {
  if (type === 'integer' || type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}
