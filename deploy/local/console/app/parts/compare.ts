/** A line of two texts side by side. */
interface ComparedLine {
  readonly left: string | undefined;
  readonly right: string | undefined;
}

const mostLines = 1_500;

/** Two texts line by line: what is the same stands beside each other, by the longest common run of lines. Long ones are compared place by place. */
export function compareLines(left: string, right: string): ComparedLine[] {
  const [a, b] = [left.split('\n'), right.split('\n')];
  if (a.length > mostLines || b.length > mostLines) {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => ({ left: a[index], right: b[index] }));
  }
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j] ? common[(i + 1) * width + j + 1]! + 1 : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: ComparedLine[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) lines.push({ left: a[i++], right: b[j++] });
    else if (j >= b.length || (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!))
      lines.push({ left: a[i++], right: undefined });
    else lines.push({ left: undefined, right: b[j++] });
  }
  return lines;
}
