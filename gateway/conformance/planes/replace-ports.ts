interface Addressed {
  readonly address: { readonly socket_address: Readonly<Record<string, unknown>> };
}

interface Parts {
  readonly admin: Addressed;
  readonly static_resources: { readonly listeners: readonly Addressed[] };
}

/** The same bootstrap on free ports of loopback: every listener and the admin interface. */
export function replacePorts(bootstrap: unknown): unknown {
  const { admin, static_resources: resources } = bootstrap as Parts;
  const free = <T extends Addressed>(one: T): T => ({
    ...one,
    address: { socket_address: { ...one.address.socket_address, address: '127.0.0.1', port_value: 0 } },
  });
  return {
    ...(bootstrap as object),
    admin: free(admin),
    static_resources: { ...resources, listeners: resources.listeners.map(free) },
  };
}
