// A small history told to the API as a host tells it: two programs, an inviter with two alts and a friend, payments, and a scan.

import { apiyi } from '../../src/programs/index.ts'
import type { Called } from './api.ts'

type Call = (method: string, path: string, given?: { token?: string; body?: unknown; headers?: Record<string, string> }) => Promise<Called>

export interface Story {
  readonly code: string
  readonly ringId: string
  readonly caseId: string
  readonly scanId: string
}

/** The alts of this history share a card with their inviter: they are to be found by the scan, not turned away at the door. */
const ALTS_COUNT = { eligibility: { newCustomer: false, separateAccount: false } }
/** A lost link can be claimed, so that the routes of claims have something to do. */
const CLAIMS = { binding: { link: true, code: true, precedence: 'typed', afterSignup: 'claim', claims: { facts: ['client_email'], secondPersonAbove: '20' } } }
/** Beside the default track, one for who has a contract. */
const TRACKS = { tracks: [{ key: 'agency', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 } }] }

export const at = (minute: number): string => new Date(Date.UTC(2026, 4, 20, 8, minute)).toISOString()

export function eventOf(id: string, type: string, account: string, minute: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { source: 'shop', event_id: id, type, account, occurred_at: at(minute), ...more }
}

/** Everything succeeds, or the test that tells the story fails at once. */
export async function tellStory(call: Call, token: string, wait: (scanId?: string) => Promise<void>): Promise<Story> {
  const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await call('POST', path, { token, body })
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }
  const [version] = apiyi.versions
  for (const key of ['main', 'other']) await post('/v1/programs', { key, name: key, effective_from: '2026-01-01T00:00:00Z', rules: { ...version?.content, ...ALTS_COUNT, ...TRACKS, ...CLAIMS } })
  const { code } = await post('/v1/accounts', { program: 'main', account: 'inviter' })
  const seen = (device: string) => ({ observations: [{ kind: 'device:install', value: device }, { kind: 'payment:fingerprint', value: `card-${device}` }] })
  const events = [
    eventOf('s0', 'signup', 'inviter', 0, seen('d1')),
    ...['alt1', 'alt2'].flatMap((name, place) => [
      eventOf(`s-${name}`, 'signup', name, 10 + place, { code, ...seen('d1') }),
      eventOf(`r-${name}`, 'recharge', name, 20 + place, { amount: '100', currency: 'USD', ...seen('d1') }),
    ]),
    eventOf('s-friend', 'signup', 'friend', 30, { code, ...seen('d2') }),
    eventOf('r-friend', 'recharge', 'friend', 40, { amount: '50', currency: 'USD' }),
  ]
  await post('/v1/events', { events })
  await wait()
  const { scan_id: scanId } = await post('/v1/scans', {})
  await wait(String(scanId))
  const rings = (await call('GET', '/v1/rings', { token })).json['rings'] as { ring_id: string; case_id: string | null }[]
  const [ring] = rings
  if (ring === undefined || ring.case_id === null) throw new Error('The scan found no ring with a case.')
  return { code: String(code), ringId: ring.ring_id, caseId: ring.case_id, scanId: String(scanId) }
}
