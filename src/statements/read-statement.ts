// The statement of a period: opening + what moved, column by column = closing, per asset and book account, from entries by effective_at.
// Promises: closes to the last smallest unit or says what differs: the closing is also reached backwards, from what lies there now.

import type pg from 'pg'
import { MEMBER_KINDS } from '../ledger/index.ts'
import { COLUMN_SQL, STATEMENT_COLUMNS, type StatementColumn } from './columns.ts'
import type { Period } from './period.ts'

export interface StatementScope {
  /** The programme whose rebates the money belongs to; null: everything, also the money that members paid. */
  readonly programId: bigint | null
  /** One member's book accounts; null: everybody's and the platform's. */
  readonly accountId: bigint | null
}

/** One asset in one kind of book account. Amounts are decimal strings of the asset's smallest unit. */
export interface StatementLine {
  readonly asset: string
  readonly account: string
  readonly owner: 'member' | 'platform'
  readonly opening: string
  /** Only the columns in which something moved. */
  readonly columns: Partial<Readonly<Record<StatementColumn, string>>>
  readonly closing: string
}

export interface Statement {
  readonly starts_at: string
  readonly ends_at: string
  readonly lines: readonly StatementLine[]
  /** By how much the rebates of other programmes repaid debts of this one's, net: the only amounts by which all that moved does not sum to zero. */
  readonly between_programs: readonly { readonly asset: string; readonly amount: string }[]
  /** Entries within the period. */
  readonly entries: number
}

/** By how much going forward from the opening misses what lies there. */
export interface StatementDifference {
  readonly asset: string
  readonly account: string
  readonly computed: string
  readonly found: string
  readonly difference: string
}

export type StatementResult = { readonly ok: true; readonly statement: Statement } | { readonly ok: false; readonly differences: readonly StatementDifference[] }

/** Where reading begins: the closing balances of an earlier moment, by `asset account`; absent: the first entry there is. */
export interface KnownOpening {
  readonly at: Date
  readonly balances: ReadonlyMap<string, bigint>
}

/** `client` must read in one snapshot (repeatable read): the queries must see one moment. */
export async function readStatement(client: pg.ClientBase, scope: StatementScope, period: Period, known?: KnownOpening): Promise<StatementResult> {
  const sums = await sumsOf(client, scope, period, known?.at ?? null)
  const unknown = sums.find(({ column }) => !isColumn(column) && column !== 'opening' && column !== 'later')
  if (unknown !== undefined) throw new Error(`The transfer kind ${unknown.column} has no column in the statement.`)
  const places = new Map<string, Place>()
  for (const [key, amount] of known?.balances ?? []) placeOf(places, key).opening += amount
  let entries = 0
  for (const { asset, account, column, amount, count } of sums) {
    const place = placeOf(places, `${asset} ${account}`)
    if (column === 'opening') place.opening += amount
    else if (column === 'later') place.later += amount
    else {
      place.columns.set(column as StatementColumn, (place.columns.get(column as StatementColumn) ?? 0n) + amount)
      entries += count
    }
  }
  const differences = differencesOf(places, await balancesNow(client, scope), scope)
  if (differences.length > 0) return { ok: false, differences }
  return { ok: true, statement: presented(places, period, scope, entries) }
}

/** The closing balances of a statement, as the opening of the next. */
export function closingOf({ ends_at: endsAt, lines }: Statement): KnownOpening {
  return { at: new Date(endsAt), balances: new Map(lines.map(({ asset, account, closing }) => [`${asset} ${account}`, BigInt(closing)])) }
}

const isColumn = (word: string): word is StatementColumn => (STATEMENT_COLUMNS as readonly string[]).includes(word)
const isMember = (account: string): boolean => (MEMBER_KINDS as readonly string[]).includes(account)

interface Place {
  opening: bigint
  later: bigint
  readonly columns: Map<StatementColumn, bigint>
}

function placeOf(places: Map<string, Place>, key: string): Place {
  let place = places.get(key)
  if (place === undefined) places.set(key, place = { opening: 0n, later: 0n, columns: new Map() })
  return place
}

interface Sum {
  readonly asset: string
  readonly account: string
  readonly column: string
  readonly amount: bigint
  readonly count: number
}

