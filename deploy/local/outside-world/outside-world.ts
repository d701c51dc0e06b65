import type { OutsideWorld } from '../cloud/outside-systems.ts';

/** Whom the marketplace deals with. Each is loaded when it is started: their names are wanted by many. */
export const outsideWorld: OutsideWorld = {
  async payment_provider({ secret, ...options }) {
    const { startPaymentProvider } = await import('./payment-provider/payment-provider.ts');
    const server = await startPaymentProvider({
      ...options,
      key: secret('payment-provider-key'),
      webhookSecret: secret('payment-webhook'),
    });
    return { release: (edgeUrl) => server.setWebhookUrl(`${edgeUrl}/v1/webhooks/payments/yamapay`) };
  },

  async carrier({ secret, ...options }) {
    const { startCarrier } = await import('./carrier/carrier.ts');
    const server = await startCarrier({ ...options, key: secret('carrier-key'), webhookSecret: secret('carrier-webhook') });
    return { release: (edgeUrl) => server.setWebhookUrl(`${edgeUrl}/v1/webhooks/shipments/hayabusa`) };
  },

  async inventory({ secret, ...options }) {
    const { startInventory } = await import('./inventory/inventory.ts');
    await startInventory({ ...options, key: secret('inventory-key') });
    return {};
  },
};
