import { type Context, ROOT_CONTEXT, type Span, trace } from '@opentelemetry/api';

/** A context that holds a span and nothing else, as every call begins with: the API's own copies a Map for each value. */
export class SpanOnlyContext implements Context {
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === spanKey ? this.#span : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return trace.setSpan(ROOT_CONTEXT, this.#span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === spanKey ? ROOT_CONTEXT : this;
  }
}

/** Under which the API keeps spans: it tells nobody but a context that it asks. */
const spanKey = ((): symbol => {
  let asked: symbol | undefined;
  const getValue = (key: symbol) => {
    asked = key;
  };
  trace.getSpan({ ...ROOT_CONTEXT, getValue });
  return asked!;
})();
