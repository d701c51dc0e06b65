import { join } from 'node:path';
import { imageEnvironment, nodeFlags } from './image-environment.ts';
import { RunningServer } from './running-server.ts';

/** A server that runs from an assembled tree as from its image: this process's Node, the files of the tree, no variable but those given. */
export class ImageProcess extends RunningServer {
  /** @param flags of Node, beside the image's. */
  constructor(tree: string, env: Readonly<Record<string, string>>, flags: readonly string[] = []) {
    const folder = join(tree, 'app');
    super({
      command: process.execPath,
      args: [...nodeFlags, ...flags, join(folder, 'main.js')],
      cwd: folder,
      env: { ...imageEnvironment, ...env },
    });
  }
}
