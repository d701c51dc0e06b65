import type { HeaderValueOption } from './config/route-config.ts';
import type { Headers } from './header-map.ts';
import type { HttpStream } from './http-stream.ts';
import { compileFormat } from './substitution.ts';

/** Changes headers for one stream. */
export type HeaderEdit = (headers: Headers, stream: HttpStream) => void;

/** Compiles *_headers_to_remove, then *_headers_to_add. Returns undefined where there is nothing to do, so that it costs nothing. */
export function compileHeaderEdits(add: readonly HeaderValueOption[], remove: readonly string[]): HeaderEdit | undefined {
  if (add.length === 0 && remove.length === 0) return undefined;
  const adders = add.map(compileHeaderValue);
  return (headers, stream) => {
    for (const name of remove) headers.remove(name);
    for (const adder of adders) adder(headers, stream);
  };
}

/** Compiles envoy.config.core.v3.HeaderValueOption; values may hold %COMMANDS%. */
export function compileHeaderValue(option: HeaderValueOption): HeaderEdit {
  const name = option.header.key;
  const format = compileFormat(option.header.value);
  return (headers, stream) => {
    const value = format(stream) ?? '';
    if (value === '' && !option.keep_empty_value) return;
    const present = headers.get(name) !== undefined;
    switch (option.append_action) {
      case 'APPEND_IF_EXISTS_OR_ADD':
        headers.add(name, value);
        break;
      case 'ADD_IF_ABSENT':
        if (!present) headers.add(name, value);
        break;
      case 'OVERWRITE_IF_EXISTS_OR_ADD':
        headers.set(name, value);
        break;
      case 'OVERWRITE_IF_EXISTS':
        if (present) headers.set(name, value);
    }
  };
}
