// The configuration in one typed place: every setting with its meaning, default and check. Read from the environment by main alone.

import ipaddr from 'ipaddr.js'
import { z } from 'zod'

/** Parts of a comma-separated list, without empty ones. */
export const partsOf = (text: string): string[] => text.split(',').map((part) => part.trim()).filter((part) => part !== '')

const boolean = z.enum(['true', 'false']).transform((value) => value === 'true')

export const configSchema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional().describe('The PostgreSQL (15 or later) to serve from; without it an embedded one is started.'),
  MIGRATION_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional().describe('The login that owns the tables; default: DATABASE_URL.'),
  RINGFENCE_DATA: z.string().min(1).default('.ringfence').describe('Folder of the embedded database and the key files.'),
  RINGFENCE_HOST: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
  RINGFENCE_PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('Port to listen on; 0 picks a free one.'),
  RINGFENCE_TRUSTED_PROXIES: z.string().default('').describe('Comma-separated addresses or ranges of proxies whose X-Forwarded-For is believed; default: none.'),
  RINGFENCE_LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info').describe('How much is logged.'),
  RINGFENCE_CHECK_DEADLINE_MS: z.coerce.number().int().min(1).max(10_000).default(150).describe('Milliseconds after which a pre-credit check answers hold, degraded.'),
  RINGFENCE_KEYS_IDENTIFIERS: z.string().optional().describe('Keys for identifiers as id:hex, comma-separated, oldest first; default: files below RINGFENCE_DATA/keys.'),
  RINGFENCE_KEYS_SEALING: z.string().optional(),
  RINGFENCE_KEYS_CHAIN: z.string().optional(),
  RINGFENCE_KEYS_TOKENS: z.string().optional(),
  RINGFENCE_WEBHOOK_RANGES: z.string().default('').refine((text) => partsOf(text).every((part) => ipaddr.isValidCIDR(part)), 'must be ranges such as 10.1.0.0/16').describe('Comma-separated ranges, such as 10.1.0.0/16, that webhooks may reach although they are not public, also by plain HTTP; default: none.'),
  RINGFENCE_STRIPE_KEY: z.string().regex(/^[sr]k_\w+$/, 'must be a secret or restricted key of Stripe').optional().describe('Pays out through Stripe Connect; needs RINGFENCE_STRIPE_WEBHOOK_SECRET too.'),
  RINGFENCE_STRIPE_WEBHOOK_SECRET: z.string().regex(/^whsec_\w+$/, 'must be the signing secret of an endpoint of Stripe').optional().describe('Of the endpoint at Stripe that sends its events to /v1/payouts/stripe-events.'),
  RINGFENCE_STRIPE_URL: z.url({ protocol: /^https?$/ }).optional().describe('Where Stripe’s API is reached; default: at Stripe.'),
  RINGFENCE_WRITE_OFF_BELOW: z.string().regex(/^\d{1,6}(\.\d{1,6})?$/, 'must be an amount such as 5').default('5').describe('Debts below this many units of their asset may be given up at once, by two persons.'),
  RINGFENCE_METRICS: boolean.default(true).describe('Whether /metrics is served.'),
})

export type Config = z.output<typeof configSchema>

/** Throws one readable sentence per wrong setting; never repeats a value, which may be a secret. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const result = configSchema.safeParse(environment)
  if (result.success) return result.data
  const sentences = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`The configuration is wrong.\n${sentences.join('\n')}`)
}
