// Plans and decisions as callers write and see them: what is asked for, and the form of the answers that the review desk gives.

import { z } from 'zod'
import { GENUINE_OUTCOMES, type PlanAction, RESTRICTIONS, REVIEW_OUTCOMES, UNDO_REASONS } from '../review/index.ts'
import { idText, time } from './schemas.ts'

const target = z.strictObject({
  case_id: idText.optional(), ring_id: idText.optional(), members: z.array(idText).min(1).max(1000).optional(), rebates: z.array(idText).min(1).max(1000).optional(),
}).refine(({ case_id, ring_id, rebates }) => case_id !== undefined || ring_id !== undefined || rebates !== undefined, 'must name a case, a ring or rebates')

export const actionInput = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('cancel'), target, from: z.union([z.enum(['now', 'start']), z.strictObject({ date: time })]) }),
  z.strictObject({ kind: z.literal('freeze'), target, signup_credit: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('release'), target }),
  z.strictObject({ kind: z.literal('reclaim'), target, signup_credit: z.boolean().optional() }),
  z.strictObject({ kind: z.literal('restrict'), target, restriction: z.enum(RESTRICTIONS), ends_at: time }),
  z.strictObject({ kind: z.literal('dismiss'), target, outcome: z.enum([...GENUINE_OUTCOMES, 'inconclusive']) }),
  z.strictObject({ kind: z.literal('confirm'), target, outcome: z.enum(REVIEW_OUTCOMES) }),
  z.strictObject({ kind: z.literal('undo'), decision_id: idText }),
]).meta({ id: 'PlanAction' })
export type ActionInput = z.output<typeof actionInput>

export const reasonCode = z.enum(UNDO_REASONS)

const text = z.string()
const nullable = z.string().nullable()
const standing = z.strictObject({ state: text, effective_at: text })
const caseStanding = z.strictObject({ state: text, outcome: nullable })

const effect = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('posting'), transfer: text, account_id: text, external_id: text, rebate_id: text, reverses: nullable,
    lines: z.array(z.strictObject({ account_id: nullable, book: text, asset: text, rebate_id: nullable, amount: text })),
  }),
  z.strictObject({ kind: z.literal('referral'), referral_id: text, inviter: text, invitee: text, before: standing, after: standing }),
  z.strictObject({
    kind: z.literal('hold'), change: z.enum(['place', 'end', 'reopen']), rebate_id: nullable, referral_id: nullable, reason: text, hold_id: text.optional(), as: text.optional(), days: z.number().int().optional(),
    on_silence: text.optional(),
  }),
  z.strictObject({ kind: z.literal('restriction'), change: z.enum(['place', 'lift']), account_id: text, external_id: text, restriction: z.enum(RESTRICTIONS), ends_at: text.optional() }),
  z.strictObject({ kind: z.literal('case'), case_id: text, before: caseStanding, after: caseStanding }),
  z.strictObject({ kind: z.literal('gone'), account_id: text, external_id: text, rebate_id: text, asset: text, amount: text, becomes: z.enum(['debt', 'loss']) }),
  z.strictObject({ kind: z.literal('settle'), why: text, account_id: text, external_id: text, event_id: text }),
  z.strictObject({
    kind: z.literal('instruction'), ask: z.enum(['give', 'freeze', 'release', 'reclaim', 'withdraw']), account_id: text, external_id: text, asset: text, amount: text,
    lines: z.array(z.strictObject({ rebate_id: text, amount: text })),
  }),
  z.strictObject({ kind: z.literal('third_party'), concern: text, account_id: text, external_id: text, referral_id: text.optional(), rebate_id: text.optional(), asset: text.optional(), amount: text.optional() }),
]).meta({ id: 'PlanEffect' })

export const planAnswer = z.strictObject({
  plan_id: text, hash: text, case_id: nullable, action: z.record(z.string(), z.unknown()), recorded_at: z.iso.datetime(), expires_at: z.iso.datetime(),
  members: z.array(z.strictObject({ account_id: text, external_id: text, score: z.number(), is_selected: z.boolean() })),
  threshold: z.number().nullable(), effects: z.array(effect),
  balances: z.array(z.strictObject({ account_id: text, external_id: text, asset: text, book: text, before: text, after: text })),
  left: z.array(z.strictObject({ rebate_id: text, why: text })),
  totals: z.array(z.strictObject({ asset: text, moved: text, becomes_debt: text, lost: text })),
}).meta({ id: 'Plan' })

export const decisionAnswer = z.strictObject({
  decision_id: text, plan_id: text, case_id: nullable, reason: text, undoes_id: nullable, recorded_at: z.iso.datetime(), effects: z.array(effect),
}).meta({ id: 'Decision' })

export function actionOf(input: ActionInput): PlanAction {
  if (input.kind === 'undo') return { kind: 'undo', decisionId: input.decision_id }
  const { case_id: caseId, ring_id: ringId, members, rebates } = input.target
  const named = { caseId, ringId, members, rebates }
  switch (input.kind) {
    case 'cancel': return { kind: 'cancel', target: named, from: typeof input.from === 'string' ? input.from : { date: new Date(input.from.date).toISOString() } }
    case 'freeze': return { kind: 'freeze', target: named, signupCredit: input.signup_credit }
    case 'release': return { kind: 'release', target: named }
    case 'reclaim': return { kind: 'reclaim', target: named, signupCredit: input.signup_credit }
    case 'restrict': return { kind: 'restrict', target: named, restriction: input.restriction, endsAt: new Date(input.ends_at).toISOString() }
    case 'dismiss': return { kind: 'dismiss', target: named, outcome: input.outcome }
    case 'confirm': return { kind: 'confirm', target: named, outcome: input.outcome }
  }
}
