import { createHmac } from 'node:crypto';

/** A signature header as providers send it. */
export function signed(secret: string, body: Uint8Array | string, at: Date): string {
  const time = Math.floor(at.getTime() / 1000);
  const hex = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
  return `t=${time},v1=${hex}`;
}
