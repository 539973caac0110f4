// A member's history, newest first: what was earned, what was moved to the main balance or to the host, and what was paid out,
// filterable by type; each line with its source and amount, each rebate with its amounts per state.
// Promises: every list is read along its own index from where the last page ended; nothing is shown twice or left out.

import type { Transaction } from '../base/database.ts'
import { type OpenHold, openHoldsOf, type RebateState, rebateStates } from '../ledger/index.ts'
import { NEWEST, type Place, placeText, readPlace } from './keyset.ts'
import { maskName } from './mask.ts'
import type { Member } from './member-figures.ts'

const REBATE_TYPES = ['rebate', 'signup_credit', 'grant', 'opening'] as const
export const HISTORY_TYPES = [...REBATE_TYPES, 'reward_transfer', 'payout'] as const
export type HistoryType = (typeof HISTORY_TYPES)[number]

export const HISTORY_LABELS: Readonly<Record<HistoryType, { readonly en: string; readonly 'zh-CN': string }>> = {
  rebate: { en: 'Rebate', 'zh-CN': '返利' },
  signup_credit: { en: 'Sign-up credit', 'zh-CN': '注册赠送额度' },
  grant: { en: 'Credit', 'zh-CN': '赠送额度' },
  opening: { en: 'Earlier rebate', 'zh-CN': '历史返利' },
  reward_transfer: { en: 'Reward Transfer', 'zh-CN': '奖励金划转' },
  payout: { en: 'Payout', 'zh-CN': '提现' },
}

export interface HistoryLine {
  /** Unique within the member's history. */
  readonly id: string
  readonly type: HistoryType
  /** When it was earned, moved or requested. */
  readonly at: Date
  readonly recordedAt: Date
  readonly asset: string
  readonly amount: bigint
  /** The invitee whose payment it came from, masked; null where it came from nobody, or the account was erased. */
  readonly source: string | null
  /** What the invitee did: `recharge`, `payment` … */
  readonly sourceEvent: string | null
  readonly base: bigint | null
  readonly ratePpm: number | null
  readonly track: string | null
  readonly rebateId: bigint | null
  readonly maturesAt: Date | null
  readonly expiresAt: Date | null
  /** Of a rebate: where it lies now. */
  readonly state: RebateState | null
  readonly holds: readonly OpenHold[]
  /** Of a payout: requested, approved, in_transit … */
  readonly payoutState: string | null
}

export interface HistoryQuery {
  readonly types: readonly HistoryType[]
  readonly limit: number
  readonly after?: HistoryPlace | undefined
}

/** Where each of the lists was left. */
export interface HistoryPlace {
  readonly rebates: Place
  /** Versions of the book accounts that money moved into, by their ids. */
  readonly moves: ReadonlyMap<bigint, bigint>
  readonly payouts: Place
}

export interface HistoryPage {
  readonly lines: readonly HistoryLine[]
  readonly next: string | null
}

const START: HistoryPlace = { rebates: NEWEST, moves: new Map(), payouts: NEWEST }

export async function readHistory(reader: Transaction, member: Member, { types, limit, after = START }: HistoryQuery): Promise<HistoryPage> {
  const candidates = [
    ...inOwnOrder(await rebateLines(reader, member, REBATE_TYPES.filter((type) => types.includes(type)), limit + 1, after.rebates)),
    ...(types.includes('reward_transfer') ? [...(await moveLines(reader, member, limit + 1, after.moves)).values()].flatMap(inOwnOrder) : []),
    ...(types.includes('payout') ? inOwnOrder(await payoutLines(reader, member, limit + 1, after.payouts)) : []),
  ].sort((left, right) => right.orderedAt - left.orderedAt)
  const chosen = candidates.slice(0, limit)
  const place = chosen.reduce<HistoryPlace>((reached, { advance }) => advance(reached), after)
  return { lines: await withStates(reader, chosen.map(({ line }) => line)), next: candidates.length > limit ? historyPlaceText(place) : null }
}

/** An opaque word. */
export function historyPlaceText({ rebates, moves, payouts }: HistoryPlace): string {
  return Buffer.from(JSON.stringify([placeText(rebates), [...moves].map(([account, version]) => `${account}-${version}`).join(','), placeText(payouts)])).toString('base64url')
}

