/** What the drill's customers, partner and provider were told: none of it may be lost. */
export interface Journal {
  /** The answers to OpenGroup and JoinGroup. */
  readonly placements: Placement[];
  /** Placements of which no answer came until patience ended: the order may be there or not. */
  readonly unanswered: { readonly customer: string; readonly requestId: string }[];
  /** What the provider answered to confirmations. */
  readonly confirmations: { readonly order: string; readonly intent: string; readonly status: 'authorized' | 'declined' }[];
  /** Orders that CancelOrder answered as cancelled. */
  readonly cancellations: string[];
  /** Orders that ShipOrder answered as shipped. */
  readonly shipments: { readonly order: string; readonly trackingNumber: string }[];
  /** Parcels that the carrier delivered. */
  readonly deliveries: string[];
  /** Deals that PublishDeal answered as published, with their stock. */
  readonly deals: { readonly name: string; readonly stock: number }[];
  /** What was seen to be wrong while the load ran. */
  readonly incidents: string[];
}

/** An acknowledged place in a group. */
export interface Placement {
  readonly customer: string;
  readonly requestId: string;
  readonly order: string;
  readonly group: string;
}

/** An empty journal. */
export function createJournal(): Journal {
  return { placements: [], unanswered: [], confirmations: [], cancellations: [], shipments: [], deliveries: [], deals: [], incidents: [] };
}
