// Reads the books for a batch: one statement for the facts, one for everything that they may need, and one each for caps and standings
// where a programme has such.

import type { Session } from '../../base/session.ts'
import { readCapUsage } from '../qualification/cap-usage.ts'
import { readStandings } from '../standing/standing.ts'
import type { BooksJson, EventJson, SheetEvent } from './document.ts'
import { capsOn } from './earning.ts'
import { readRules, type RulesMemory } from './known-rules.ts'
import { Sheet } from './sheet.ts'

/** Locks the accounts' facts until the transaction ends; the events that have one of the keys, by key. */
export async function readFacts(session: Session, accountIds: readonly bigint[], keys: readonly string[]): Promise<Map<string, EventJson>> {
  const [row] = await session.$queryRaw<{ facts: string }[]>`
    select read_facts(${list(accountIds)}::bigint[], ${bytesList(keys)}::bytea[])::text as facts`
  return new Map((JSON.parse(row?.facts ?? '[]') as EventJson[]).map((event) => [event.key, event]))
}

export interface BooksQuestion {
  readonly accountIds: readonly bigint[]
  /** Per account: from when on its earlier payments count. */
  readonly since?: ReadonlyMap<bigint, Date>
  /** Events whose rebates count. */
  readonly eventIds?: readonly bigint[]
  /** Natural keys of events that refunds and disputes may be about. */
  readonly keys?: readonly string[]
  readonly now: Date
  /** Payments whose caps count, beside those that are read. */
  readonly payments?: (sheet: Sheet) => readonly SheetEvent[]
}

/** Locks the members and reads. */
export async function readSheet(session: Session, memory: RulesMemory, question: BooksQuestion): Promise<Sheet> {
  const { accountIds, since = new Map<bigint, Date>(), eventIds = [], keys = [], now, payments } = question
  const times = accountIds.map((id) => since.get(id)?.toISOString() ?? null)
  const [row] = await session.$queryRaw<{ books: string }[]>`
    select read_books(${list(accountIds)}::bigint[], ${list(times)}::timestamptz[], ${list(eventIds)}::bigint[], ${bytesList(keys)}::bytea[])::text as books`
  if (row === undefined) throw new Error('The books gave no answer.')
  const books = JSON.parse(row.books) as BooksJson
  if (memory.rules === null || !memory.rules.isComplete(books.versions)) memory.rules = await readRules(session)
  const standings = books.has_standing ? await readStandings(session, membersOf(books)) : null
  const usage = new Map<string, bigint>()
  const sheet = new Sheet(books, { rules: memory.rules, now, standings, usage })
  const caps = (payments?.(sheet) ?? []).flatMap((event) => capsOn(sheet, event))
  if (caps.length > 0) for (const [key, used] of await readCapUsage(session, caps)) usage.set(key, used)
  return sheet
}

function membersOf({ referrals }: BooksJson): { programId: bigint; accountId: bigint }[] {
  return referrals.flatMap(({ program, inviter, invitee }) => [{ programId: BigInt(program), accountId: BigInt(inviter) }, { programId: BigInt(program), accountId: BigInt(invitee) }])
}

/** Arrays in PostgreSQL's own notation: the values are numbers, times and hexadecimal digits, never text from outside. */
function list(values: readonly (bigint | string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value}"`)).join(',')}}`
}

function bytesList(keys: readonly string[]): string {
  return `{${keys.map((key) => `"\\\\x${key}"`).join(',')}}`
}
