// The first answer to a request key, given again byte for byte.
// Promises: a key used with another body is refused; after a restart the keys of the last day are still known.

import type { Database } from '../base/database.ts'
import { digestOf } from '../base/hashing.ts'

/** Keys remembered; the oldest go first. */
const REMEMBERED_MAX = 100_000
const KNOWN_SECONDS = 86_400

export interface RememberedAnswer {
  readonly requestDigest: Uint8Array
  /** The answer as it was sent. */
  readonly text: string
}

type Entry = RememberedAnswer | { readonly recordedAs: string }

export class Replays {
  readonly #entries = new Map<string, Entry>()
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Remembers which keys were answered before this process started; their answers are read when asked for. */
  async load(now: Date): Promise<void> {
    const since = new Date(now.getTime() - KNOWN_SECONDS * 1000)
    const rows = await this.#database.prisma.checkRecord.findMany({
      where: { requestKey: { not: null }, evaluatedAt: { gte: since } }, orderBy: { evaluatedAt: 'desc' }, take: REMEMBERED_MAX, select: { id: true, requestKey: true },
    })
    for (const { id, requestKey } of rows.reverse()) if (requestKey !== null) this.#put(nameOf(requestKey), { recordedAs: id })
  }

  remember(key: Uint8Array, answer: RememberedAnswer): void {
    this.#put(nameOf(key), answer)
  }

  /** Undefined: not answered by this process, nor recorded before it started. */
  async find(key: Uint8Array): Promise<RememberedAnswer | undefined> {
    const entry = this.#entries.get(nameOf(key))
    if (entry === undefined || 'text' in entry) return entry
    const row = await this.#database.prisma.checkRecord.findUnique({ where: { id: entry.recordedAs }, select: { requestDigest: true, checkBody: { select: { answer: true } } } })
    if (row?.checkBody === null || row?.checkBody === undefined) return undefined
    const answer = { requestDigest: row.requestDigest, text: row.checkBody.answer }
    this.remember(key, answer)
    return answer
  }

  #put(name: string, entry: Entry): void {
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    if (this.#entries.size <= REMEMBERED_MAX) return
    const [oldest] = this.#entries.keys()
    if (oldest !== undefined) this.#entries.delete(oldest)
  }
}

/** One caller's key, apart from every other caller's. */
export function requestKeyOf(actorId: bigint, key: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(digestOf('check', actorId.toString(), key))
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString('latin1')
}
