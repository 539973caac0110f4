// From the index to an answer, without waiting for anything: probability, reasons, and the decision that the policy makes of them.
// Promises: what is not known leads to hold, never to allow; observe allows and says what it would have done.

import type { CheckPolicy } from '../policies/index.ts'
import type { CheckIndex, IndexedPolicy } from './check-index.ts'
import { type DescribeIdentifier, gatherPair, type Side } from './gather.ts'
import { reasonText } from './reason-texts.ts'
import type { CheckDecision, CheckReason, CheckSubject, Missing } from './request.ts'
import { type Rescored, type Rescoring, unchanged } from './rescoring.ts'

/** How sure the local calibration is: what opens the gate for denying. */
export interface LocalPrecision {
  readonly reviewedDecisions: number
  /** Lower end of the 95 % interval of precision above the threshold for denying. */
  readonly precisionLowerBound: number
}

export interface Question {
  readonly programId: number
  readonly subject: CheckSubject
  /** Null: nothing is known of that account. */
  readonly inviter: Side | null
  /** Undefined: the question is about the inviter alone. */
  readonly invitee: Side | null | undefined
  readonly describe: DescribeIdentifier
  /** What could not be had in time. */
  readonly missing: readonly Missing[]
  readonly policy: IndexedPolicy | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface Judgement {
  readonly decision: CheckDecision
  readonly would: CheckDecision | undefined
  readonly probability: number | null
  readonly reasons: readonly CheckReason[]
  readonly ringId: number | null
  readonly isDegraded: boolean
  readonly missing: readonly Missing[]
  readonly isTruncated: boolean
  readonly awaits: 'degraded' | 'not_yet_seen' | null
}

/** Invitees of one inviter that a question about the inviter alone looks at. */
const INVITEES_MAX = 200
const REASONS_MAX = 8

export function judge(index: CheckIndex, rescoring: Rescoring, localPrecision: LocalPrecision | null, question: Question): Judgement {
  const missing = [...question.missing]
  const { policy } = question
  if (policy === undefined && !missing.includes('policy')) missing.push('policy')
  if (missing.length > 0) return degraded(missing, policy?.policy)
  const { inviter, invitee } = question
  if (inviter === null || invitee === null) return notYetSeen(policy?.policy)
  const found = invitee === undefined ? judgeInviter(index, rescoring, question, inviter) : judgePair(index, rescoring, question, inviter, invitee)
  const restricted = restrictionOf(index, question)
  const thresholds = policy?.policy.thresholds
  const verdict: CheckDecision = thresholds === undefined || found.rescored.decidingProbability >= thresholds.hold
    ? (thresholds !== undefined && found.rescored.decidingProbability >= thresholds.deny && isDenyOpen(policy?.policy, localPrecision) ? 'deny' : 'hold')
    : 'allow'
  const reasons = reasonsOf(found)
  const base = { probability: found.rescored.probability, ringId: found.ringId, isDegraded: false, missing: [], isTruncated: found.isTruncated, awaits: null }
  if (policy?.policy.allStop === true) return { ...base, decision: 'hold', would: differing(verdict, 'hold'), reasons: [sentence('all_stop'), ...reasons] }
  if (restricted) return { ...base, decision: 'hold', would: differing(verdict, 'hold'), reasons: [sentence('restricted'), ...reasons] }
  const decision = inMode(policy?.policy, verdict)
  return { ...base, decision, would: differing(verdict, decision), reasons }
}

interface Found {
  readonly rescored: Rescored
  readonly storedBits: number | null
  readonly storedReason: string
  readonly ringId: number | null
  readonly isTruncated: boolean
}

function judgePair(index: CheckIndex, rescoring: Rescoring, question: Question, inviter: Side, invitee: Side): Found {
  const stored = index.verdict(question.programId, inviter.account, invitee.account)
  const ringId = stored?.ringId ?? commonRing(index, inviter.account, invitee.account)
  const found = { storedBits: stored?.bits ?? null, storedReason: stored?.topReason ?? '', ringId }
  if (inviter.account === invitee.account) return { ...found, rescored: rescoring.selfReferral, isTruncated: false }
  const gathered = gatherPair(index, question.describe, rescoring, inviter, invitee)
  const isTruncated = gathered.isTruncated
  if (stored === undefined) return { ...found, rescored: rescoring.score(gathered.now), isTruncated }
  if (!gathered.isChanged) return { ...found, rescored: unchanged(stored), isTruncated }
  return { ...found, rescored: rescoring.rescore(stored, gathered.before, gathered.now), isTruncated }
}

/** About an inviter alone, e.g. before a transfer: as suspicious as the most suspicious of the referrals. */
function judgeInviter(index: CheckIndex, rescoring: Rescoring, question: Question, inviter: Side): Found {
  const ringId = index.findings?.ringOf.get(inviter.account) ?? null
  let worst: Found = { rescored: unchanged({ bits: 0, probability: 0, decidingProbability: 0 }), storedBits: 0, storedReason: '', ringId, isTruncated: false }
  let looked = 0
  let isTruncated = false
  for (const account of index.inviteesOf(inviter.account)) {
    if (++looked > INVITEES_MAX) {
      isTruncated = true
      break
    }
    const found = judgePair(index, rescoring, question, inviter, sideOf(index, account))
    isTruncated ||= found.isTruncated
    if (found.rescored.decidingProbability > worst.rescored.decidingProbability) worst = found
  }
  return { ...worst, isTruncated }
}

/** The account as the index knows it. */
export function sideOf(index: CheckIndex, account: number, more: Iterable<number> = [], limit = 256): Side {
  const links = new Map<number, boolean>()
  const own = index.identifiersOf(account)
  for (const identifier of own.slice(0, limit)) links.set(identifier, index.isFresh(account, identifier))
  for (const identifier of more) if (!links.has(identifier)) links.set(identifier, true)
  return { account, links, isTruncated: own.length > limit }
}

function commonRing(index: CheckIndex, inviter: number, invitee: number): number | null {
  const ring = index.findings?.ringOf.get(inviter)
  return ring !== undefined && ring === index.findings?.ringOf.get(invitee) ? ring : null
}

const RESTRICTED_BY: Readonly<Record<CheckSubject, readonly string[]>> = {
  rebate: ['host_review'],
  signup_credit: ['no_new_referrals', 'host_review'],
  claim: ['no_new_referrals', 'host_review'],
  transfer: ['no_transfer', 'host_review'],
  payout: ['no_payout', 'host_review'],
}

function restrictionOf(index: CheckIndex, { subject, inviter, invitee, at }: Question): boolean {
  return [inviter, invitee].some((side) => side !== null && side !== undefined && (index.restrictions.get(side.account) ?? [])
    .some(({ kind, startsAt, endsAt }) => RESTRICTED_BY[subject].includes(kind) && startsAt <= at && at < endsAt))
}

function isDenyOpen(policy: CheckPolicy | undefined, precision: LocalPrecision | null): boolean {
  if (policy === undefined || precision === null || !policy.denyGate.isOn) return false
  return precision.reviewedDecisions >= policy.denyGate.reviewedDecisionsMin && precision.precisionLowerBound >= policy.denyGate.precisionLowerBoundMin
}

function inMode(policy: CheckPolicy | undefined, verdict: CheckDecision): CheckDecision {
  if (policy?.mode === 'observe') return 'allow'
  return policy?.mode === 'enforce' || verdict !== 'deny' ? verdict : 'hold'
}

function differing(verdict: CheckDecision, decision: CheckDecision): CheckDecision | undefined {
  return verdict === decision ? undefined : verdict
}

/** Without a policy at hand the mode is unknown too, so nothing but hold is safe. */
function degraded(missing: readonly Missing[], policy: CheckPolicy | undefined): Judgement {
  return { ...withoutProbability(policy, 'degraded'), isDegraded: true, missing, awaits: 'degraded' }
}

function notYetSeen(policy: CheckPolicy | undefined): Judgement {
  return { ...withoutProbability(policy, 'not_yet_seen'), isDegraded: false, missing: [], awaits: 'not_yet_seen' }
}

function withoutProbability(policy: CheckPolicy | undefined, code: 'degraded' | 'not_yet_seen') {
  const decision = policy?.allStop === true ? 'hold' : inMode(policy, 'hold')
  return { decision, would: differing('hold', decision), probability: null, reasons: [sentence(code)], ringId: null, isTruncated: false }
}

function reasonsOf({ rescored, storedBits, storedReason }: Found): CheckReason[] {
  const changes = [...rescored.changes].map(([code, bits]): CheckReason => ({ code, bits, text: reasonText(code) }))
    .sort((a, b) => Math.abs(b.bits) - Math.abs(a.bits) || (a.code < b.code ? -1 : 1)).slice(0, REASONS_MAX)
  if (storedBits === null) return [sentence('never_scored'), ...changes]
  const code = storedReason === '' ? 'stored_verdict' : storedReason
  return [...changes, { code, bits: storedBits, text: reasonText(code) }]
}

function sentence(code: string): CheckReason {
  return { code, bits: 0, text: reasonText(code) }
}
