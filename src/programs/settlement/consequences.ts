// What follows from a batch beyond its postings: clients who wake their inviters, sign-up credit, credit that comes back, reward that
// moves by itself, and messages to hosts. Each is asked for only where a programme's rules have it or somebody listens.

import type { Transaction } from '../../base/database.ts'
import { noteClients } from '../standing/enrolment-clients.ts'
import { followHoldsAtHost } from '../host/freeze.ts'
import { takeBackAtHost } from '../host/take-back.ts'
import { moveAutomatically } from '../movement/move-reward.ts'
import { mayQualify } from '../qualification/qualification.ts'
import type { Recording } from '../recorder.ts'
import { type CreditOccasion, grantSignupCredit } from '../credit/signup-credit.ts'
import { restoreCredit } from '../credit/signup-credit-restore.ts'
import { type Batch, type EarnedRebate, NeedsTransaction } from './batch.ts'
import type { SheetEvent } from './document.ts'
import { tellOfRebates } from './messages.ts'
import { type SettledAgain, settleAgain } from './settle-again.ts'
import type { Sheet } from './sheet.ts'
import type { PreparedFact } from './told-facts.ts'
import type { WrittenIds } from './write-sheet.ts'

/** A batch that was just written. */
export interface Written {
  readonly sheet: Sheet
  readonly ids: WrittenIds
  /** The new facts with their events. */
  readonly told: readonly { readonly prepared: PreparedFact; readonly event: SheetEvent }[]
}

/** What events earned only now, by the id of the event. */
export async function applyConsequences(batch: Batch, written: Written): Promise<Map<bigint, EarnedRebate[]>> {
  const { sheet, ids, told } = written
  await tellOfRebates(batch.session, sheet, ids)
  const [first] = told
  if (first === undefined || (!sheet.rules.haveConsequences && sheet.returns.length === 0)) return new Map()
  if (batch.transaction === null) throw new NeedsTransaction()
  const recording: Recording = { actorId: first.prepared.actorId, now: batch.now, check: first.prepared.check }
  await restoreCredits(batch.transaction, recording, written)
  await grantCredits(batch.transaction, recording, batch, written)
  const due = await wakeInviters(batch.transaction, recording, written)
  const again = due.length === 0 ? null : await settleAgain(batch.session, recording, { eventIds: due, rules: sheet.rules })
  if (again !== null) await tellOfRebates(batch.session, again.sheet, again.ids)
  const earners = [sheet, ...(again === null ? [] : [again.sheet])].flatMap((each) => each.newRebates.filter(({ kind }) => kind === 'rebate'))
  await moveAutomatically(batch.transaction, recording, distinctMembers(earners))
  await askHost(batch.transaction, recording, [sheet, ...(again === null ? [] : [again.sheet])])
  return again === null ? new Map() : earnedIn(again)
}

/** Where a host keeps what was taken back or held here, it is asked for it, or to freeze it. */
async function askHost(transaction: Transaction, recording: Recording, sheets: readonly Sheet[]): Promise<void> {
  const reversals = sheets.flatMap((sheet) => sheet.transfers.filter(({ kind }) => kind === 'reversal'))
  await takeBackAtHost(transaction, recording, { transferKeys: reversals.map(({ naturalKey }) => naturalKey) })
  const changed = sheets.flatMap((sheet) => [...sheet.holds].filter(({ placed, ended }) => placed !== undefined || ended !== undefined))
  // Of a rebate that is new, nothing can lie at the host yet.
  await followHoldsAtHost(transaction, recording, changed.map(({ rebateId }) => rebateId).filter((id) => id > 0n))
}

const realId = (event: SheetEvent, { events }: WrittenIds): bigint => (event.id < 0n ? events[Number(-event.id) - 1] ?? event.id : event.id)

