// Events as Stripe signs them, made with Stripe's own library.

import { Stripe } from 'stripe'

export const WEBHOOK_SECRET = 'whsec_test'

/** The header that goes with this text when it is signed at that time. */
export function signatureOf(text: string, at: Date, secret = WEBHOOK_SECRET): string {
  return Stripe.webhooks.generateTestHeaderString({ payload: text, secret, timestamp: Math.floor(at.getTime() / 1000) })
}

/** An event that is about nothing of ours. */
export function eventText(at: Date): object {
  return { id: 'evt_table', object: 'event', type: 'balance.available', created: Math.floor(at.getTime() / 1000), livemode: false, data: { object: {} } }
}
