// Streams an export folder as typed facts and refusals, in batches, one file after the other with the accounts first. It
// promises that every row comes out as a fact, a repetition that is counted, or a refusal, and that raw rows are not held.
import type { IdentifierLists } from '../../scoring/identifiers/index.ts'
import type { AccountFact, FolderFact } from './facts.ts'
import { FolderDigest } from './folder-digest.ts'
import { IdTable, hash32 } from './id-table.ts'
import type { ExportFolder, FolderFile } from './open-folder.ts'
import { accountsNamedBy, factParsers, identityOf } from './parse-facts.ts'
import { readRows } from './read-rows.ts'
import type { Header, Row } from './read-rows.ts'
import type { Refusal, RefusalReason } from './refusals.ts'
import { isRefusal } from './refusals.ts'
import { RowReader } from './row-reader.ts'
import type { TimeStatistics } from './row-reader.ts'
import { labelTables, tables } from './tables.ts'
import type { TableName } from './tables.ts'

export interface ReadOptions {
  /** Rows with a later time are refused. Seconds since 1970; without it nothing is too late. */
  readonly asOf?: number | undefined
  /** Stops after the first refusal. */
  readonly isStrict?: boolean | undefined
  /** Lists of hosting, VPN and disposable ranges for normalising identifiers. */
  readonly lists?: IdentifierLists | undefined
  /** Accounts known from elsewhere, so that a folder may hold only what is new. */
  readonly knowsAccount?: ((accountId: string) => boolean) | undefined
  /** Files to leave out. */
  readonly without?: ReadonlySet<TableName> | undefined
}

export interface FileCounts {
  readonly file: string
  readonly table: TableName
  rows: number
  accepted: number
  /** Rows that repeat an earlier one word for word; accepted once. */
  repeated: number
  refused: number
  unknownColumns: readonly string[]
}

/** Grows while the folder is read; complete after the last batch. */
export interface ReadingSummary {
  readonly files: FileCounts[]
  readonly unknownFiles: readonly string[]
  /** Refusals per reason, cells and files included. */
  readonly refusals: Map<RefusalReason, number>
  readonly times: TimeStatistics
  /** Of the accepted rows of all files but the labels; see `FolderDigest`. */
  digest: string
  /** Set where a strict reading stopped, or where the accounts cannot be read at all. */
  stoppedBy: Refusal | null
}

export interface FactBatch {
  readonly table: TableName
  readonly items: readonly (FolderFact | Refusal)[]
  /** Bytes on disk, over all files. */
  readonly bytesRead: number
  readonly bytesTotal: number
}

export class FactStream {
  readonly summary: ReadingSummary
  private readonly folder: ExportFolder
  private readonly options: ReadOptions
  private readonly accounts = new IdTable()
  private readonly kinds = new Set<string>()
  private readonly currencies = new Set<string>()
  private readonly digest = new FolderDigest()

  constructor(folder: ExportFolder, options: ReadOptions = {}) {
    this.folder = folder
    this.options = options
    this.summary = {
      files: [], unknownFiles: folder.unknownFiles, refusals: new Map(),
      times: { latest: 0, zones: new Map() }, digest: '', stoppedBy: null,
    }
  }

  async* batches(): AsyncGenerator<FactBatch> {
    const files = this.folder.files.filter((file) => this.options.without?.has(file.table) !== true)
    const bytesTotal = files.reduce((sum, file) => sum + file.sizeBytes, 0)
    let bytesBefore = 0
    for (const file of files) {
      for await (const batch of this.readFile(file)) {
        yield { ...batch, bytesRead: bytesBefore + batch.bytesRead, bytesTotal }
        if (this.summary.stoppedBy !== null) return
      }
      bytesBefore += file.sizeBytes
    }
    this.summary.digest = this.digest.value()
  }

  private async* readFile(file: FolderFile): AsyncGenerator<Omit<FactBatch, 'bytesTotal'>> {
    const counts: FileCounts = {
      file: file.name, table: file.table, rows: 0, accepted: 0, repeated: 0, refused: 0, unknownColumns: [],
    }
    this.summary.files.push(counts)
    let reading: FileReading | null = null
    for await (const block of readRows(file)) {
      if (reading === null && block.header !== null) {
        reading = this.openReading(file, block.header)
        counts.unknownColumns = block.header.unknownColumns
      }
      const items: (FolderFact | Refusal)[] = []
      for (const item of block.items) {
        if (isRefusal(item)) this.refuse(items, item, counts)
        else if (reading !== null) this.take(items, reading, item, counts)
        if (this.summary.stoppedBy !== null) break
      }
      yield { table: file.table, items, bytesRead: block.bytesRead }
      if (this.summary.stoppedBy !== null) return
    }
    if (reading !== null) yield { table: file.table, items: this.unknownParents(reading, counts), bytesRead: file.sizeBytes }
  }

