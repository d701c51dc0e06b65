type Child = Node | string | undefined;

/** An element with attributes and children. Texts are texts: nothing of a document is read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Paragraphs, lists by hyphens, and `code` between backticks: what descriptions have of CommonMark. */
export function prose(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (const block of text.split('\n\n')) {
    const lines = block.split('\n');
    const isList = lines.every((line) => line.startsWith('- '));
    if (isList) fragment.append(element('ul', {}, ...lines.map((line) => element('li', {}, ...inline(line.slice(2))))));
    else fragment.append(element('p', {}, ...inline(block)));
  }
  return fragment;
}

function inline(text: string): (Node | string)[] {
  return text.split(/`([^`]+)`/).map((part, index) => (index % 2 === 1 ? element('code', {}, part) : part));
}
