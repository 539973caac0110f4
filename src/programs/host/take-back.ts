// Taking back what the host keeps: a debt that a reversal or a reclaim made is asked back from the host as far as it lies there.
// Promises: no more is asked back than was given and not yet asked back; the rest stays a debt, repaid from later rebates.

import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { hostHeldOf, least } from './held.ts'
import { type InstructionLine, writeInstruction, type WrittenInstruction } from './instructions.ts'

interface OwedRow {
  transfer_id: bigint
  program_id: bigint
  account_id: bigint
  asset: string
  rebate_id: bigint
  owed: bigint
}

/** The reversals of a transaction, by their natural keys or by their ids. */
export interface TakenBack {
  readonly transferKeys?: readonly Uint8Array[]
  readonly transferIds?: readonly bigint[]
}

/**
 * Reads what the transfers made owed and instructs the host; call it once in their transaction, under the members' locks. One statement
 * where nothing lies at a host; safe to call again.
 */
export async function takeBackAtHost(transaction: Transaction, { now }: { readonly now: Date }, { transferKeys = [], transferIds = [] }: TakenBack): Promise<WrittenInstruction[]> {
  if (transferKeys.length + transferIds.length === 0) return []
  const rows = await transaction.$queryRaw<OwedRow[]>`
    select e.transfer_id, r.program_id, b.account_id, b.asset, e.rebate_id, -sum(e.amount)::bigint as owed
      from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id and b.kind = 'debt' join rebate r on r.id = e.rebate_id
      where (t.id = any (${[...transferIds]}::bigint[]) or t.natural_key = any (${transferKeys.map((key) => new Uint8Array(key))}::bytea[])) and e.amount < 0
        and exists (select 1 from host_instruction_line l where l.rebate_id = e.rebate_id)
      group by 1, 2, 3, 4, 5, r.occurred_at order by e.transfer_id, r.occurred_at, e.rebate_id`
  if (rows.length === 0) return []
  const held = new Map([...(await hostHeldOf(transaction, rows.map((row) => row.rebate_id)))].map(([id, each]) => [id, each.held]))
  const written: WrittenInstruction[] = []
  for (const group of groupsOf(rows)) {
    const [{ transfer_id: transferId, program_id: programId, account_id: accountId, asset }] = group
    const lines = group.flatMap((row): InstructionLine[] => {
      const there = held.get(row.rebate_id) ?? 0n
      const amount = least(there, row.owed)
      held.set(row.rebate_id, there - amount)
      return amount > 0n ? [{ rebateId: row.rebate_id, amount }] : []
    })
    if (lines.length === 0) continue
    const naturalKey = digestOf('host reclaim', transferId.toString(), programId.toString(), accountId.toString(), asset)
    if ((await transaction.hostInstruction.count({ where: { naturalKey: new Uint8Array(naturalKey) } })) > 0) continue
    written.push(await writeInstruction(transaction, { naturalKey, programId, accountId, kind: 'reclaim', asset, lines, transferId }, now))
  }
  return written
}

function groupsOf(rows: readonly OwedRow[]): [OwedRow, ...OwedRow[]][] {
  const groups = new Map<string, [OwedRow, ...OwedRow[]]>()
  for (const row of rows) {
    const key = `${row.transfer_id} ${row.program_id} ${row.account_id} ${row.asset}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups.values()]
}