  private openReading(file: FolderFile, header: Header): FileReading {
    const { required, optional } = tables[file.table]
    const { times } = this.summary
    const row = new RowReader({ header, asOf: this.options.asOf ?? Infinity, times, lists: this.options.lists })
    const columns = [...required, ...optional].filter((name) => header.positions.has(name)).sort()
    return {
      file, row, columns, parents: [],
      seen: file.table === 'accounts' ? this.accounts : new IdTable(),
    }
  }

  private take(items: (FolderFact | Refusal)[], reading: FileReading, source: Row, counts: FileCounts): void {
    const { row, file } = reading
    counts.rows += 1
    row.open(source)
    const fact = factParsers[file.table](row, source.line)
    if (row.fault === null) this.checkAccounts(row, fact)
    if (row.fault === null) this.checkVocabulary(row, fact)
    const content = row.fault === null ? this.contentOf(reading) : ''
    const identity = identityOf(fact)
    if (row.fault === null && identity !== null) {
      const hash = hash32(content, 0x27d4eb2f)
      const earlier = reading.seen.keep(identity, hash)
      if (earlier === hash) {
        counts.repeated += 1
        return
      }
      if (earlier !== null) row.refuse(idColumn[file.table], 'duplicate_id')
    }
    if (row.fault !== null) {
      const { column, reason } = row.fault
      items.push(this.count({ refused: true, scope: 'row', file: file.name, line: source.line, column, reason }))
      counts.refused += 1
      return
    }
    row.accept()
    if (!labelTables.has(file.table)) this.digest.add(content)
    counts.accepted += 1
    items.push(fact)
    if (fact.table === 'accounts') noteParent(reading, fact)
    for (const { column, reason } of row.dropped) {
      items.push(this.count({ refused: true, scope: 'cell', file: file.name, line: source.line, column, reason }))
    }
  }

  private contentOf(reading: FileReading): string {
    let content: string = reading.file.table
    for (const column of reading.columns) {
      const cell = reading.row.raw(column)
      if (cell !== '') content += `\n${column}=${cell}`
    }
    return content
  }

  private checkAccounts(row: RowReader, fact: FolderFact): void {
    for (const [column, accountId] of accountsNamedBy(fact)) {
      if (!this.knows(accountId)) row.refuse(column, 'unknown_account')
    }
  }

  /** Kinds and currencies are told apart by small numbers: a folder that makes them up without end is refused beyond that. */
  private checkVocabulary(row: RowReader, fact: FolderFact): void {
    if (fact.table === 'observations') {
      for (const { kind } of fact.identifiers) if (!learn(this.kinds, kind)) row.refuse('kind', 'too_many_words')
    }
    if (fact.table === 'transactions' && !learn(this.currencies, fact.currency)) row.refuse('currency', 'too_many_words')
  }

  private knows(accountId: string): boolean {
    return this.accounts.find(accountId) !== null || this.options.knowsAccount?.(accountId) === true
  }

  /** Parents may stand below their children, so they are looked up once all accounts are read. */
  private unknownParents(reading: FileReading, counts: FileCounts): Refusal[] {
    const unknown = reading.parents.filter((parent) => !this.knows(parent.accountId))
    const items: Refusal[] = []
    for (const { line } of unknown) {
      if (this.summary.stoppedBy !== null) break
      items.push(this.count({
        refused: true, scope: 'cell', file: counts.file, line, column: 'parent_account_id', reason: 'unknown_account',
      }))
    }
    return items
  }

  private refuse(items: (FolderFact | Refusal)[], refusal: Refusal, counts: FileCounts): void {
    if (refusal.scope === 'row') {
      counts.rows += 1
      counts.refused += 1
    }
    items.push(this.count(refusal))
    if (refusal.scope === 'file' && counts.table === 'accounts') this.summary.stoppedBy ??= refusal
  }

  private count(refusal: Refusal): Refusal {
    this.summary.refusals.set(refusal.reason, (this.summary.refusals.get(refusal.reason) ?? 0) + 1)
    if (this.options.isStrict === true) this.summary.stoppedBy ??= refusal
    return refusal
  }
}

interface FileReading {
  readonly file: FolderFile
  readonly row: RowReader
  /** Known columns of the header, sorted, so that their order in the file does not matter. */
  readonly columns: readonly string[]
  readonly seen: IdTable
  readonly parents: { line: number; accountId: string }[]
}

const vocabularyMax = 200

function learn(vocabulary: Set<string>, word: string): boolean {
  if (vocabulary.has(word)) return true
  if (vocabulary.size >= vocabularyMax) return false
  vocabulary.add(word)
  return true
}

function noteParent(reading: FileReading, fact: AccountFact): void {
  const { parentAccountId, line } = fact
  if (parentAccountId !== null && reading.seen.find(parentAccountId) === null) {
    reading.parents.push({ line, accountId: parentAccountId })
  }
}

/** The column named when a row contradicts an earlier one of the same id. */
const idColumn: Readonly<Record<TableName, string>> = {
  accounts: 'account_id', referrals: 'invitee_id', clicks: 'click_id', transactions: 'transaction_id', observations: '',
  rebates: 'rebate_id', balances: 'book_account', payouts: 'payout_id', labels: 'account_id', referral_labels: 'invitee_id',
}
