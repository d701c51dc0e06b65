import { stringify } from 'yaml';
import { type BootstrapSource, compileBootstrap } from './compile-bootstrap.ts';

/**
 * The bootstrap as YAML, without anchors, so that each part can be read where it stands. Envoy reads YAML 1.1, where `on`, `yes` and `n` are no texts: they
 * are quoted.
 */
export function renderBootstrap(source: BootstrapSource): string {
  const header = '# Rendered from the protos and the environment. Do not edit.\n';
  return header + stringify(compileBootstrap(source), { aliasDuplicateObjects: false, lineWidth: 0, compat: 'yaml-1.1' });
}
