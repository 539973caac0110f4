// An export folder into the database: facts by chunks of one transaction each, so that a killed import is simply run again.
// Promises: importing twice is importing once; rows are refused as an audit refuses them; no rebate is earned unless accrual is asked for.

import type { Database } from '../base/database.ts'
import type { FolderFact } from '../folders/facts.ts'
import { IdTable } from '../folders/id-table.ts'
import { openFolder } from '../folders/open-folder.ts'
import { FactStream } from '../folders/read-facts.ts'
import { type Refusal, isRefusal } from '../folders/refusals.ts'
import { type TableName, labelTables } from '../folders/tables.ts'
import { type OpenBatch, closeBatch, inSnapshot, openBatch, readExternalIds } from '../population/index.ts'
import { FactStore } from './fact-store.ts'
import { mainAssetOf } from './main-asset.ts'
import { type ImportOptions, type ImportResult, type RefuseRow, SOURCE_DEFAULT, emptyCounts } from './import-options.ts'

export type { Accrual, ImportCounts, ImportOptions, ImportResult, ImportSummary } from './import-options.ts'

const CHUNK_ROWS = 10_000

export async function importFolder(database: Database, directory: string, options: ImportOptions): Promise<ImportResult> {
  const opened = await openFolder(directory)
  if (!opened.ok) return { ok: false, refusal: opened.refusal, summary: null }
  const accounts = await knownAccounts(database)
  const stream = new FactStream(opened.folder, {
    asOf: options.asOf, isStrict: options.isStrict, lists: options.lists, without: labelTables,
    knowsAccount: (accountId) => accounts.find(accountId) !== null,
  })
  const counts = emptyCounts()
  const refuse = (refusal: Refusal): void => {
    if (refusal.reason === 'duplicate_id') stream.summary.refusals.set('duplicate_id', (stream.summary.refusals.get('duplicate_id') ?? 0) + 1)
    options.onRefusal?.(refusal)
  }
  const batch = await openBatch(database.pool, {
    source: options.source ?? SOURCE_DEFAULT, actorId: options.actorId, kind: 'import', recordedAt: options.clock.now(),
  })
  const store = new FactStore(database, {
    options, batch, accounts, counts, mainAsset: () => mainAssetOf(opened.folder), refuseRow: rowRefusal(opened.folder.files, refuse),
  })
  await storeStream(stream, store, options)
  const summary = { reading: stream.summary, counts }
  const { stoppedBy } = stream.summary
  await noteLatest(database, batch, stream)
  return stoppedBy === null ? { ok: true, summary } : { ok: false, refusal: stoppedBy, summary }
}

/** While a chunk is stored, the next one is read. */
async function storeStream(stream: FactStream, store: FactStore, options: ImportOptions): Promise<void> {
  const chunkRows = options.chunkRows ?? CHUNK_ROWS
  let chunk: FolderFact[] = []
  let table: TableName | null = null
  let storing: Promise<void> = Promise.resolve()
  const flush = async (): Promise<void> => {
    await storing
    if (chunk.length > 0) storing = store.store(chunk)
    // A failure is met where the chunk is awaited, which is before anything else is stored.
    storing.catch(() => undefined)
    chunk = []
  }
  const endTable = async (next: TableName | null): Promise<void> => {
    await flush()
    await storing
    if (table !== null) await store.endOfTable(table, next)
  }
  for await (const batch of stream.batches()) {
    if (table !== batch.table) {
      await endTable(batch.table)
      table = batch.table
    }
    for (const item of batch.items) {
      if (isRefusal(item)) options.onRefusal?.(item)
      else chunk.push(item)
      if (chunk.length >= chunkRows) await flush()
    }
    options.onProgress?.(`import ${batch.table}`, batch.bytesRead, batch.bytesTotal)
  }
  await endTable(null)
}

/** Account ids by external id: ids are below 2^32 for as long as a deployment has fewer accounts than that. */
async function knownAccounts(database: Database): Promise<IdTable> {
  const accounts = new IdTable()
  await inSnapshot(database, (client) => readExternalIds(client, (externalId, accountId) => accounts.keep(externalId, accountId)))
  return accounts
}

function rowRefusal(files: readonly { table: TableName; name: string }[], refuse: (refusal: Refusal) => void): RefuseRow {
  const names = new Map(files.map((file) => [file.table, file.name]))
  return (fact, column, reason) =>
    refuse({ refused: true, scope: 'row', file: names.get(fact.table) ?? fact.table, line: fact.line, column, reason })
}

async function noteLatest(database: Database, batch: OpenBatch, stream: FactStream): Promise<void> {
  const { latest } = stream.summary.times
  if (latest > 0) await closeBatch(database.pool, batch, latest)
}
