// The sign-ups of a batch: who invited whom is decided for all of them before any member is locked; on the sheet each relation counts
// only from its own sign-up on.

import type { Transaction } from '../../base/database.ts'
import type { KeyRing } from '../../base/keys.ts'
import { resourceHash } from '../attribution/account-resources.ts'
import { type Attributed, attributeAll } from '../attribution/attribution.ts'
import { acceptTerms } from '../standing/terms.ts'
import type { PreparedFact } from './told-facts.ts'

/** How long the creation of an account may lie before the event that reports its sign-up. */
const SIGN_UP_MILLISECONDS = 86_400_000

/** Writes relations, resources and accepted terms of the new sign-ups; the relations of each. */
export async function attributeSignUps(
  transaction: Transaction, keys: KeyRing, now: Date, signUps: readonly PreparedFact[],
): Promise<Map<PreparedFact, readonly Attributed[]>> {
  if (signUps.length === 0) return new Map()
  const late = await lateAmong(transaction, signUps)
  const attributed = await attributeAll(transaction, signUps.map((signUp) => {
    const { fact, actorId, batchId } = signUp
    return {
      accountId: fact.accountId, occurredAt: fact.occurredAt, recordedAt: now, actorId, batchId, invitation: fact.invitation ?? {}, isLate: late.has(signUp),
      resourceHashes: (fact.resourceIds ?? []).map((id) => resourceHash(keys, id)),
    }
  }))
  for (const { fact: { accountId, termsVersion, occurredAt, invitation }, actorId } of signUps) {
    if (termsVersion !== undefined) await acceptTerms(transaction, { accountId, termsVersion, acceptedAt: occurredAt, recordedAt: now, actorId, programId: invitation?.programId })
  }
  return new Map(signUps.map((signUp, place) => [signUp, attributed[place] ?? []]))
}

/** An account signs up once; one that the platform made long before this sign-up is no new customer. */
async function lateAmong(transaction: Transaction, signUps: readonly PreparedFact[]): Promise<ReadonlySet<PreparedFact>> {
  const rows = await transaction.$queryRaw<{ id: bigint; occurred_at: Date | null; is_known: boolean }[]>`
    select a.id, a.occurred_at, exists (select 1 from event e where e.account_id = a.id and e.type = 'signup') as is_known
      from account a where a.id = any (${signUps.map(({ fact }) => fact.accountId)}::bigint[])`
  const accounts = new Map(rows.map((row) => [row.id, { madeAt: row.occurred_at, isKnown: row.is_known }]))
  const late = new Set<PreparedFact>()
  for (const signUp of signUps) {
    const { accountId, occurredAt } = signUp.fact
    const account = accounts.get(accountId)
    if (account === undefined) throw new Error(`There is no account ${accountId}.`)
    if (account.isKnown || (account.madeAt !== null && occurredAt.getTime() - account.madeAt.getTime() > SIGN_UP_MILLISECONDS)) late.add(signUp)
    account.isKnown = true
  }
  return late
}
