/** Room for one stream's bytes in flight; the protocol's 64 KiB would make large messages wait for the other side. */
export const streamWindowBytes = 1 << 18;
/** The same for all streams of a connection together. */
export const sessionWindowBytes = 1 << 22;
/** Node refuses streams past this much memory of a session; its default of 10 MB is for one client, not for a platform. */
export const maxSessionMemoryMib = 512;
