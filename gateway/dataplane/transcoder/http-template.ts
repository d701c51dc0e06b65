import { ConfigError } from '../config/read-config.ts';

/** A variable of a template: which segments of the path it takes. */
export interface TemplateVariable {
  readonly fieldPath: readonly string[];
  readonly start: number;
  /** The segment behind its last; negative counts from the path's end, where a "**" stands inside or before. */
  readonly end: number;
}

/** A parsed google.api.http template. */
export interface HttpTemplate {
  /** Literals, "*" and "**". */
  readonly segments: readonly string[];
  readonly verb: string;
  readonly variables: readonly TemplateVariable[];
}

/** Parses a template such as "/v1/{name=deals/*}:publish". @throws ConfigError quoting it. */
export function parseHttpTemplate(template: string): HttpTemplate {
  const fail = (why: string) => new ConfigError(`google.api.http template "${template}": ${why}`);
  if (!template.startsWith('/')) throw fail('it has to start with "/"');
  const segments: string[] = [];
  const variables: { fieldPath: string[]; start: number; end: number }[] = [];
  const verbMatch = /:([^/:{}]*)$/.exec(template);
  const verbInside = verbMatch !== null && template.indexOf('}', verbMatch.index) >= 0;
  const verb = verbMatch === null || verbInside ? '' : verbMatch[1]!;
  let rest = verbMatch === null || verbInside ? template.slice(1) : template.slice(1, verbMatch.index);
  while (rest !== '') {
    const variable = /^\{([\w.]+)(?:=([^}]+))?\}(?:\/|$)/.exec(rest);
    if (variable !== null) {
      const start = segments.length;
      segments.push(...(variable[2] ?? '*').split('/'));
      variables.push({ fieldPath: variable[1]!.split('.'), start, end: segments.length });
      rest = rest.slice(variable[0].length);
      continue;
    }
    const segment = /^([^/{}]+)(?:\/|$)/.exec(rest);
    if (segment === null) throw fail(`"${rest}" is no segment`);
    segments.push(segment[1]!);
    rest = rest.slice(segment[0].length);
  }
  const double = segments.indexOf('**');
  if (double >= 0) {
    if (segments.slice(double + 1).some((segment) => segment.startsWith('*'))) throw fail('only literals may follow "**"');
    for (const variable of variables) {
      if (variable.start > double) variable.start -= segments.length;
      if (variable.end > double) variable.end -= segments.length + 1;
    }
  }
  return { segments, verb, variables };
}
