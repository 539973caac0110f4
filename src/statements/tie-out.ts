// The tie-out: what the books paid in a period against the bank's or the processor's own list, reference by reference.
// Promises: every row of either side is in exactly one group; a reference that stands twice in the list is never counted as matched twice.

import type { Transaction } from '../base/database.ts'
import type { Period } from './period.ts'

export interface PaidPayout {
  readonly payoutId: bigint
  readonly method: string
  readonly asset: string
  /** Gross − withheld − fee: what left for the payee. */
  readonly net: bigint
  readonly fee: bigint
  readonly paidAt: Date
  /** The processor's own references of it. */
  readonly references: readonly string[]
}

/** A row of the bank's confirmation or the processor's balance file; amounts in the asset's smallest unit. */
export interface ExternalRow {
  readonly reference: string
  readonly amount: bigint
  readonly fee: bigint | null
}

export interface TieOut {
  readonly matched: readonly { readonly payout: PaidPayout; readonly row: ExternalRow }[]
  /** Found by reference with another amount or fee. */
  readonly different: readonly { readonly payout: PaidPayout; readonly row: ExternalRow }[]
  /** Paid in the books, not in the list. */
  readonly missing: readonly PaidPayout[]
  /** In the list, not paid in the books in this period. */
  readonly unknown: readonly ExternalRow[]
  /** Further rows of a reference that stood in the list before. */
  readonly repeated: readonly ExternalRow[]
}

/** `referencesOf` adds the references that the books themselves gave, e.g. on a bank statement. A fee that the list does not state is not compared. */
export function tieOut(payouts: readonly PaidPayout[], rows: readonly ExternalRow[], referencesOf: (payout: PaidPayout) => readonly string[] = () => []): TieOut {
  const byReference = new Map<string, PaidPayout>()
  for (const payout of payouts) for (const reference of [...payout.references, ...referencesOf(payout)]) byReference.set(plain(reference), payout)
  const found = new Set<PaidPayout>()
  const result = { matched: [] as { payout: PaidPayout; row: ExternalRow }[], different: [] as { payout: PaidPayout; row: ExternalRow }[], unknown: [] as ExternalRow[], repeated: [] as ExternalRow[] }
  const seen = new Set<string>()
  for (const row of rows) {
    const payout = byReference.get(plain(row.reference))
    if (seen.has(plain(row.reference)) || (payout !== undefined && found.has(payout))) result.repeated.push(row)
    else if (payout === undefined) result.unknown.push(row)
    else {
      found.add(payout)
      const isSame = payout.net === row.amount && (row.fee === null || row.fee === payout.fee)
      result[isSame ? 'matched' : 'different'].push({ payout, row })
    }
    seen.add(plain(row.reference))
  }
  return { ...result, missing: payouts.filter((payout) => !found.has(payout)) }
}

/** Spaces and case do not matter on bank statements. */
function plain(reference: string): string {
  return reference.replaceAll(/\s/g, '').toUpperCase()
}

/** What was paid in the period by the posting that took the money out; of a payout that was paid twice over, the last. */
export async function readPaidPayouts(reader: Transaction, { programId, method, asset, period }: { programId: bigint | null; method: string; asset: string; period: Period }): Promise<PaidPayout[]> {
  const rows = await reader.$queryRaw<{ id: bigint; net: bigint; fee: bigint; paid_at: Date; references: string[] | null }[]>`
    select distinct on (p.id) p.id, p.gross - p.withheld - p.fee as net, p.fee, t.effective_at as paid_at,
           (select array_agg(c.reference order by c.step) from payout_call c where c.payout_id = p.id and c.reference is not null) as references
      from transfer t join payout_event v on v.transfer_id = t.id join payout p on p.id = v.payout_id
      where t.kind = 'payout_paid' and t.effective_at >= ${period.startsAt}::timestamptz and t.effective_at < ${period.endsAt}::timestamptz
        and p.method = ${method} and p.asset = ${asset} and (${programId}::bigint is null or p.program_id = ${programId})
      order by p.id, t.effective_at desc`
  return rows.map((row) => ({ payoutId: row.id, method, asset, net: row.net, fee: row.fee, paidAt: row.paid_at, references: row.references ?? [] }))
}
