// The payment processor that the configuration names, or none.

import type { Config } from '../base/config.ts'
import { createStripeProcessor, type Processor } from '../payouts/index.ts'

/** Throws when only one of its two secrets is given. */
export function processorOf(config: Pick<Config, 'RINGFENCE_STRIPE_KEY' | 'RINGFENCE_STRIPE_WEBHOOK_SECRET' | 'RINGFENCE_STRIPE_URL'>): Processor | null {
  const { RINGFENCE_STRIPE_KEY: secretKey, RINGFENCE_STRIPE_WEBHOOK_SECRET: webhookSecret, RINGFENCE_STRIPE_URL: url } = config
  if (secretKey === undefined && webhookSecret === undefined) return null
  if (secretKey === undefined || webhookSecret === undefined) throw new Error('RINGFENCE_STRIPE_KEY and RINGFENCE_STRIPE_WEBHOOK_SECRET are given together.')
  return createStripeProcessor({ secretKey, webhookSecret, ...(url === undefined ? {} : { server: serverOf(new URL(url)) }) })
}

function serverOf({ protocol, hostname, port }: URL): { host: string; port: number; protocol: 'http' | 'https' } {
  const isPlain = protocol === 'http:'
  return { host: hostname, port: port === '' ? (isPlain ? 80 : 443) : Number(port), protocol: isPlain ? 'http' : 'https' }
}
