// A member asks to be paid: whole units that the way of payment can carry, from cash rebates oldest first, into transit at once.
// Promises: the same key is the same payout; what the check holds or denies waits for a person with its reason; what cannot be carried stays available.

import { SYSTEM_ACTOR_ID } from '../acts/index.ts'
import { canonicalJson, digestOf } from '../base/hashing.ts'
import { scaleHalfEven } from '../base/money.ts'
import { askBeforeCredit, type CreditAnswer } from '../checks/index.ts'
import { allocate, lockMembers, payoutRequestEntries, placeHold, postTransfer } from '../ledger/index.ts'
import { policyAt } from '../policies/index.ts'
import { type AskingDesk, type Working, working } from './desk.ts'
import { minorUnit } from './minor-units.ts'
import { type PayoutRow, reloadPayout, rowOf } from './payout-row.ts'
import { takeStep, tell } from './take-step.ts'
import { type AmountRefusal, needsApproval, type PayoutTerms, readTerms, type TermsRefusal, type TermsRequest, whyNotAmount } from './terms.ts'

export interface PayoutRequest extends TermsRequest {
  /** Smallest units of the asset, or everything that can be carried. */
  readonly amount: bigint | 'all'
  /** The caller's key: unique per member for ever. */
  readonly key: string
}

export type PayoutRequestRefusal = TermsRefusal | AmountRefusal | 'unsupported_asset' | 'key_reused'
export type PayoutRequestAnswer = { readonly ok: true; readonly payout: PayoutRow; readonly isNew: boolean } | { readonly ok: false; readonly reason: PayoutRequestRefusal }

export async function requestPayout(desk: AskingDesk, request: PayoutRequest): Promise<PayoutRequestAnswer> {
  return working(desk, async (work): Promise<PayoutRequestAnswer> => {
    const { transaction, now } = work
    const { programId, accountId, method, asset, amount: wanted, key } = request
    await lockMembers(transaction, [accountId])
    const naturalKey = new Uint8Array(digestOf('payout', programId.toString(), accountId.toString(), key))
    const requestDigest = new Uint8Array(digestOf(canonicalJson({ method, asset, amount: wanted })))
    const earlier = await transaction.payout.findUnique({ where: { naturalKey } })
    if (earlier !== null) return Buffer.from(earlier.requestDigest).equals(requestDigest) ? { ok: true, payout: rowOf(earlier), isNew: false } : { ok: false, reason: 'key_reused' }
    const unit = minorUnit(asset)
    if (unit === null) return { ok: false, reason: 'unsupported_asset' }
    const found = await readTerms(transaction, now, request)
    if (!found.ok) return found
    const { terms } = found
    const available = terms.positions.reduce((sum, position) => sum + position.amount, 0n)
    const amount = wanted === 'all' ? available - (available % unit) : wanted
    if (amount % unit !== 0n) return { ok: false, reason: 'sub_unit' }
    if (amount > available) return { ok: false, reason: 'insufficient' }
    const reason = await whyNotAmount(transaction, now, request, terms, { amount, available })
    if (reason !== null) return { ok: false, reason }
    if (amount <= 0n) return { ok: false, reason: 'nothing_available' }
    const answer = await askBeforeCredit(transaction, { actorId: desk.actorId, check: desk.check }, {
      programId, subject: 'payout', subjectId: `payout:${Buffer.from(naturalKey).toString('hex')}`, inviterId: accountId, inviteeId: null, amount, asset,
    })
    return { ok: true, payout: await record(work, request, terms, { amount, unit, naturalKey, requestDigest, answer }), isNew: true }
  })
}

interface Accepted {
  readonly amount: bigint
  readonly unit: bigint
  readonly naturalKey: Uint8Array<ArrayBuffer>
  readonly requestDigest: Uint8Array<ArrayBuffer>
  readonly answer: CreditAnswer
}

async function record(work: Working, request: PayoutRequest, terms: PayoutTerms, { amount, unit, naturalKey, requestDigest, answer }: Accepted): Promise<PayoutRow> {
  const { transaction, now, actorId, acts } = work
  const { programId, accountId, method, asset } = request
  const isAboveLimit = await needsApproval(transaction, now, request, terms, amount)
  const holdId = answer.holdReason === null ? null : await hold(work, request, terms, answer)
  const { id } = await transaction.payout.create({
    data: {
      naturalKey, requestDigest, programId, accountId, destinationId: terms.destination.id, method, asset, gross: amount,
      // Withheld in whole units of the payment, half to even; the rest is what the payee gets.
      withheld: scaleHalfEven(amount / unit, BigInt(terms.withholdingPpm), 1_000_000n) * unit,
      state: 'requested', needsApproval: isAboveLimit, holdId, checkId: answer.checkId, reason: answer.holdReason, requestedBy: actorId, requestedAt: now,
    },
    select: { id: true },
  })
  const { transferId } = await postTransfer(transaction, {
    naturalKey: digestOf('payout', 'requested', naturalKey), kind: 'payout', programId, occurredAt: now, recordedAt: now, effectiveAt: now, actorId,
    entries: payoutRequestEntries(allocate(terms.positions, amount).parts),
  })
  await transaction.payoutEvent.create({ data: { payoutId: id, kind: 'requested', state: 'requested', isApplied: true, transferId, occurredAt: now, recordedAt: now, actorId } })
  const payout = await reloadPayout(transaction, id)
  await tell(work, payout)
  acts.push({
    actorId, kind: 'payout_requested', objectKind: 'payout', objectId: id,
    after: { accountId, programId, method, asset, gross: amount, withheld: payout.withheld, needsApproval: payout.needsApproval, checkId: answer.checkId, transferId },
    ...(answer.holdReason === null ? {} : { reason: answer.holdReason }),
  })
  // Nobody has to look at it: it is approved by the rules, not by a person.
  return payout.needsApproval || holdId !== null ? payout : takeStep({ ...work, actorId: SYSTEM_ACTOR_ID }, payout, { step: 'approve', data: { approvedAt: now } })
}

/** A payout that waits has an owner and a due date like every hold; its money lies in transit meanwhile. */
async function hold({ transaction, now }: Working, { programId, accountId }: PayoutRequest, { version }: PayoutTerms, answer: CreditAnswer): Promise<bigint> {
  const { policy } = await policyAt(transaction, programId, now)
  return placeHold(transaction, {
    subject: { kind: 'payout', accountId }, ownerId: SYSTEM_ACTOR_ID, reason: answer.holdReason ?? 'held_by_check', checkId: answer.checkId, isDegraded: answer.isDegraded,
    placedAt: now, dueAt: new Date(now.getTime() + policy.holdDays * 86_400_000), onSilence: version.rules.onSilence,
  })
}
