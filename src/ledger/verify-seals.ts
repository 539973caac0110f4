// The seals over postings, recomputed: each range of transfers is as it was sealed, and every seal is the one that the chain of acts names.
// Promises: names the first transfer that was changed, added or deleted after it was sealed.

import type { Database } from '../base/database.ts'
import type { Verifier } from './verifier.ts'

export interface SealedRange {
  readonly firstTransferId: bigint
  readonly lastTransferId: bigint
  readonly transfers: bigint
  readonly digest: Uint8Array
}

/** What the chain's act says of a seal: it stands in a signed column that is never erased. */
export function sealedText({ firstTransferId, lastTransferId, transfers, digest }: SealedRange): string {
  return `${firstTransferId}-${lastTransferId} ${transfers} ${Buffer.from(digest).toString('hex')}`
}

const MARK_BYTES = 16

export const sealVerifier: Verifier = {
  name: 'seals',
  sentence: 'Every transfer is as it was sealed into the chain of acts, and no seal is missing.',
  async find({ database }) {
    const acts = await database.prisma.act.findMany({ where: { kind: 'postings_sealed', objectKind: 'posting_seal' }, select: { sequence: true, objectId: true }, orderBy: { sequence: 'asc' } })
    const named = new Map(acts.map((act) => [act.sequence, act.objectId]))
    let next = 1n
    for (let after = 0n; ;) {
      const seal = await database.prisma.postingSeal.findFirst({ where: { id: { gt: after } }, orderBy: { id: 'asc' } })
      if (seal === null) break
      after = seal.id
      const place = `posting_seal ${seal.id}`
      if (seal.firstTransferId !== next) return { place, found: `it begins at transfer ${seal.firstTransferId}, ${next} is due` }
      next = seal.lastTransferId + 1n
      if (named.get(seal.actSequence) !== sealedText(seal)) return { place, found: `act ${seal.actSequence} does not name it` }
      named.delete(seal.actSequence)
      const wrong = await firstWrongTransfer(database, seal)
      if (wrong !== null) return wrong
    }
    const [lost] = named.keys()
    return lost === undefined ? null : { place: `act ${lost}`, found: 'the seal that it names is missing' }
  },
}

async function firstWrongTransfer(database: Database, seal: SealedRange & { readonly id: bigint; readonly marks: Uint8Array }): Promise<{ place: string; found: string } | null> {
  const range = [seal.firstTransferId.toString(), seal.lastTransferId.toString()]
  const { rows: [all] } = await database.pool.query<{ digest: Buffer }>(
    `select sha256(coalesce(string_agg(d.digest, ''::bytea order by d.id), ''::bytea)) as digest from transfer_digests($1, $2) as d`, range)
  if (all?.digest.equals(seal.digest) === true) return null
  const { rows } = await database.pool.query<{ id: string; digest: Buffer }>('select id, digest from transfer_digests($1, $2) order by id', range)
  const marks = Buffer.from(seal.marks)
  for (let place = 0; place * MARK_BYTES < marks.length || place < rows.length; place += 1) {
    const row = rows[place]
    const sealedId = place * MARK_BYTES < marks.length ? marks.readBigInt64BE(place * MARK_BYTES) : null
    if (row !== undefined && (sealedId === null || BigInt(row.id) < sealedId)) return { place: `transfer ${row.id}`, found: `it was added after seal ${seal.id}` }
    if (row === undefined || sealedId === null || BigInt(row.id) > sealedId) return { place: `transfer ${sealedId}`, found: `it was sealed by ${seal.id} and is missing` }
    if (!row.digest.subarray(0, 8).equals(marks.subarray(place * MARK_BYTES + 8, (place + 1) * MARK_BYTES))) {
      return { place: `transfer ${row.id}`, found: `it or its entries are not as seal ${seal.id} found them` }
    }
  }
  return { place: `posting_seal ${seal.id}`, found: 'its marks are not those that were sealed' }
}
