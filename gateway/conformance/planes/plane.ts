/** A data plane that serves one bootstrap. */
export interface RunningPlane {
  /** Bound ports by listener name. */
  readonly ports: Readonly<Record<string, number>>;
  readonly adminPort: number;
  close(): Promise<void>;
}

/** A kind of data plane: the embedded one, or an Envoy. */
export interface Plane {
  /** For headings. */
  readonly name: string;
  /** Whose list of known gaps counts. */
  readonly kind: 'embedded' | 'envoy';
  /** Serves a bootstrap on free ports. `folder` is for files that it needs meanwhile. */
  start(bootstrap: unknown, folder: string): Promise<RunningPlane>;
}
