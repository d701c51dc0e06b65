/** A part of the platform. */
export interface PicturePart {
  readonly id: string;
  readonly kind: 'client' | 'gateway' | 'service' | 'topic' | 'queue' | 'schedule' | 'store' | 'outside';
  readonly label: string;
}

/** From whom to whom something goes, such as "edge>customer". */
export type Way = `${string}>${string}`;

/** What goes along a way just now. */
export interface WayRate {
  readonly way: Way;
  readonly perSecond: number;
  readonly failed: number;
  readonly p95Ms: number;
}
