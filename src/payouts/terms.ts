// What a request must meet: the method of the member's track, the payee, the destination, restrictions and holds, minimum and limits.
// Promises: limits count what was asked for before, per member and per destination whoever it belongs to, so that splitting a sum gains nothing.

import type { Transaction } from '../base/database.ts'
import { type ProgramVersion, programVersionAt, publishedUnits, trackOf } from '../policies/index.ts'
import { type CashPosition, cashPositionsOf, type PayoutRules, payoutRulesOf } from './cash-positions.ts'
import { payeeOf, type PayeeRefusal, whyNotPayee } from './payees.ts'
import type { PayoutMethod } from './payout-row.ts'

export interface TermsRequest {
  readonly programId: bigint
  readonly accountId: bigint
  readonly method: PayoutMethod
  readonly asset: string
}

export type StandingRefusal = PayeeRefusal | 'restricted' | 'on_hold' | 'no_destination' | 'destination_waits' | 'destination_not_approved' | 'processor_disabled'
export type TermsRefusal = StandingRefusal | 'not_offered' | 'nothing_available'

export interface PayoutTerms {
  readonly rules: PayoutRules
  readonly version: ProgramVersion
  readonly positions: readonly CashPosition[]
  readonly destination: UsableDestination
  readonly withholdingPpm: number
}

export type TermsResult = { readonly ok: true; readonly terms: PayoutTerms } | { readonly ok: false; readonly reason: TermsRefusal }

/** The member must be locked. */
export async function readTerms(transaction: Transaction, now: Date, request: TermsRequest): Promise<TermsResult> {
  const version = await programVersionAt(transaction, request.programId, now)
  if (version === null) return { ok: false, reason: 'not_offered' }
  const positions = await cashPositionsOf(transaction, request)
  const chosen = chooseRules(version, await trackNow(transaction, request, now), positions, request.method)
  if (chosen === null) return { ok: false, reason: 'not_offered' }
  const reason = await whyNotPaid(transaction, now, request.accountId, null)
  if (reason !== null) return { ok: false, reason }
  const isByContract = trackOf(version.rules, chosen.track)?.entry === 'contract'
  const destination = await usableDestination(transaction, now, request, isByContract)
  if (!destination.ok) return destination
  if (positions.length === 0) return { ok: false, reason: 'nothing_available' }
  const payee = await payeeOf(transaction, request.accountId, now)
  return { ok: true, terms: { rules: chosen.rules, version, positions, destination: destination.destination, withholdingPpm: payee?.withholdingPpm ?? 0 } }
}

/** The rules of the member's track now; where that pays nothing out, those under which the newest of its cash was earned, as they are now. */
function chooseRules(version: ProgramVersion, track: string, positions: readonly CashPosition[], method: PayoutMethod): { track: string; rules: PayoutRules } | null {
  const own = trackOf(version.rules, track)?.movement.payout ?? null
  if (own?.methods.includes(method) === true) return { track, rules: own }
  const newest = positions.at(-1)
  if (newest === undefined) return null
  const inForce = payoutRulesOf(version.rules, newest.track)
  return { track: newest.track, rules: inForce?.methods.includes(method) === true ? inForce : newest.payout }
}

async function trackNow(transaction: Transaction, { programId, accountId }: TermsRequest, now: Date): Promise<string> {
  const change = await transaction.trackChange.findFirst({ where: { programId, accountId, effectiveFrom: { lte: now } }, orderBy: [{ effectiveFrom: 'desc' }, { id: 'desc' }], select: { track: true } })
  const version = await programVersionAt(transaction, programId, now)
  return change?.track ?? version?.rules.defaultTrack ?? ''
}

/** Why a member is not paid now, whatever the amount; `ownHoldId` is the hold of the payout that is asked about. */
export async function whyNotPaid(transaction: Transaction, now: Date, accountId: bigint, ownHoldId: bigint | null): Promise<PayeeRefusal | 'restricted' | 'on_hold' | null> {
  const payee = whyNotPayee(await payeeOf(transaction, accountId, now))
  if (payee !== null) return payee
  const restricted = await transaction.accountRestriction.count({
    where: { accountId, kind: { in: ['no_payout', 'host_review'] }, endedAt: null, startsAt: { lte: now }, endsAt: { gt: now } },
  })
  if (restricted > 0) return 'restricted'
  const held = await transaction.hold.count({ where: { accountId, endedAt: null, ...(ownHoldId === null ? {} : { id: { not: ownHoldId } }) } })
  return held > 0 ? 'on_hold' : null
}

export interface UsableDestination {
  readonly id: bigint
  readonly fingerprint: Uint8Array
}

