// Events that are known already, settled again: what they earn by now and did not get, and what of it refunds took back meanwhile.

import type { Session } from '../../base/session.ts'
import type { Recording } from '../recorder.ts'
import { settle } from './apply-fact.ts'
import { createAsker } from './asking.ts'
import type { SheetEvent } from './document.ts'
import { type KnownRules, readRules } from './known-rules.ts'
import { readSheet } from './read-sheet.ts'
import { byTime, type Sheet } from './sheet.ts'
import { type WrittenIds, writeSheet } from './write-sheet.ts'

export interface SettledAgain {
  readonly sheet: Sheet
  readonly ids: WrittenIds
}

export interface ToSettle {
  readonly eventIds: readonly bigint[]
  /** Where they are known already. */
  readonly rules?: KnownRules
}

/** Imported history earns nothing, now as before. Null where there is no such event. */
export async function settleAgain(session: Session, recording: Recording, { eventIds, rules }: ToSettle): Promise<SettledAgain | null> {
  const rows = await session.$queryRaw<{ id: bigint; key: string; account_id: bigint }[]>`
    select id, encode(natural_key, 'hex') as key, account_id from event where id = any (${`{${eventIds.join(',')}}`}::bigint[])`
  if (rows.length === 0) return null
  const { actorId, now, check } = recording
  const eventsOf = (sheet: Sheet): SheetEvent[] => rows.flatMap(({ key }) => sheet.eventOfKey(key) ?? []).sort(byTime)
  const sheet = await readSheet(session, { rules: rules ?? (await readRules(session)) }, {
    accountIds: [...new Set(rows.map((row) => row.account_id))], eventIds: rows.map((row) => row.id), now,
    payments: (read) => eventsOf(read).filter((event) => !event.isImported),
  })
  const asker = createAsker(session)
  for (const event of eventsOf(sheet)) await settle(sheet, { actorId, check, asker }, event, { cause: event, mayEarn: !event.isImported })
  return { sheet, ids: await writeSheet(session, sheet) }
}
