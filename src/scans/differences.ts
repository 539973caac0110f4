// What a scan found, in figures, and what is different from the one before.

import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import type { FoundRing, RingPlan } from '../rings/index.ts'

export interface ScanSummary {
  readonly accounts: number
  readonly identifiers: number
  readonly observations: number
  readonly transactions: number
  readonly referrals: { readonly total: number; readonly held: number; readonly newlyHeld: number; readonly noLongerHeld: number }
  readonly rings: {
    readonly total: number; readonly new: number; readonly continued: number; readonly grown: number; readonly shrunk: number
    readonly split: number; readonly merged: number; readonly gone: number
  }
  /** Σ over rings, per asset, as decimals in units. */
  readonly expectedLoss: Readonly<Record<string, string>>
  /** Referrals with rebates in an asset that is not their programme's, per asset: the expected loss leaves them out. */
  readonly unvalued: Readonly<Record<string, number>>
  readonly cases: { readonly opened: number; readonly updated: number; readonly closed: number; readonly merged: number; readonly kept: number }
  readonly seconds: Readonly<Record<string, number>>
}

export async function referralDifferences(transaction: Transaction, scanId: bigint, previousId: bigint | null): Promise<Omit<ScanSummary['referrals'], 'total'>> {
  const rows = await transaction.$queryRaw<{ held: bigint; newly: bigint; released: bigint }[]>`
    SELECT count(*) FILTER (WHERE now.decision <> 'allow') AS held,
           count(*) FILTER (WHERE now.decision <> 'allow' AND coalesce(before.decision, 'allow') = 'allow') AS newly,
           count(*) FILTER (WHERE now.decision = 'allow' AND before.decision <> 'allow') AS released
      FROM referral_verdict now
      LEFT JOIN referral_verdict before ON before.scan_id = ${previousId} AND before.fact_id = now.fact_id
      WHERE now.scan_id = ${scanId}`
  const row = rows[0]
  return { held: Number(row?.held ?? 0), newlyHeld: Number(row?.newly ?? 0), noLongerHeld: Number(row?.released ?? 0) }
}

/** Call it before the rings are published: sizes are compared with the last published versions. */
export async function ringDifferences(transaction: Transaction, plan: RingPlan, rings: readonly FoundRing[]): Promise<ScanSummary['rings']> {
  const before = await transaction.$queryRaw<{ id: bigint; accounts: number }[]>`
    SELECT r.id, v.accounts FROM ring r JOIN ring_version v ON v.ring_id = r.id AND v.scan_id = r.last_scan_id WHERE r.state = 'current'`
  const sizeBefore = new Map(before.map((row) => [Number(row.id), row.accounts]))
  let grown = 0
  let shrunk = 0
  let continued = 0
  for (const [place, ring] of rings.entries()) {
    const size = sizeBefore.get(plan.ringIds[place] ?? 0)
    if (size === undefined) continue
    continued++
    if (ring.members.length > size) grown++
    if (ring.members.length < size) shrunk++
  }
  const links = (kind: string): number => new Set(plan.lineage.links.filter((link) => link.kind === kind).map((link) => link.from)).size
  return {
    total: rings.length, new: rings.length - continued, continued, grown, shrunk, split: links('split'), merged: links('merged'),
    gone: plan.lineage.ended.filter((ring) => ring.state === 'gone').length,
  }
}

export function lossPerAsset(rings: readonly FoundRing[], exponents: ReadonlyMap<string, number>): Record<string, string> {
  const sums = new Map<string, bigint>()
  for (const ring of rings) sums.set(ring.asset, (sums.get(ring.asset) ?? 0n) + ring.expectedLoss)
  return Object.fromEntries([...sums].sort().map(([asset, sum]) => [asset, formatAmount(sum, exponents.get(asset))]))
}