/** Undefined where the word is none that a page gave. */
export function readHistoryPlace(text: string): HistoryPlace | undefined {
  const [, first, middle, last] = /^\["(\d+-\d+)","((?:\d{1,18}-\d{1,18}(?:,(?=\d))?)*)","(\d+-\d+)"\]$/.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? []
  const [rebates, payouts] = [readPlace(first ?? ''), readPlace(last ?? '')]
  if (rebates === undefined || payouts === undefined || middle === undefined) return undefined
  const moves = middle.split(',').filter((part) => part !== '').map((part) => part.split('-').map(BigInt))
  return { rebates, payouts, moves: new Map(moves.map(([account = 0n, version = 0n]) => [account, version])) }
}

interface Candidate {
  readonly line: HistoryLine
  /** The place after this line. */
  readonly advance: (reached: HistoryPlace) => HistoryPlace
}

/**
 * Lists are merged by time without leaving their own order. Why: two transactions of a member may be numbered in another order than
 * their times, which differ by moments, and a page that ended between them would lose one.
 */
function inOwnOrder(list: readonly Candidate[]): (Candidate & { readonly orderedAt: number })[] {
  let earliest = Number.POSITIVE_INFINITY
  return list.map((candidate) => ({ ...candidate, orderedAt: (earliest = Math.min(earliest, candidate.line.at.getTime())) }))
}

interface RebateRow {
  id: bigint
  kind: (typeof REBATE_TYPES)[number]
  microseconds: bigint
  occurred_at: Date
  recorded_at: Date
  asset: string
  amount: bigint
  base: bigint
  rate_ppm: number
  track: string
  matures_at: Date
  expires_at: Date | null
  invitee: string | null
  event_type: string | null
}

const NOTHING = { source: null, sourceEvent: null, base: null, ratePpm: null, track: null, rebateId: null, maturesAt: null, expiresAt: null, state: null, holds: [], payoutState: null } as const

async function rebateLines(reader: Transaction, { programId, accountId }: Member, kinds: readonly string[], limit: number, after: Place): Promise<Candidate[]> {
  if (kinds.length === 0) return []
  const rows = await reader.$queryRaw<RebateRow[]>`
    select r.id, r.kind, (extract(epoch from r.occurred_at) * 1000000)::bigint as microseconds, r.occurred_at, r.recorded_at, r.asset, r.amount, r.base, r.rate_ppm, r.track, r.matures_at, r.expires_at,
           n.external_id as invitee, v.type as event_type
      from (select * from rebate where account_id = ${accountId} and program_id = ${programId} and kind = any (${[...kinds]})
              and (occurred_at, id) < (timestamptz 'epoch' + ${after.microseconds} * interval '1 microsecond', ${after.id}) order by occurred_at desc, id desc limit ${limit}) as r
      left join referral f on f.id = r.referral_id left join account_identity n on n.account_id = f.invitee_id and f.invitee_id <> r.account_id left join event v on v.id = r.event_id
      order by r.occurred_at desc, r.id desc`
  return rows.map((row) => ({
    line: {
      ...NOTHING, id: `r${row.id}`, type: row.kind, at: row.occurred_at, recordedAt: row.recorded_at, asset: row.asset, amount: row.amount,
      source: row.invitee === null ? null : maskName(row.invitee), sourceEvent: row.event_type, base: row.base, ratePpm: row.rate_ppm, track: row.track,
      rebateId: row.id, maturesAt: row.matures_at, expiresAt: row.expires_at,
    },
    advance: (reached) => ({ ...reached, rebates: { microseconds: row.microseconds, id: row.id } }),
  }))
}

interface MoveRow {
  id: bigint
  book_account_id: bigint
  version: bigint
  effective_at: Date
  recorded_at: Date
  asset: string
  amount: bigint
  rebate_id: bigint
  base: bigint
  rate_ppm: number
  track: string
  invitee: string | null
}

/** Entries that are looked through first, and by how much more each time. */
const WINDOW_FIRST = 256n
const WINDOW_GROWTH = 4n

/**
 * The entries of reward transfers that arrived somewhere, by book account, newest first. Why windows: a book account numbers its entries,
 * so the newest are a range of an index, whatever the planner thinks of how many there are; 10,000 transfers made a page of 50 ms of 2 ms.
 */
