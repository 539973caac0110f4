// What the money of a folder is counted in, guessed from its first rows: for programmes that an import has to make.

import { type ExportFolder } from '../folders/open-folder.ts'
import { FactStream } from '../folders/read-facts.ts'
import { isRefusal } from '../folders/refusals.ts'
import { type TableName, tableNames } from '../folders/tables.ts'

const ROWS_READ = 5_000

/** The asset of most money among the first rebates, else among the first transactions; null where there are neither. */
export async function mainAssetOf(folder: ExportFolder): Promise<string | null> {
  return (await mainAssetIn(folder, 'rebates')) ?? mainAssetIn(folder, 'transactions')
}

async function mainAssetIn(folder: ExportFolder, table: 'rebates' | 'transactions'): Promise<string | null> {
  const others = new Set<TableName>(tableNames.filter((name) => name !== table))
  const stream = new FactStream(folder, { without: others, knowsAccount: () => true })
  const totals = new Map<string, bigint>()
  let rows = 0
  for await (const batch of stream.batches()) {
    for (const item of batch.items) {
      if (isRefusal(item) || (item.table !== 'rebates' && item.table !== 'transactions')) continue
      rows++
      totals.set(item.currency, (totals.get(item.currency) ?? 0n) + item.amountUnits)
    }
    if (rows >= ROWS_READ) break
  }
  const [most] = [...totals].sort((left, right) => (right[1] > left[1] ? 1 : right[1] < left[1] ? -1 : left[0] < right[0] ? -1 : 1))
  return most === undefined ? null : most[0]
}
