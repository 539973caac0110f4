// The question asked before a rebate is credited, and what its answer means for the posting.
// Promises: no answer, or a degraded one, holds; deny holds too, because nothing is final without a named person.

import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import type { Caller, CheckOutcome } from './checks.ts'
import type { CheckRequest, CheckSubject } from './request.ts'

/** The pre-credit check as our own books use it: `evaluate` of createChecks, asked through the credit's own transaction, which also records it. */
export type PreCreditCheck = (request: CheckRequest, caller: Caller) => Promise<CheckOutcome>

/** Who asks, and whom. */
export interface Asking {
  readonly actorId: bigint
  readonly check: PreCreditCheck
}

export interface CreditQuestion {
  readonly programId: bigint
  readonly subject: CheckSubject
  /** The same for the same thing asked again. */
  readonly subjectId: string
  readonly inviterId: bigint
  readonly inviteeId: bigint | null
  readonly amount: bigint
  readonly asset: string
}

export interface CreditAnswer {
  /** Null: credit it. Else the reason of the hold. */
  readonly holdReason: 'held_by_check' | 'denied_by_check' | null
  readonly checkId: string | null
  readonly isDegraded: boolean
}

export async function askBeforeCredit(transaction: Transaction, { check, actorId }: Asking, question: CreditQuestion): Promise<CreditAnswer> {
  const { programId, inviterId, inviteeId, asset } = question
  const [known] = await transaction.$queryRaw<{ program: string; exponent: number; inviter: string | null; invitee: string | null }[]>`
    select p.key as program, a.exponent::int as exponent, (select external_id from account_identity where account_id = ${inviterId}) as inviter,
           (select external_id from account_identity where account_id = ${inviteeId}::bigint) as invitee
      from program p, asset a where p.id = ${programId} and a.code = ${asset}`
  if (known === undefined) throw new Error('A credit is of no known programme or asset.')
  return askWithNames({ check, caller: { actorId, transaction } }, question, known)
}

/** How programme, asset and accounts are called outside; a null name is of somebody who was erased. */
export interface CreditNames {
  readonly program: string
  readonly exponent: number
  readonly inviter: string | null
  readonly invitee: string | null
}

/** The same where the names are known already, e.g. for many credits at once. */
export async function askWithNames(by: { readonly check: PreCreditCheck; readonly caller: Caller }, question: CreditQuestion, names: CreditNames): Promise<CreditAnswer> {
  const { subject, subjectId, inviteeId, amount, asset } = question
  const { program, exponent, inviter, invitee } = names
  // Who was erased cannot be checked any more.
  if (inviter === null || (inviteeId !== null && invitee === null)) return unanswered
  try {
    const request = { program, subject, subject_id: subjectId, inviter, ...(invitee === null ? {} : { invitee }), amount: formatAmount(amount, exponent), asset }
    const outcome = await by.check(request, by.caller)
    if (!outcome.ok) return unanswered
    const { answer } = outcome
    const holdReason = answer.decision === 'allow' ? null : answer.decision === 'deny' ? 'denied_by_check' : 'held_by_check'
    return { holdReason, checkId: answer.check_id, isDegraded: answer.degraded }
  } catch {
    return unanswered
  }
}

const unanswered: CreditAnswer = { holdReason: 'held_by_check', checkId: null, isDegraded: true }
