// Makes a plan: the exact effects of an action now, stored with their hash and with what the reviewer sees beside them.
// Promises: changes nothing but the list of plans.

import type { Clock } from '../base/clock.ts'
import type { Database, Transaction } from '../base/database.ts'
import type { KeyRing } from '../base/keys.ts'
import { balancesOf, MEMBER_KINDS } from '../ledger/index.ts'
import type { PreCreditCheck } from '../programs/index.ts'
import { type ComputedPlan, computeEffects } from './plan-effects.ts'
import type { BalancePreview, Plan, PlanAction, PlanEffect, PlanPreview, PlanResult } from './plan-types.ts'
import { actionFromJson, effectsFromJson, hashOfEffects, previewFromJson, toJson } from './stored-effects.ts'

/** Who reviews, and with what. */
export interface Reviewer {
  readonly database: Pick<Database, 'inTransaction'>
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  /** Asked before payments are credited that a release or an undo settles again; without it they are held. */
  readonly check?: PreCreditCheck | undefined
}

const MINUTE_MILLISECONDS = 60_000

export async function makePlan(reviewer: Reviewer, action: PlanAction): Promise<PlanResult> {
  return await reviewer.database.inTransaction(async (transaction): Promise<PlanResult> => {
    const now = reviewer.clock.now()
    const computed = await computeEffects(transaction, action, now)
    if (!computed.ok) return computed
    const row = await transaction.plan.create({
      data: {
        caseId: computed.case?.id ?? null,
        caseVersion: computed.case?.version ?? null,
        action: toJson(action),
        effects: toJson(computed.effects),
        preview: toJson(await previewOf(transaction, computed)),
        effectsHash: new Uint8Array(Buffer.from(hashOfEffects(computed.effects), 'hex')),
        actorId: reviewer.actorId,
        recordedAt: now,
        expiresAt: new Date(now.getTime() + computed.expiryMinutes * MINUTE_MILLISECONDS),
      },
    })
    return { ok: true, plan: planOf(row) }
  })
}

/** A stored plan; null when there is none of this id. */
export async function readPlan(transaction: Transaction, planId: bigint): Promise<Plan | null> {
  const row = await transaction.plan.findUnique({ where: { id: planId } })
  return row === null ? null : planOf(row)
}

interface PlanRow {
  readonly id: bigint
  readonly caseId: bigint | null
  readonly action: unknown
  readonly effects: unknown
  readonly preview: unknown
  readonly effectsHash: Uint8Array
  readonly recordedAt: Date
  readonly expiresAt: Date
}

export function planOf(row: PlanRow): Plan {
  return {
    id: row.id,
    caseId: row.caseId,
    action: actionFromJson(row.action),
    effects: effectsFromJson(row.effects),
    preview: previewFromJson(row.preview),
    hash: Buffer.from(row.effectsHash).toString('hex'),
    recordedAt: row.recordedAt,
    expiresAt: row.expiresAt,
  }
}

async function previewOf(transaction: Transaction, computed: ComputedPlan): Promise<PlanPreview> {
  return {
    balances: await balancesAfter(transaction, computed.effects),
    members: computed.members.map((member) => ({ ...member, accountId: member.accountId.toString() })),
    threshold: computed.threshold,
    left: computed.left,
  }
}

/** Every member balance that is or would be other than zero, of the members whose money moves. */
async function balancesAfter(transaction: Transaction, effects: readonly PlanEffect[]): Promise<BalancePreview[]> {
  const lines = effects.flatMap((effect) => (effect.kind === 'posting' ? effect.lines : []))
  const previews: BalancePreview[] = []
  for (const accountId of [...new Set(lines.flatMap((line) => line.accountId ?? []))].sort((left, right) => Number(BigInt(left) - BigInt(right)))) {
    const amounts = new Map<string, { before: bigint; after: bigint }>()
    for (const balance of await balancesOf(transaction, BigInt(accountId))) {
      amounts.set(`${balance.asset} ${balance.kind}`, { before: balance.amount, after: balance.amount })
    }
    for (const line of lines.filter((each) => each.accountId === accountId)) {
      const key = `${line.asset} ${line.book}`
      const known = amounts.get(key) ?? { before: 0n, after: 0n }
      amounts.set(key, { ...known, after: known.after + BigInt(line.amount) })
    }
    for (const asset of [...new Set([...amounts.keys()].map((key) => key.split(' ')[0] ?? ''))].sort()) {
      for (const kind of MEMBER_KINDS) {
        const amount = amounts.get(`${asset} ${kind}`)
        if (amount !== undefined) previews.push({ accountId, asset, kind, before: amount.before.toString(), after: amount.after.toString() })
      }
    }
  }
  return previews
}
