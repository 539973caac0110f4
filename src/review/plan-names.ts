// What a plan's internal ids are called: external ids of accounts and the decimals of assets, looked up when a plan is shown.
// Promises: names are read and never stored with the plan, so that an erased person disappears from old plans too.

import type { Transaction } from '../base/database.ts'
import { formatAmount } from '../base/money.ts'
import type { Id, Plan, PlanEffect } from './plan-types.ts'

export interface PlanNames {
  /** The account's external id, or `#` and the internal one when it was erased. */
  account(id: Id): string
  /** An amount of the smallest unit as a decimal in units. */
  amount(amount: string, asset: string): string
}

export async function namesOf(transaction: Transaction, plan: Pick<Plan, 'effects' | 'preview'>): Promise<PlanNames> {
  const ids = new Set([
    ...plan.effects.flatMap(accountsOf),
    ...plan.preview.members.map((member) => member.accountId),
    ...plan.preview.balances.map((balance) => balance.accountId),
  ])
  const identities = await transaction.accountIdentity.findMany({ where: { accountId: { in: [...ids].map(BigInt) } }, select: { accountId: true, externalId: true } })
  const names = new Map(identities.map((row) => [row.accountId.toString(), row.externalId]))
  const assets = await transaction.asset.findMany({ select: { code: true, exponent: true } })
  const exponents = new Map(assets.map((asset) => [asset.code, asset.exponent]))
  return {
    account: (id) => names.get(id) ?? `#${id}`,
    amount: (amount, asset) => formatAmount(BigInt(amount), exponents.get(asset)),
  }
}

function accountsOf(effect: PlanEffect): Id[] {
  switch (effect.kind) {
    case 'referral':
      return [effect.inviterId, effect.inviteeId]
    case 'posting':
      return [effect.accountId, ...effect.lines.flatMap((line) => line.accountId ?? [])]
    case 'restriction':
    case 'gone':
    case 'settle':
    case 'instruction':
    case 'third_party':
      return [effect.accountId]
    case 'hold':
    case 'case':
      return []
  }
}
