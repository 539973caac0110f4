// Earning: the rebates that a payment earns and that are not there yet, each checked before it is credited.
// Promises: once per programme and event however often it is told; what may not be credited is held, with its hold row; what cannot be
// said is asked; under the version, track and enrolment of the event's own time.

import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import { digestOf } from '../../base/hashing.ts'
import type { PreCreditCheck } from '../../checks/index.ts'
import { accrualEntries } from '../../ledger/index.ts'
import type { ProgramVersion } from '../../policies/index.ts'
import { type CapQuery, capQueriesOf, countTowardsCaps } from '../qualification/caps.ts'
import { earnsAt, type PayingReferral } from './paying-referral.ts'
import { mayQualify, type Qualified, qualify, type QualifyingEvent } from '../qualification/qualification.ts'
import { isUnwanted } from '../attribution/traffic.ts'
import { withAnswer } from './answers.ts'
import type { Asker } from './asking.ts'
import type { SheetEvent } from './document.ts'
import type { Sheet } from './sheet.ts'

/** Who records, and whom to ask before crediting. */
export interface SheetRecording {
  readonly actorId: bigint
  readonly check: PreCreditCheck
  readonly asker: Asker
}

export interface Earning {
  readonly referral: PayingReferral
  readonly version: ProgramVersion
  readonly qualified: Qualified
}

/** The relations and rules under which an event may earn something that it did not earn yet. */
export function claimsOn(sheet: Sheet, event: SheetEvent): { readonly referral: PayingReferral; readonly version: ProgramVersion; readonly told: QualifyingEvent }[] {
  const earned = new Set(sheet.rebatesOf(event).map((rebate) => rebate.programId))
  return sheet.referralsOf(event.accountId).flatMap((referral) => {
    if (earned.has(referral.programId) || !earnsAt(referral, event.occurredAt)) return []
    const version = sheet.rules.versionAt(referral.programId, event.occurredAt)
    const told = withAnswer(event, sheet.answerTo(event, referral.programId))
    return version === null || told === null || !mayQualify(version.rules, told) ? [] : [{ referral, version, told }]
  })
}

/** The sums that the caps of the event's relations are about, whatever track it turns out to be. */
export function capsOn(sheet: Sheet, event: SheetEvent): CapQuery[] {
  return claimsOn(sheet, event).flatMap(({ referral, version: { rules } }) => {
    if (rules.caps.length === 0) return []
    const assets = new Set([rules, ...rules.tracks].map(({ reward, asset }) => (reward.kind === 'days' ? 'DAY' : asset)))
    return [...assets].flatMap((asset) => capQueriesOf(rules, { referral, occurredAt: event.occurredAt, asset }))
  })
}

/** What each relation would earn now; writes nothing. */
export function qualifyAll(sheet: Sheet, event: SheetEvent): Earning[] {
  return claimsOn(sheet, event).map(({ referral, version, told }) => {
    const { programId, inviterId, inviteeId } = referral
    const { rules } = version
    const { standings } = sheet
    const at = event.occurredAt
    const isExcluded = standings !== null && (standings.isExcluded(programId, inviterId, at) || standings.isExcluded(programId, inviteeId, at))
    const atSignUp = sheet.rules.versionAt(programId, referral.occurredAt)
    const qualified = qualify({
      event: told, rules, referral, isExcluded, recordedAt: event.recordedAt, usage: sheet.usage,
      track: standings?.trackAt(programId, inviterId, at, rules) ?? rules.defaultTrack,
      enrolment: standings?.enrolmentAt(programId, inviterId, at) ?? 'active',
      trafficHold: referral.click !== null && atSignUp !== null && isUnwanted(atSignUp.rules.traffic, referral.click),
    })
    return { referral, version, qualified }
  })
}

/** Makes what the event earns. */
export async function earn(sheet: Sheet, recording: SheetRecording, event: SheetEvent): Promise<void> {
  for (const { referral, version, qualified } of qualifyAll(sheet, event)) {
    if (qualified.kind !== 'nothing' || qualified.why !== 'account_excluded') sheet.claims.push({ event, referral, version })
    if (qualified.kind === 'earns') await credit(sheet, recording, { event, referral, version, earned: qualified })
    else if (qualified.kind === 'question') sheet.ask({ event, referral, reason: qualified.reason })
  }
}

interface Credit {
  readonly event: SheetEvent
  readonly referral: PayingReferral
  readonly version: ProgramVersion
  readonly earned: Extract<Qualified, { kind: 'earns' }>
}

export const rebateKey = (event: SheetEvent, programId: bigint): Buffer => digestOf('rebate', Buffer.from(event.key, 'hex'), programId.toString())

/** The days count from when the reward may first be used. */
function endOf({ maturesAt, validDays }: Credit['earned'], now: Date): Date | null {
  return validDays === null ? null : new Date(Math.max(maturesAt.getTime(), now.getTime()) + validDays * 86_400_000)
}

async function credit(sheet: Sheet, recording: SheetRecording, { event, referral, version, earned }: Credit): Promise<void> {
  const { now } = sheet
  const { actorId } = recording
  const { programId, inviterId } = referral
  const { base, ratePpm, amount, asset } = earned.reward
  const key = rebateKey(event, programId)
  const answer = await mayCredit(sheet, recording, { event, referral, version, earned }, key)
  const rebate = sheet.addRebate({
    key: key.toString('hex'), kind: 'rebate', programId, versionId: version.id, eventId: event.id, accountId: inviterId, referralId: referral.id, base, ratePpm, amount, asset,
    track: earned.track, checkId: answer.checkId, occurredAt: event.occurredAt, maturesAt: earned.maturesAt, expiresAt: endOf(earned, now), actorId,
  })
  countTowardsCaps(capQueriesOf(version.rules, { referral, occurredAt: event.occurredAt, asset }), sheet.usage, amount)
  const into = answer.holdReason !== null ? 'reward_held' : earned.maturesAt <= now ? 'reward_available' : 'reward_pending'
  const transfer = sheet.post({
    naturalKey: digestOf('accrual', key), kind: 'accrual', programId, eventId: event.id, reversesId: null, occurredAt: event.occurredAt, actorId,
    entries: accrualEntries({ accountId: inviterId, rebateId: rebate.id, asset, amount, into }, sheet.positions.of(inviterId, ['debt'], asset)),
  })
  if (answer.holdReason === null) return
  const placed = { ownerId: SYSTEM_ACTOR_ID, checkId: answer.checkId, isDegraded: answer.isDegraded, dueAt: sheet.rules.holdDueAt(programId, now), onSilence: version.rules.onSilence, transfer }
  sheet.hold({ id: null, rebateId: rebate.id, reason: answer.holdReason, placed })
}

interface Permission {
  readonly holdReason: string | null
  readonly checkId: string | null
  readonly isDegraded: boolean
}

/** The check is asked also where the credit is held already, so that its answer is on record. */
async function mayCredit(sheet: Sheet, recording: SheetRecording, { event, referral, earned }: Credit, key: Buffer): Promise<Permission> {
  const answer = await recording.asker.ask(sheet, recording, {
    programId: referral.programId, subject: 'rebate', subjectId: `rebate:${key.toString('hex')}`,
    inviterId: referral.inviterId, inviteeId: event.accountId, amount: earned.reward.amount, asset: earned.reward.asset,
  })
  if (answer.holdReason !== null) return answer
  return { ...answer, holdReason: sheet.isRelationHeld(referral) ? 'relation_held' : earned.holdReason }
}

