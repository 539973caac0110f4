// A judgement becomes an answer: fields in one fixed order, a signed token, and the row that records it.

import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { naturalKey } from '../base/hashing.ts'
import type { KeyRing } from '../base/keys.ts'
import type { CheckIndex, IndexedPolicy } from './check-index.ts'
import type { CheckRow, StoredRequest } from './check-records.ts'
import { signCheck } from './check-token.ts'
import type { Judgement } from './judgement.ts'
import type { CheckAnswer, CheckSubject } from './request.ts'
import type { Rescoring } from './rescoring.ts'
import type { Sides } from './question.ts'

/** What an answer is about, in the words of the caller. */
export interface Subject {
  readonly program: string
  readonly subject: CheckSubject
  readonly subject_id: string
  readonly amount: string
  readonly asset: string
}

export interface AnswerInput {
  readonly keys: KeyRing
  readonly clock: Clock
  readonly index: CheckIndex
  readonly rescoring: Rescoring
  readonly tokenSeconds: number
  readonly subject: Subject
  readonly programId: number | undefined
  readonly policy: IndexedPolicy | undefined
  readonly judgement: Judgement
}

export interface ComposedAnswer {
  readonly answer: CheckAnswer
  /** The answer as it is sent. */
  readonly text: string
  readonly evaluatedAt: Date
  readonly expiresAt: Date
  readonly subjectDigest: Uint8Array<ArrayBuffer>
}

export function composeAnswer(input: AnswerInput): ComposedAnswer {
  const { keys, clock, index, rescoring, subject, judgement, policy } = input
  const evaluatedAt = clock.now()
  const expiresAt = new Date(evaluatedAt.getTime() + input.tokenSeconds * 1000)
  const subjectDigest = new Uint8Array(naturalKey(keys, 'check subject', subject.program, subject.subject, subject.subject_id))
  const checkId = `chk_${randomBytes(16).toString('hex')}`
  const token = signCheck(keys, {
    check_id: checkId, program_id: String(input.programId ?? ''), subject: subject.subject, subject_digest: Buffer.from(subjectDigest).toString('base64url'),
    amount: subject.amount, asset: subject.asset, decision: judgement.decision, degraded: judgement.isDegraded, expires_at: expiresAt.getTime(),
  })
  const answer: CheckAnswer = {
    decision: judgement.decision,
    ...(judgement.would === undefined ? {} : { would: judgement.would }),
    probability: judgement.probability,
    reasons: [...judgement.reasons],
    ...(judgement.ringId === null ? {} : { ring_id: String(judgement.ringId) }),
    check_id: checkId,
    policy_version: policy?.id?.toString() ?? 'default',
    model_version: index.findings?.scan.modelVersion ?? rescoring.modelVersion,
    calibration: rescoring.calibration,
    degraded: judgement.isDegraded,
    missing: [...judgement.missing],
    truncated: judgement.isTruncated,
    position: index.position.toString(),
    evaluated_at: evaluatedAt.toISOString(),
    expires_at: expiresAt.toISOString(),
    token,
  }
  return { answer, text: JSON.stringify(answer), evaluatedAt, expiresAt, subjectDigest }
}

export interface RowInput {
  readonly composed: ComposedAnswer
  readonly subject: Subject
  readonly programId: number
  readonly amount: bigint
  readonly policy: IndexedPolicy | undefined
  readonly judgement: Judgement
  readonly sides: Sides
  readonly requestKey: Uint8Array<ArrayBuffer> | null
  readonly requestDigest: Uint8Array<ArrayBuffer>
  readonly supersedes: string | null
  readonly actorId: bigint
  readonly request: StoredRequest
}

export function recordOf({ composed, subject, programId, amount, policy, judgement, sides, ...rest }: RowInput): CheckRow {
  const { answer, text, evaluatedAt, expiresAt, subjectDigest } = composed
  return {
    id: answer.check_id, requestKey: rest.requestKey, programId: BigInt(programId), subjectKind: subject.subject, subjectDigest,
    inviterId: accountId(sides.inviter), inviteeId: accountId(sides.invitee), amount, asset: subject.asset, requestDigest: rest.requestDigest,
    decision: judgement.decision, would: judgement.would ?? null, probability: judgement.probability, reasons: judgement.reasons,
    ringId: judgement.ringId === null ? null : BigInt(judgement.ringId), policyVersionId: policy?.id ?? null,
    modelVersion: answer.model_version, isDegraded: judgement.isDegraded, awaits: judgement.awaits, supersedes: rest.supersedes,
    position: answer.position, actorId: rest.actorId, evaluatedAt, expiresAt, answer: text, request: judgement.awaits === null ? null : rest.request,
  }
}

function accountId(side: { readonly account: number } | null | undefined): bigint | null {
  return side === null || side === undefined ? null : BigInt(side.account)
}
