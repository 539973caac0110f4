// Signatures of messages as the Standard Webhooks specification describes them: HMAC-SHA-256 over id, time and body, under a secret per endpoint.

import { createHmac, randomBytes } from 'node:crypto'

const PREFIX = 'whsec_'
const SECRET_BYTES = 32

/** `whsec_` and the key in base64. */
export const newSecret = (): string => `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`

export interface MessageToSign {
  readonly messageId: string
  /** Of this attempt. */
  readonly timestampSeconds: number
  /** Exactly as it is sent. */
  readonly body: string
}

/** One signature per secret, separated by spaces: during a rotation a receiver needs to know only one of them. */
export function signatureHeaders({ messageId, timestampSeconds, body }: MessageToSign, secrets: readonly string[]): Record<string, string> {
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64')
    return `v1,${createHmac('sha256', key).update(`${messageId}.${timestampSeconds}.${body}`).digest('base64')}`
  })
  return { 'webhook-id': messageId, 'webhook-timestamp': timestampSeconds.toString(), 'webhook-signature': signatures.join(' ') }
}
