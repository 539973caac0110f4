// Seals new postings into the chain of acts, in batches: a transfer that is changed, added or deleted afterwards is found and named.
// Promises: every transfer is in exactly one seal; none can come later below a seal's last id; safe to run twice at once.

import { appendAct, SYSTEM_ACTOR_ID } from '../acts/index.ts'
import type { Clock } from '../base/clock.ts'
import { type Database, sqlStateOf, type Transaction } from '../base/database.ts'
import { defineJob, type Job } from '../base/jobs.ts'
import type { KeyRing } from '../base/keys.ts'
import { sealedText } from '../ledger/index.ts'

/** Ids per seal at most: what one statement reads and digests in well under a second. */
const SEAL_IDS_MAX = 10_000n
/** One at a time: the next seal begins where the last one ended. */
const SEAL_LOCK = 7_246_100_003n
const LOCK_NOT_AVAILABLE = '55P03'

export interface SealParts {
  readonly database: Database
  readonly keys: KeyRing
  readonly clock: Clock
}

export type Sealed =
  | { readonly ok: true; readonly transfers: number; readonly seals: number }
  /** Some transaction has been writing for longer than a seal may wait: the next round tries again. */
  | { readonly ok: false; readonly why: 'writers_busy' }

/** Seals what is there now. */
export async function sealPostings({ database, keys, clock }: SealParts, idsMax = SEAL_IDS_MAX): Promise<Sealed> {
  const settled = await settledId(database)
  if (settled === null) return { ok: false, why: 'writers_busy' }
  let transfers = 0
  for (let seals = 0; ; seals += 1) {
    const added = await database.inTransaction((transaction) => sealNext(transaction, { keys, clock }, settled, idsMax))
    if (added === null) return { ok: true, transfers, seals }
    transfers += added
  }
}

export const sealJob: Job = defineJob({
  name: 'seal_postings', everySeconds: 60,
  run: async (parts) => {
    const sealed = await sealPostings(parts)
    if (!sealed.ok) parts.log.info('postings are sealed in the next round: a transaction writes for long')
  },
})

async function settledId(database: Database): Promise<bigint | null> {
  try {
    const { rows } = await database.pool.query<{ id: string }>('select settled_transfer_id() as id')
    return BigInt(rows[0]?.id ?? '0')
  } catch (error) {
    if (sqlStateOf(error) === LOCK_NOT_AVAILABLE) return null
    throw error
  }
}

/** One seal; returns how many transfers it covers, or null when everything is sealed. */
async function sealNext(transaction: Transaction, { keys, clock }: Omit<SealParts, 'database'>, settled: bigint, idsMax: bigint): Promise<number | null> {
  await transaction.$executeRaw`select pg_advisory_xact_lock(${SEAL_LOCK}::bigint)`
  const before = await transaction.postingSeal.findFirst({ orderBy: { id: 'desc' }, select: { lastTransferId: true } })
  const first = (before?.lastTransferId ?? 0n) + 1n
  if (first > settled) return null
  const last = first + idsMax - 1n < settled ? first + idsMax - 1n : settled
  const [found] = await transaction.$queryRaw<{ transfers: bigint; digest: Uint8Array<ArrayBuffer>; marks: Uint8Array<ArrayBuffer> }[]>`
    select count(*) as transfers, sha256(coalesce(string_agg(d.digest, ''::bytea order by d.id), ''::bytea)) as digest,
           coalesce(string_agg(int8send(d.id) || substring(d.digest from 1 for 8), ''::bytea order by d.id), ''::bytea) as marks
      from transfer_digests(${first}, ${last}) as d`
  if (found === undefined) throw new Error('A range of transfers has no digest.')
  const act = await appendAct(transaction, keys, clock, {
    actorId: SYSTEM_ACTOR_ID, kind: 'postings_sealed', objectKind: 'posting_seal',
    objectId: sealedText({ firstTransferId: first, lastTransferId: last, transfers: found.transfers, digest: found.digest }),
  })
  await transaction.postingSeal.create({
    data: { firstTransferId: first, lastTransferId: last, ...found, actSequence: act.sequence, recordedAt: clock.now() },
  })
  return Number(found.transfers)
}
