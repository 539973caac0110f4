// Who was seen with what: the distinct pairs of account and identifier, by account and by identifier, as typed arrays.
// Duplicates and rows later than "now" change nothing; no object is made per identifier or pair.
import type { Population } from '../population.ts'
import { isMeaningless, twinKinds } from './kinds.ts'

export interface Postings {
  readonly accounts: number
  readonly identifiers: number
  /** Number of distinct pairs. */
  readonly pairs: number
  /** Pairs of account a are `accountStart[a] … accountStart[a + 1]`, ascending by identifier. */
  readonly accountStart: Int32Array
  /** Identifier of each pair. */
  readonly identifierOf: Int32Array
  /** Postings of identifier i are `identifierStart[i] … identifierStart[i + 1]`, ascending by account. */
  readonly identifierStart: Int32Array
  /** Account of each posting. */
  readonly accountOf: Int32Array
  /** The pair that a posting is, by account. */
  readonly pairOf: Int32Array
  /** Distinct times of pair p in seconds since the epoch, ascending: `momentAt[momentStart[p]] …`. */
  readonly momentStart: Int32Array
  readonly momentAt: Float64Array
  /** First and last time of each pair; NaN where no time is known. */
  readonly firstAt: Float64Array
  readonly lastAt: Float64Array
  /** All contexts in which the pair was seen, as bits. */
  readonly context: Uint16Array
  /** The same for every word as reported, known or not: one bit per word, by a hash of the word. */
  readonly words: Int32Array
}

/** Builds both directions by counting sorts: time and memory are linear in the number of rows. */
export function buildPostings(population: Population): Postings {
  const { accounts, identifiers } = population
  const meaningless = meaninglessIdentifiers(population)
  const rows = rowsByAccount(population, meaningless)
  const { accountStart, identifierOf, pairOfRow } = distinctPairs(accounts.count, rows, population.observations.identifier)
  const pairs = identifierOf.length
  const times = pairTimes(population, rows.order, pairOfRow, pairs)
  const { identifierStart, accountOf, pairOf } = transpose(accounts.count, identifiers.count, accountStart, identifierOf)
  return {
    accounts: accounts.count, identifiers: identifiers.count, pairs,
    accountStart, identifierOf, identifierStart, accountOf, pairOf, ...times,
  }
}

/** Number of accounts on an identifier. */
export function accountsOn(postings: Postings, identifier: number): number {
  return postings.identifierStart[identifier + 1]! - postings.identifierStart[identifier]!
}

function meaninglessIdentifiers({ identifiers }: Population): Uint8Array {
  const twins = identifiers.kinds.map((kind) => twinKinds(kind).some((twin) => identifiers.kinds.includes(twin)))
  return Uint8Array.from(identifiers.flags, (flags, identifier) => {
    const kind = identifiers.kind[identifier]!
    return twins[kind]! || isMeaningless(identifiers.kinds[kind]!, flags) ? 1 : 0
  })
}

interface SortedRows {
  /** Row numbers, grouped by account and ascending by identifier within. */
  readonly order: Int32Array
  /** `order` of account a is `start[a] … start[a + 1]`. */
  readonly start: Int32Array
}

/** Two stable counting sorts, first by identifier, then by account. */
function rowsByAccount(population: Population, meaningless: Uint8Array): SortedRows {
  const { observations, asOf } = population
  const kept = new Int32Array(observations.count)
  let count = 0
  for (let row = 0; row < observations.count; row++) {
    if (meaningless[observations.identifier[row]!] === 1 || observations.at[row]! > asOf) continue
    kept[count++] = row
  }
  const byIdentifier = countingSort(kept.subarray(0, count), observations.identifier, population.identifiers.count)
  return countingSort(byIdentifier.order, observations.account, population.accounts.count)
}

/** Sorts row numbers by a key in 0 … keys − 1; rows of equal key keep their order. */
export function countingSort(rows: Int32Array, key: Int32Array, keys: number): SortedRows {
  const start = new Int32Array(keys + 1)
  for (let index = 0; index < rows.length; index++) start[key[rows[index]!]! + 1]!++
  for (let index = 0; index < keys; index++) start[index + 1]! += start[index]!
  const next = start.slice(0, keys)
  const order = new Int32Array(rows.length)
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!
    order[next[key[row]!]!++] = row
  }
  return { order, start }
}