/** The payments to settle again because their inviters are active again. */
async function wakeInviters(transaction: Transaction, recording: Recording, { sheet, ids }: Pick<Written, 'sheet' | 'ids'>): Promise<bigint[]> {
  return noteClients(transaction, recording, sheet.claims.map(({ event, referral, version: { rules } }) => ({ referral, event: { id: realId(event, ids), occurredAt: event.occurredAt }, rules })))
}

async function grantCredits(transaction: Transaction, recording: Recording, batch: Batch, { sheet, ids, told }: Written): Promise<void> {
  const occasions: CreditOccasion[] = []
  const add = (on: CreditOccasion['on'], event: SheetEvent, referral: CreditOccasion['referral']): void => {
    const version = sheet.rules.versionAt(referral.programId, event.occurredAt)
    if (version?.rules.signupCredit?.grantOn === on) occasions.push({ on, referral, version, cause: { id: realId(event, ids), occurredAt: event.occurredAt } })
  }
  for (const { prepared, event } of told) {
    const bound = new Set((batch.attributed.get(prepared) ?? []).map(({ referralId }) => referralId))
    for (const referral of sheet.referralsOf(event.accountId)) {
      if (event.type === 'verified' && event.occurredAt >= referral.occurredAt) add('verified', event, referral)
      if (event.type !== 'signup' || !bound.has(referral.id)) continue
      add('signup', event, referral)
      // Who was verified before the sign-up was reported.
      const verified = sheet.verificationOf(event.accountId, event.occurredAt)
      if (verified !== undefined) add('verified', verified, referral)
    }
  }
  for (const { event, referral, version } of sheet.claims) if (mayQualify(version.rules, event)) add('first_payment', event, referral)
  for (const occasion of occasions) await grantSignupCredit(transaction, recording, occasion)
}

async function restoreCredits(transaction: Transaction, recording: Recording, { sheet, ids }: Written): Promise<void> {
  for (const { cause, rebateId, amount, spentAt } of sheet.returns) {
    await restoreCredit(transaction, recording, { rebateId, amount, spentAt, refund: { id: realId(cause, ids), naturalKey: Buffer.from(cause.key, 'hex') } })
  }
}

/** The same for payments that were settled again, e.g. because their relation counts again. */
export async function applyConsequencesAgain(transaction: Transaction, recording: Recording, settled: SettledAgain): Promise<void> {
  const { sheet, ids } = settled
  await tellOfRebates(transaction, sheet, ids)
  if (!sheet.rules.haveConsequences) return
  const due = await wakeInviters(transaction, recording, settled)
  const again = due.length === 0 ? null : await settleAgain(transaction, recording, { eventIds: due, rules: sheet.rules })
  if (again !== null) await tellOfRebates(transaction, again.sheet, again.ids)
  await moveAutomatically(transaction, recording, distinctMembers([settled, ...(again === null ? [] : [again])].flatMap((each) => each.sheet.newRebates.filter(({ kind }) => kind === 'rebate'))))
  await askHost(transaction, recording, [sheet, ...(again === null ? [] : [again.sheet])])
}

function distinctMembers(rebates: readonly { readonly programId: bigint; readonly accountId: bigint }[]): { programId: bigint; accountId: bigint }[] {
  return [...new Map(rebates.map(({ programId, accountId }) => [`${programId} ${accountId}`, { programId, accountId }])).values()]
}

/** What events earned on the sheet, by their ids. */
export function earnedIn({ sheet, ids }: SettledAgain): Map<bigint, EarnedRebate[]> {
  const earned = new Map<bigint, EarnedRebate[]>()
  for (const [place, { kind, eventId, programId, accountId, amount, asset }] of sheet.newRebates.entries()) {
    const rebateId = ids.rebates[place]
    if (kind !== 'rebate' || eventId === null || rebateId === undefined) continue
    earned.set(eventId, [...(earned.get(eventId) ?? []), { rebateId, programId, inviterId: accountId, amount, asset }])
  }
  return earned
}
