// The one door through which money is written: a balanced transfer handed to the database's posting function.
// Promises: one natural key has one effect; what the database refuses is thrown, because the transaction is lost with it.

import { type Transaction, databaseMessageOf, sqlStateOf } from '../base/database.ts'
import type { EntryLine, TransferKind } from './book-accounts.ts'

export interface Posting {
  /** Unique for ever, e.g. the digest of what is posted for which fact. */
  readonly naturalKey: Uint8Array
  readonly kind: TransferKind
  readonly programId?: bigint | null
  readonly eventId?: bigint | null
  readonly decisionId?: bigint | null
  /** The transfer that this one takes back. */
  readonly reversesId?: bigint | null
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly effectiveAt: Date
  readonly actorId: bigint
  readonly entries: readonly EntryLine[]
}

export interface Posted {
  readonly transferId: bigint
  /** The same content had been posted under this key before; nothing was written now. */
  readonly replayed: boolean
}

export type PostingRefusal = 'floor' | 'malformed' | 'key_reused'

/** Thrown where the books refuse; the transaction around it can only be rolled back. */
export class PostingRefused extends Error {
  readonly reason: PostingRefusal
  constructor(reason: PostingRefusal, message: string) {
    super(message)
    this.name = 'PostingRefused'
    this.reason = reason
  }
}

/** Locks members against every other posting until the transaction ends. Call it once, with all of them, before reading positions. */
export async function lockMembers(transaction: Transaction, accountIds: readonly bigint[]): Promise<void> {
  if (accountIds.length === 0) return
  await transaction.$queryRaw`select lock_members(${arrayOf(accountIds)}::bigint[])::text`
}

/** Throws PostingRefused when the books refuse: below a floor, not balanced, or the key used for another content. */
export async function postTransfer(transaction: Transaction, posting: Posting): Promise<Posted> {
  const { entries } = posting
  try {
    const rows = await transaction.$queryRaw<{ transfer_id: bigint; replayed: boolean }[]>`
      select transfer_id, replayed from post_transfer(
        ${new Uint8Array(posting.naturalKey)}::bytea, ${posting.kind}::text, ${posting.programId ?? null}::bigint, ${posting.eventId ?? null}::bigint,
        ${posting.decisionId ?? null}::bigint, ${posting.reversesId ?? null}::bigint,
        ${posting.occurredAt}::timestamptz, ${posting.recordedAt}::timestamptz, ${posting.effectiveAt}::timestamptz, ${posting.actorId}::bigint,
        ${arrayOf(entries.map((entry) => entry.accountId))}::bigint[], ${arrayOf(entries.map((entry) => entry.kind))}::text[],
        ${arrayOf(entries.map((entry) => entry.asset))}::text[], ${arrayOf(entries.map((entry) => entry.rebateId))}::bigint[],
        ${arrayOf(entries.map((entry) => entry.amount))}::bigint[])`
    const row = rows[0]
    if (row === undefined) throw new Error('The posting function gave no answer.')
    return { transferId: row.transfer_id, replayed: row.replayed }
  } catch (error) {
    throw refusalOf(error) ?? error
  }
}

const REFUSALS: Readonly<Record<string, PostingRefusal>> = { RF002: 'malformed', RF003: 'key_reused', '23514': 'floor' }

function refusalOf(error: unknown): PostingRefused | undefined {
  const reason = REFUSALS[sqlStateOf(error) ?? '']
  return reason === undefined ? undefined : new PostingRefused(reason, databaseMessageOf(error))
}

/** An array in PostgreSQL's own notation; the values are numbers and words of this project, never text from outside. */
function arrayOf(values: readonly (bigint | string | null)[]): string {
  const parts = values.map((value) => (value === null ? 'NULL' : value.toString()))
  if (parts.some((part) => !/^(-?\d+|[A-Za-z_]+)$/.test(part))) throw new Error('An entry holds something other than numbers and words.')
  return `{${parts.join(',')}}`
}
