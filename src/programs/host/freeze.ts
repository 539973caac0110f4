// What the host keeps of a rebate follows our holds: frozen while one is open, released with the last of them.
// Promises: safe to call as often as one likes; it asks only for the difference to what the host was told.

import type { Transaction } from '../../base/database.ts'
import { digestOf } from '../../base/hashing.ts'
import { openHoldsOf } from '../../ledger/index.ts'
import { hostHeldOf } from './held.ts'
import { writeInstruction, type WrittenInstruction } from './instructions.ts'

interface Owed {
  readonly id: bigint
  readonly accountId: bigint
  readonly programId: bigint
  readonly asset: string
}

/** Call it under the members' locks, after holds of these rebates were placed or ended; one statement where nothing lies at a host. */
export async function followHoldsAtHost(transaction: Transaction, { now }: { readonly now: Date }, rebateIds: readonly bigint[]): Promise<WrittenInstruction[]> {
  const held = await hostHeldOf(transaction, [...new Set(rebateIds)])
  if (held.size === 0) return []
  const open = new Set((await openHoldsOf(transaction, [...held.keys()])).map((hold) => hold.rebateId))
  const rebates = await transaction.rebate.findMany({ where: { id: { in: [...held.keys()] } }, select: { id: true, accountId: true, programId: true, asset: true }, orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }] })
  const written: WrittenInstruction[] = []
  for (const kind of ['release', 'freeze'] as const) {
    const due = rebates.flatMap((rebate) => {
      const there = held.get(rebate.id)
      const amount = there === undefined || open.has(rebate.id) !== (kind === 'freeze') ? 0n : kind === 'freeze' ? there.held - there.frozen : there.frozen
      return amount > 0n ? [{ rebate, amount }] : []
    })
    for (const group of groupsOf(due)) {
      const [{ rebate: { accountId, programId, asset } }] = group
      const newest = await transaction.hostInstruction.findFirst({ where: { accountId }, select: { id: true }, orderBy: { id: 'desc' } })
      // The member's newest instruction tells this asking from any earlier one.
      const naturalKey = digestOf('host follows holds', kind, programId.toString(), accountId.toString(), asset, (newest?.id ?? 0n).toString())
      written.push(await writeInstruction(transaction, { naturalKey, programId, accountId, kind, asset, lines: group.map(({ rebate, amount }) => ({ rebateId: rebate.id, amount })), transferId: null }, now))
    }
  }
  return written
}

interface Due {
  readonly rebate: Owed
  readonly amount: bigint
}

function groupsOf(due: readonly Due[]): [Due, ...Due[]][] {
  const groups = new Map<string, [Due, ...Due[]]>()
  for (const each of due) {
    const key = `${each.rebate.accountId} ${each.rebate.programId} ${each.rebate.asset}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [each])
    else group.push(each)
  }
  return [...groups.values()]
}
