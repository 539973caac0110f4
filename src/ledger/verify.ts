// `verify`: recomputes the books from their entries and the chain of acts from its first row, and names the first wrong row of every rule.
// Promises: reads only; each rule looks at one consistent moment, so it may run while the service works.

import { type ActsVerdict, verifyActs } from '../acts/index.ts'
import type { Database } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { BookRule, Verifier, WrongRow } from './verifier.ts'
import { circleVerifier } from './verify-circles.ts'
import { ACCRUAL_RULES } from './verify-accrual-rules.ts'
import { ATTRIBUTION_RULES } from './verify-attribution-rules.ts'
import { EARNED_RULES } from './verify-earned-rules.ts'
import { GUARD_RULES } from './verify-guard-rules.ts'
import { HOST_RULES } from './verify-host-rules.ts'
import { PAYOUT_RULES } from './verify-payout-rules.ts'
import { ENTRY_RULES, REBATE_RULES, RELATION_RULES } from './verify-rules.ts'
import { sealVerifier } from './verify-seals.ts'
import { STANDING_RULES } from './verify-standing-rules.ts'

export interface Fault extends WrongRow {
  readonly rule: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly faults: readonly Fault[]
  readonly rules: readonly { readonly name: string; readonly sentence: string }[]
  readonly acts: ActsVerdict
  readonly counted: Readonly<Record<'transfers' | 'entries' | 'rebates' | 'referrals' | 'acts', number>>
}

export interface VerifyOptions {
  /** Rules of parts that the ledger may not know, e.g. of decisions. */
  readonly more?: readonly Verifier[]
  /** Told before each rule. */
  readonly onRule?: (done: number, total: number) => void
  /** Checked between rules: the report then covers what was looked at, and throws. */
  readonly stopping?: AbortSignal
}

/** The rules in SQL, in the order in which they are run. */
export const BOOK_RULES: readonly BookRule[] = [...GUARD_RULES, ...ENTRY_RULES, ...REBATE_RULES, ...EARNED_RULES, ...ACCRUAL_RULES, ...RELATION_RULES, ...ATTRIBUTION_RULES, ...STANDING_RULES, ...HOST_RULES, ...PAYOUT_RULES]

export async function verifyBooks(database: Database, keys: KeyRing, options: VerifyOptions = {}): Promise<VerifyReport> {
  const verifiers = [...BOOK_RULES.map(asVerifier), circleVerifier, versionVerifier, sealVerifier, ...(options.more ?? [])]
  const faults: Fault[] = []
  for (const [place, { name, find }] of verifiers.entries()) {
    options.stopping?.throwIfAborted()
    options.onRule?.(place, verifiers.length + 1)
    const wrong = await find({ database, keys })
    if (wrong !== null) faults.push({ rule: name, ...wrong })
  }
  options.onRule?.(verifiers.length, verifiers.length + 1)
  const acts = await verifyActs(database, keys)
  if (!acts.ok) faults.push({ rule: ACTS.name, place: `act ${acts.sequence}`, found: acts.fault.replaceAll('_', ' ') })
  const rules = [...verifiers, ACTS].map(({ name, sentence }) => ({ name, sentence }))
  return { ok: faults.length === 0, faults, rules, acts, counted: await count(database, acts) }
}

const ACTS = { name: 'acts', sentence: 'The chain of acts is as it was written.' }

/** Big joins are hashed in memory, and short ones are not compiled first. */
function asVerifier({ name, sentence, query }: BookRule): Verifier {
  return {
    name, sentence,
    async find({ database }) {
      const client = await database.pool.connect()
      try {
        await client.query(`begin read only; set local work_mem = '256MB'; set local jit = off`)
        const { rows } = await client.query<WrongRow>(query)
        await client.query('commit')
        return rows[0] ?? null
      } catch (error) {
        await client.query('rollback')
        throw error
      } finally {
        client.release()
      }
    },
  }
}

const versionVerifier: Verifier = {
  name: 'version_digests',
  sentence: 'The rules and policies are as they were published.',
  async find({ database }) {
    const programs = await database.prisma.programVersion.findMany({ select: { id: true, rules: true, digest: true }, orderBy: { id: 'asc' } })
    const policies = await database.prisma.policyVersion.findMany({ select: { id: true, policy: true, digest: true }, orderBy: { id: 'asc' } })
    const wrong = [
      ...programs.map(({ id, rules, digest }) => ({ place: `program_version ${id}`, content: rules, digest })),
      ...policies.map(({ id, policy, digest }) => ({ place: `policy_version ${id}`, content: policy, digest })),
    ].find(({ content, digest }) => !digestOf(canonicalJson(content)).equals(digest))
    return wrong === undefined ? null : { place: wrong.place, found: 'its content is not the one that was published' }
  },
}

async function count(database: Database, acts: ActsVerdict): Promise<VerifyReport['counted']> {
  const [transfers, entries, rebates, referrals] = await Promise.all([
    database.prisma.transfer.count(), database.prisma.entry.count(), database.prisma.rebate.count(), database.prisma.referral.count(),
  ])
  return { transfers, entries, rebates, referrals, acts: acts.ok ? acts.acts : 0 }
}
