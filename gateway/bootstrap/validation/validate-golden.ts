import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { descriptorFile } from '../../../services/platform/contracts/descriptor-file.ts';
import { documentsFolder } from '../../../services/platform/contracts/documents-folder.ts';
import { goldenFiles } from '../golden.ts';
import { validateWithEnvoy } from './envoy-binary.ts';
import type { Fault } from './fault.ts';

const wasmDir = join(import.meta.dirname, '../../../wasm-filters/build');

/** Puts every example environment's bootstraps to Envoy, with this machine's files in the place of the image's. Faults by the golden file's name. */
export function validateGoldenFiles(envoy: string): ReadonlyMap<string, readonly Fault[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kumiko-validate-'));
  try {
    const certificates = join(folder, 'ca.pem');
    writeFileSync(certificates, rootCertificates.join('\n'));
    return new Map(
      [...goldenFiles()].map(([name, text]) => {
        const file = join(folder, name);
        const here = text
          .replaceAll(/proto_descriptor: .*/g, `proto_descriptor: ${descriptorFile}`)
          .replaceAll(/filename: .*\/([a-z-]+\.wasm)/g, `filename: ${wasmDir}/$1`)
          .replaceAll(/filename: .*\/(page\.\w+|[a-z]+\.json)$/gm, `filename: ${documentsFolder}/$1`)
          .replaceAll(/filename: .*\.crt/g, `filename: ${certificates}`);
        writeFileSync(file, here);
        return [name, validateWithEnvoy(envoy, file)] as const;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