/** Everything since `since`, as before, within and after the period. */
async function sumsOf(client: pg.ClientBase, { programId, accountId }: StatementScope, { startsAt, endsAt }: Period, since: Date | null): Promise<Sum[]> {
  const { rows } = await client.query<{ asset: string; account: string; column: string; amount: string; count: string }>(
    `select e.asset, b.kind as account, case when t.effective_at < $1 then 'opening' when t.effective_at >= $2 then 'later' else ${COLUMN_SQL} end as column,
            sum(e.amount)::text as amount, count(*) as count
       from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id
       ${programId === null ? '' : 'join rebate r on r.id = e.rebate_id and r.program_id = $4'}
       where ($3::timestamptz is null or t.effective_at >= $3) ${accountId === null ? '' : `and b.account_id = $${programId === null ? 4 : 5}`}
       group by 1, 2, 3`,
    [startsAt, endsAt, since, ...[programId, accountId].filter((id) => id !== null)])
  return rows.map(({ amount, count, ...rest }) => ({ ...rest, amount: BigInt(amount), count: Number(count) }))
}

/** What lies in the book accounts now, kept apart from the entries by the posting function. Platform accounts are not kept by programme. */
async function balancesNow(client: pg.ClientBase, { programId, accountId }: StatementScope): Promise<Map<string, bigint>> {
  const isOne = accountId === null ? '' : `and b.account_id = $${programId === null ? 1 : 2}`
  const { rows } = await client.query<{ asset: string; account: string; amount: string }>(
    programId === null
      ? `select b.asset, b.kind as account, sum(b.balance)::text as amount from book_account b where true ${isOne} group by 1, 2`
      : `select b.asset, b.kind as account, sum(p.amount)::text as amount from book_account b join position p on p.book_account_id = b.id join rebate r on r.id = p.rebate_id
           where b.account_id is not null and p.amount <> 0 and r.program_id = $1 ${isOne} group by 1, 2`,
    [programId, accountId].filter((id) => id !== null))
  return new Map(rows.map(({ asset, account, amount }) => [`${asset} ${account}`, BigInt(amount)]))
}

function differencesOf(places: ReadonlyMap<string, Place>, now: ReadonlyMap<string, bigint>, { programId }: StatementScope): StatementDifference[] {
  const differences: StatementDifference[] = []
  for (const key of [...new Set([...places.keys(), ...now.keys()])].sort()) {
    const [asset = '', account = ''] = key.split(' ')
    if (programId !== null && !isMember(account)) continue
    const place = places.get(key)
    const computed = place === undefined ? 0n : closingAmount(place)
    const found = (now.get(key) ?? 0n) - (place?.later ?? 0n)
    if (computed !== found) differences.push({ asset, account, computed: computed.toString(), found: found.toString(), difference: (found - computed).toString() })
  }
  return differences
}

function closingAmount({ opening, columns }: Place): bigint {
  return [...columns.values()].reduce((sum, amount) => sum + amount, opening)
}

function presented(places: ReadonlyMap<string, Place>, { startsAt, endsAt }: Period, { accountId }: StatementScope, entries: number): Statement {
  const lines: StatementLine[] = []
  const across = new Map<string, bigint>()
  for (const [key, place] of [...places].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const [asset = '', account = ''] = key.split(' ')
    const moved = STATEMENT_COLUMNS.flatMap((column) => (place.columns.has(column) ? [[column, place.columns.get(column) ?? 0n] as const] : []))
    for (const [, amount] of moved) across.set(asset, (across.get(asset) ?? 0n) + amount)
    if (moved.length === 0 && place.opening === 0n) continue
    lines.push({
      asset, account, owner: isMember(account) ? 'member' : 'platform', opening: place.opening.toString(),
      columns: Object.fromEntries(moved.map(([column, amount]) => [column, amount.toString()])), closing: closingAmount(place).toString(),
    })
  }
  // One member's accounts do not sum to zero by themselves: the platform's are the other half.
  const between = accountId !== null ? [] : [...across].filter(([, amount]) => amount !== 0n).sort(([left], [right]) => (left < right ? -1 : 1))
  return {
    starts_at: startsAt.toISOString(), ends_at: endsAt.toISOString(), lines, entries,
    between_programs: between.map(([asset, amount]) => ({ asset, amount: amount.toString() })),
  }
}