async function moveLines(reader: Transaction, member: Member, limit: number, after: ReadonlyMap<bigint, bigint>): Promise<Map<bigint, Candidate[]>> {
  const accounts = await reader.bookAccount.findMany({ where: { accountId: member.accountId, kind: { in: ['main_reward', 'payout_in_transit'] } }, select: { id: true, version: true } })
  const lists = new Map<bigint, Candidate[]>()
  for (const { id, version } of accounts) {
    const found: Candidate[] = []
    let until = after.get(id) ?? version + 1n
    for (let window = WINDOW_FIRST; until > 1n && found.length < limit; window *= WINDOW_GROWTH) {
      const from = until > window ? until - window : 1n
      found.push(...(await movesBetween(reader, member, { bookAccountId: id, from, until, limit: limit - found.length })))
      until = from
    }
    lists.set(id, found)
  }
  return lists
}

async function movesBetween(reader: Transaction, { programId, accountId }: Member, window: { bookAccountId: bigint; from: bigint; until: bigint; limit: number }): Promise<Candidate[]> {
  const rows = await reader.$queryRaw<MoveRow[]>`
    select e.id, e.book_account_id, e.account_version as version, t.effective_at, t.recorded_at, e.asset, e.amount, e.rebate_id, r.base, r.rate_ppm, r.track, n.external_id as invitee
      from entry e join transfer t on t.id = e.transfer_id and t.kind = 'reward_transfer' join rebate r on r.id = e.rebate_id and r.program_id = ${programId}
      left join referral f on f.id = r.referral_id left join account_identity n on n.account_id = f.invitee_id and f.invitee_id <> ${accountId}
      where e.book_account_id = ${window.bookAccountId} and e.account_version >= ${window.from} and e.account_version < ${window.until} and e.amount > 0
      order by e.account_version desc limit ${window.limit}`
  return rows.map(moveLine)
}

function moveLine(row: MoveRow): Candidate {
  return {
    line: {
      ...NOTHING, id: `t${row.id}`, type: 'reward_transfer', at: row.effective_at, recordedAt: row.recorded_at, asset: row.asset, amount: row.amount,
      source: row.invitee === null ? null : maskName(row.invitee), base: row.base, ratePpm: row.rate_ppm, track: row.track, rebateId: row.rebate_id,
    },
    advance: (reached) => ({ ...reached, moves: new Map([...reached.moves, [row.book_account_id, row.version]]) }),
  }
}

interface PayoutRow {
  id: bigint
  microseconds: bigint
  requested_at: Date
  asset: string
  gross: bigint
  state: string
}

async function payoutLines(reader: Transaction, { programId, accountId }: Member, limit: number, after: Place): Promise<Candidate[]> {
  const rows = await reader.$queryRaw<PayoutRow[]>`
    select id, (extract(epoch from requested_at) * 1000000)::bigint as microseconds, requested_at, asset, gross, state from payout
      where account_id = ${accountId} and program_id = ${programId} and id < ${after.id} order by id desc limit ${limit}`
  return rows.map((row) => ({
    line: { ...NOTHING, id: `p${row.id}`, type: 'payout', at: row.requested_at, recordedAt: row.requested_at, asset: row.asset, amount: row.gross, payoutState: row.state },
    advance: (reached) => ({ ...reached, payouts: { microseconds: row.microseconds, id: row.id } }),
  }))
}

/** Holds are only looked up where something is held: on most pages nothing is. */
async function withStates(reader: Transaction, lines: readonly HistoryLine[]): Promise<HistoryLine[]> {
  const isRebate = (line: HistoryLine): boolean => (REBATE_TYPES as readonly string[]).includes(line.type)
  const states = new Map((await rebateStates(reader, lines.flatMap((line) => (isRebate(line) ? line.rebateId ?? [] : [])))).map((state) => [state.rebateId, state]))
  const held = [...states.values()].filter(({ held: inReward, heldInMain }) => inReward + heldInMain > 0n).map(({ rebateId }) => rebateId)
  const holds = new Map<bigint, OpenHold[]>()
  for (const hold of held.length === 0 ? [] : await openHoldsOf(reader, held)) holds.set(hold.rebateId, [...(holds.get(hold.rebateId) ?? []), hold])
  return lines.map((line) => (isRebate(line) && line.rebateId !== null ? { ...line, state: states.get(line.rebateId) ?? null, holds: holds.get(line.rebateId) ?? [] } : line))
}
