import dagre from '@dagrejs/dagre';
import type { PicturePart, Way } from '../../cloud/inspect/picture-part.ts';
import type { Picture } from '../api.ts';

const height = 38;
const widthOf = (label: string) => Math.max(84, label.length * 7.6 + 20);

/** Where each part stands and each way goes, from the left to the right. */
export function layOut(parts: readonly PicturePart[], ways: readonly Way[]): Picture {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 60, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, label } of parts) graph.setNode(id, { width: widthOf(label), height });
  for (const way of ways) {
    const [from, to] = way.split('>') as [string, string];
    graph.setEdge(from, to);
  }
  dagre.layout(graph);
  const whole = graph.graph();
  return {
    width: whole.width ?? 0,
    height: whole.height ?? 0,
    parts: parts.map((part) => {
      const { x, y, width } = graph.node(part.id);
      return { ...part, x: x - width / 2, y: y - height / 2, width, height };
    }),
    ways: ways.map((way) => {
      const [from, to] = way.split('>') as [string, string];
      return {
        id: way,
        from,
        to,
        points: graph.edge(from, to).points.map(({ x, y }: { x: number; y: number }) => [Math.round(x), Math.round(y)] as const),
      };
    }),
  };
}
