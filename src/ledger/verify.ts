// `verify`: recomputes the books from their entries and the chain of acts from its first row, and names the first wrong row of every rule.
// Promises: reads only; each rule looks at one consistent moment, so it may run while the service works.

import { type ActsVerdict, verifyActs } from '../acts/index.ts'
import type { Database } from '../base/database.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import { type BookRule, ENTRY_RULES, REBATE_RULES, RELATION_RULES } from './verify-rules.ts'

export interface Fault {
  readonly rule: string
  /** Table and id of the first wrong row. */
  readonly place: string
  readonly found: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly faults: readonly Fault[]
  readonly rules: readonly string[]
  readonly acts: ActsVerdict
  readonly counted: Readonly<Record<'transfers' | 'entries' | 'rebates' | 'referrals' | 'acts', number>>
}

const RULES: readonly BookRule[] = [...ENTRY_RULES, ...REBATE_RULES, ...RELATION_RULES]

/** `onRule` is told before each rule. */
export async function verifyBooks(database: Database, keys: KeyRing, onRule: (done: number, total: number) => void = () => undefined): Promise<VerifyReport> {
  const total = RULES.length + 2
  const faults: Fault[] = []
  for (const [place, rule] of RULES.entries()) {
    onRule(place, total)
    const { rows } = await database.pool.query<{ place: string; found: string }>(rule.query)
    const [first] = rows
    if (first !== undefined) faults.push({ rule: rule.name, ...first })
  }
  onRule(RULES.length, total)
  faults.push(...(await alteredVersions(database)))
  onRule(RULES.length + 1, total)
  const acts = await verifyActs(database, keys)
  if (!acts.ok) faults.push({ rule: 'acts', place: `act ${acts.sequence}`, found: acts.fault.replaceAll('_', ' ') })
  return { ok: faults.length === 0, faults, rules: [...RULES.map((rule) => rule.name), 'version_digests', 'acts'], acts, counted: await count(database, acts) }
}

/** The sentence of a rule, for people. */
export function sentenceOf(rule: string): string {
  if (rule === 'acts') return 'The chain of acts is as it was written.'
  if (rule === 'version_digests') return 'The rules and policies are as they were published.'
  return RULES.find((each) => each.name === rule)?.sentence ?? rule
}

async function alteredVersions(database: Database): Promise<Fault[]> {
  const programs = await database.prisma.programVersion.findMany({ select: { id: true, rules: true, digest: true }, orderBy: { id: 'asc' } })
  const policies = await database.prisma.policyVersion.findMany({ select: { id: true, policy: true, digest: true }, orderBy: { id: 'asc' } })
  const wrong = [
    ...programs.map(({ id, rules, digest }) => ({ place: `program_version ${id}`, content: rules, digest })),
    ...policies.map(({ id, policy, digest }) => ({ place: `policy_version ${id}`, content: policy, digest })),
  ].find(({ content, digest }) => !digestOf(canonicalJson(content)).equals(digest))
  return wrong === undefined ? [] : [{ rule: 'version_digests', place: wrong.place, found: 'its content is not the one that was published' }]
}

async function count(database: Database, acts: ActsVerdict): Promise<VerifyReport['counted']> {
  const [transfers, entries, rebates, referrals] = await Promise.all([
    database.prisma.transfer.count(), database.prisma.entry.count(), database.prisma.rebate.count(), database.prisma.referral.count(),
  ])
  return { transfers, entries, rebates, referrals, acts: acts.ok ? acts.acts : 0 }
}
