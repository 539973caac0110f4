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