function distinctPairs(accounts: number, rows: SortedRows, identifier: Int32Array) {
  const accountStart = new Int32Array(accounts + 1)
  const pairRow = new Int32Array(rows.order.length)
  const pairOfRow = new Int32Array(rows.order.length)
  let pairs = 0
  for (let account = 0; account < accounts; account++) {
    let previous = -1
    for (let index = rows.start[account]!; index < rows.start[account + 1]!; index++) {
      const current = identifier[rows.order[index]!]!
      if (current !== previous) pairRow[pairs++] = current
      pairOfRow[index] = pairs - 1
      previous = current
    }
    accountStart[account + 1] = pairs
  }
  return { accountStart, pairOfRow, identifierOf: pairRow.slice(0, pairs) }
}

function pairTimes({ observations }: Population, order: Int32Array, pairOfRow: Int32Array, pairs: number) {
  const firstAt = new Float64Array(pairs).fill(Number.NaN)
  const lastAt = new Float64Array(pairs).fill(Number.NaN)
  const context = new Uint16Array(pairs)
  const words = new Int32Array(pairs)
  const masks = observations.contextWords.map(wordMask)
  const momentStart = new Int32Array(pairs + 1)
  const momentAt = new Float64Array(order.length)
  let moments = 0
  for (let from = 0; from < order.length;) {
    const pair = pairOfRow[from]!
    const begin = moments
    let to = from
    for (; to < order.length && pairOfRow[to] === pair; to++) {
      const row = order[to]!
      const at = observations.at[row]!
      context[pair]! |= observations.context[row]!
      words[pair]! |= masks[observations.contextWord[row]!]!
      if (!Number.isNaN(at)) momentAt[moments++] = at
    }
    moments = begin + sortDistinct(momentAt, begin, moments)
    if (moments > begin) {
      firstAt[pair] = momentAt[begin]!
      lastAt[pair] = momentAt[moments - 1]!
    }
    momentStart[pair + 1] = moments
    from = to
  }
  return { firstAt, lastAt, context, words, momentStart, momentAt: momentAt.slice(0, moments) }
}

/** Sorts a stretch of values in place, keeps each once at its front, and returns how many are left. */
function sortDistinct(values: Float64Array, from: number, to: number): number {
  if (to - from > 1) values.subarray(from, to).sort()
  let kept = from
  for (let index = from; index < to; index++) {
    if (index === from || values[index] !== values[kept - 1]) values[kept++] = values[index]!
  }
  return kept - from
}

/** One bit of 31 for each of the words joined by `|`, by the FNV-1a hash (Fowler, Noll, Vo 1991) of its characters. */
function wordMask(contextWord: string): number {
  let mask = 0
  for (const word of contextWord.split('|')) {
    let hash = 0x811c9dc5
    for (let index = 0; index < word.length; index++) hash = Math.imul(hash ^ word.charCodeAt(index), 0x01000193)
    if (word !== '') mask |= 1 << ((hash >>> 0) % 31)
  }
  return mask
}

function transpose(accounts: number, identifiers: number, accountStart: Int32Array, identifierOf: Int32Array) {
  const identifierStart = new Int32Array(identifiers + 1)
  for (let pair = 0; pair < identifierOf.length; pair++) identifierStart[identifierOf[pair]! + 1]!++
  for (let index = 0; index < identifiers; index++) identifierStart[index + 1]! += identifierStart[index]!
  const next = identifierStart.slice(0, identifiers)
  const accountOf = new Int32Array(identifierOf.length)
  const pairOf = new Int32Array(identifierOf.length)
  for (let account = 0; account < accounts; account++) {
    for (let pair = accountStart[account]!; pair < accountStart[account + 1]!; pair++) {
      const posting = next[identifierOf[pair]!]!++
      accountOf[posting] = account
      pairOf[posting] = pair
    }
  }
  return { identifierStart, accountOf, pairOf }
}
