// What follows from a batch beyond its postings: clients who wake their inviters, sign-up credit, credit that comes back, and reward that
// moves by itself. Each is asked for only where a programme's rules have it.

import type { Batch, EarnedRebate } from './batch.ts'
import type { Sheet } from './sheet.ts'
import type { WrittenIds } from './write-sheet.ts'

/** What events earned only now, by the id of the event. */
export async function applyConsequences(_batch: Batch, _sheet: Sheet, _ids: WrittenIds): Promise<Map<bigint, EarnedRebate[]>> {
  return new Map()
}