export async function usableDestination(
  transaction: Transaction, now: Date, { programId, accountId, method }: Pick<TermsRequest, 'programId' | 'accountId' | 'method'>, isByContract: boolean,
): Promise<{ ok: true; destination: UsableDestination } | { ok: false; reason: StandingRefusal }> {
  const row = await transaction.payoutDestination.findFirst({
    where: { accountId, method, retiredAt: null, ...(isByContract ? { contract: { programId, approvedAt: { not: null } } } : { contractId: null }) }, orderBy: { id: 'desc' },
  })
  if (row === null) return { ok: false, reason: 'no_destination' }
  const reason = await whyNotUsable(transaction, now, row)
  return reason === null ? { ok: true, destination: row } : { ok: false, reason }
}

/** Why nothing is paid to this destination now, or null. */
export async function whyNotUsable(
  transaction: Transaction, now: Date, row: { id: bigint; method: string; retiredAt: Date | null; usableFrom: Date; needsApproval: boolean; approvedBy: bigint | null },
): Promise<StandingRefusal | null> {
  if (row.retiredAt !== null) return 'no_destination'
  if (row.needsApproval && row.approvedBy === null) return 'destination_not_approved'
  if (row.usableFrom > now) return 'destination_waits'
  if (row.method !== 'stripe') return null
  const state = await transaction.payoutDestinationState.findFirst({ where: { destinationId: row.id }, orderBy: [{ effectiveFrom: 'desc' }, { id: 'desc' }], select: { payoutsEnabled: true } })
  return state?.payoutsEnabled === true ? null : 'processor_disabled'
}

export type AmountRefusal = 'below_minimum' | 'insufficient' | 'sub_unit' | 'over_daily_limit' | 'over_monthly_limit'

/** Ended without being paid does not count. */
const UNPAID = ['cancelled', 'failed', 'returned']

/** Why this amount is refused, or null. `available` is the cash the member has. */
export async function whyNotAmount(
  transaction: Transaction, now: Date, request: TermsRequest, terms: PayoutTerms, { amount, available }: { amount: bigint; available: bigint },
): Promise<AmountRefusal | null> {
  const { rules, version } = terms
  const units = (decimal: string): bigint => publishedUnits(decimal, request.asset)
  if (rules.minimum !== undefined && (rules.minimum.on === 'balance' ? available : amount) < units(rules.minimum.amount)) return 'below_minimum'
  const { dailyLimit, monthlyLimit } = rules
  const [period] = await transaction.$queryRaw<{ day: Date; month: Date }[]>`
    select date_trunc('day', ${now}::timestamptz, ${version.rules.zone}) as day, date_trunc('month', ${now}::timestamptz, ${version.rules.zone}) as month`
  if (period === undefined) throw new Error('A period has no start.')
  if (dailyLimit !== undefined && (await greatestSince(transaction, request, terms, period.day)) + amount > units(dailyLimit)) return 'over_daily_limit'
  if (monthlyLimit !== undefined && (await greatestSince(transaction, request, terms, period.month)) + amount > units(monthlyLimit)) return 'over_monthly_limit'
  return null
}

const APPROVAL_DAYS = 30

/** Whether another person approves: above the limit within 30 days, to one member or to one destination; without a limit always. */
export async function needsApproval(transaction: Transaction, now: Date, request: TermsRequest, terms: PayoutTerms, amount: bigint): Promise<boolean> {
  const { approvalAbove } = terms.rules
  if (approvalAbove === undefined) return true
  const since = new Date(now.getTime() - APPROVAL_DAYS * 86_400_000)
  return (await greatestSince(transaction, request, terms, since)) + amount > publishedUnits(approvalAbove, request.asset)
}

/** What was asked for since, by this member or to this destination: the greater of the two. */
async function greatestSince(transaction: Transaction, { programId, accountId, asset }: TermsRequest, { destination }: PayoutTerms, since: Date): Promise<bigint> {
  const [sums] = await transaction.$queryRaw<{ of_member: bigint; of_destination: bigint }[]>`
    select coalesce(sum(p.gross) filter (where p.account_id = ${accountId}), 0)::bigint as of_member,
           coalesce(sum(p.gross) filter (where d.fingerprint = ${destination.fingerprint}), 0)::bigint as of_destination
      from payout p join payout_destination d on d.id = p.destination_id
      where p.program_id = ${programId} and p.asset = ${asset} and p.requested_at >= ${since}::timestamptz and not p.state = any (${UNPAID})
        and (p.account_id = ${accountId} or d.fingerprint = ${destination.fingerprint})`
  const [ofMember, ofDestination] = [sums?.of_member ?? 0n, sums?.of_destination ?? 0n]
  return ofMember > ofDestination ? ofMember : ofDestination
}
