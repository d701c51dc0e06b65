/** Runs instances: it starts and ends their processes. Whether one stands still meanwhile is not its business. */
export interface InstanceHost {
  /** Starts an instance of a revision and resolves when it listens. @throws {Error} where it does not come up. */
  start(revision: string): Promise<HostedInstance>;
}

/** A process that listens. */
export interface HostedInstance {
  /** Such as "customer", or "customer.2" for the second one. */
  readonly id: string;
  /** Another one where somebody has restarted it. */
  readonly pid: number;
  readonly port: number;
  /** Resolves when it has ended, with how: "exit code 1", "SIGKILL". */
  readonly ended: Promise<string>;
  /** Ends it by SIGTERM and, ten seconds later, by SIGKILL. https://docs.cloud.google.com/run/docs/container-contract#instance-shutdown */
  stop(): void;
}
