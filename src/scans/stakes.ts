// What every referral can still cost: its rebates that lie in the books, in every asset that its programme values, or, where a programme
// has booked none, what its versions earn on what the invitee paid after the invitation. The same rule as an audit's, so that both say the same.

import type pg from 'pg'
import { TransactionType } from '../../scoring/population.ts'
import { scaleHalfEven } from '../base/money.ts'
import { type LoadedPopulation, copyOut } from '../population/index.ts'
import { rebatesAtStake } from '../rings/index.ts'
import type { ScanProgram } from './scan-programs.ts'

/**
 * Writes into `population.referrals.atStake`, in units of each programme's asset. Amounts in an asset without a valuation have no value:
 * how many referrals have such, per asset, is given back, so that a scan says what its expected loss leaves out.
 */
export async function settleStakes(
  client: pg.PoolClient, loaded: LoadedPopulation, by: { programs: ReadonlyMap<number, ScanProgram>; at: Date },
): Promise<ReadonlyMap<string, number>> {
  const booked = new Set((await client.query<{ id: string }>(
    'SELECT id FROM program p WHERE EXISTS (SELECT 1 FROM rebate r WHERE r.program_id = p.id)')).rows.map((row) => Number(row.id)))
  const unvalued = await stakesInBooks(client, loaded, by)
  const unbooked = [...by.programs.values()].filter((program) => !booked.has(program.id))
  if (unbooked.length > 0) stakesByReward(loaded, new Map(unbooked.map((program) => [program.id, program])), unvalued)
  return unvalued
}

async function stakesInBooks(client: pg.PoolClient, loaded: LoadedPopulation, { programs, at }: { programs: ReadonlyMap<number, ScanProgram>; at: Date }): Promise<Map<string, number>> {
  const { atStake } = loaded.population.referrals
  const units = new Map<number, number>()
  const unvalued = new Map<string, number>()
  await copyOut(client,
    `SELECT referral_id, asset, value FROM ${rebatesAtStake({ at: `'${at.toISOString()}'::timestamptz`, of: 'true' })} AS stake`,
    (row) => {
      if (row.isNull(2)) count(unvalued, row.text(1))
      else units.set(row.int8(0), (units.get(row.int8(0)) ?? 0) + row.int8(2))
    })
  for (const [index, referralId] of loaded.referralIds.entries()) {
    const amount = referralId === 0 ? undefined : units.get(referralId)
    const program = programs.get(loaded.programIds[index] ?? 0)
    if (amount !== undefined && program !== undefined) atStake[index] = amount / program.unitsPerOne
  }
  return unvalued
}

function count(counts: Map<string, number>, asset: string): void {
  counts.set(asset, (counts.get(asset) ?? 0) + 1)
}

/** What an account paid, or had returned of it: by account, each with the time that counts. */
interface Payments {
  readonly start: Int32Array
  readonly at: Float64Array
  /** In units of the currency, below zero for returns. */
  readonly amount: Float64Array
  /** One for a payment; below zero the share of its original that a return gave back. */
  readonly share: Float64Array
  readonly currency: Uint8Array
}

function stakesByReward(loaded: LoadedPopulation, programs: ReadonlyMap<number, ScanProgram>, unvalued: Map<string, number>): void {
  const { referrals, transactions } = loaded.population
  const payments = paymentsOf(loaded)
  for (let index = 0; index < referrals.count; index++) {
    const program = programs.get(loaded.programIds[index] ?? 0)
    if (program === undefined || loaded.referralIds[index] === 0) continue
    const currency = transactions.currencies.indexOf(program.asset)
    const bases = program.rewards.map(() => 0)
    const shares = program.rewards.map(() => 0)
    const invitee = referrals.invitee[index] ?? 0
    for (let place = payments.start[invitee] ?? 0; place < (payments.start[invitee + 1] ?? 0); place++) {
      const at = payments.at[place] ?? 0
      if (at < (referrals.at[index] ?? 0)) continue
      const version = program.rewards.findLastIndex((reward) => reward.from <= at)
      shares[version] = (shares[version] ?? 0) + (payments.share[place] ?? 0)
      if (payments.currency[place] === currency) bases[version] = (bases[version] ?? 0) + Math.round((payments.amount[place] ?? 0) * program.unitsPerOne)
    }
    let units = 0n
    const lacking = new Set<string>()
    for (const [version, { ratePpm, perPayment, rewardAsset }] of program.rewards.entries()) {
      const base = bases[version] ?? 0
      const share = Math.max(0, shares[version] ?? 0)
      if (base > 0) units += scaleHalfEven(BigInt(base), BigInt(ratePpm), 1_000_000n)
      if (perPayment === null && share > 0) lacking.add(rewardAsset)
      units += scaleHalfEven(perPayment ?? 0n, BigInt(Math.round(share * 1_000_000)), 1_000_000n)
    }
    for (const asset of lacking) count(unvalued, asset)
    referrals.atStake[index] = Number(units) / program.unitsPerOne
  }
}

function paymentsOf({ population }: LoadedPopulation): Payments {
  const { transactions, accounts } = population
  const { count, account, type, fundedBy, refunds } = transactions
  const signs = new Int8Array(count)
  const start = new Int32Array(accounts.count + 1)
  for (let row = 0; row < count; row++) {
    const isReceipt = type[row] === TransactionType.recharge || type[row] === TransactionType.payment
    const original = refunds[row] ?? -1
    const isReturn = (type[row] === TransactionType.refund || type[row] === TransactionType.chargeback)
      && (original < 0 || type[original] !== TransactionType.spend)
    signs[row] = isReturn ? -1 : isReceipt && fundedBy[row] === 0 ? 1 : 0
    if (signs[row] !== 0) start[(account[row] ?? 0) + 1]! += 1
  }
  for (let index = 0; index < accounts.count; index++) start[index + 1]! += start[index] ?? 0
  const next = start.slice()
  const total = start[accounts.count] ?? 0
  const payments = { start, at: new Float64Array(total), amount: new Float64Array(total), share: new Float64Array(total), currency: new Uint8Array(total) }
  for (let row = 0; row < count; row++) {
    if (signs[row] === 0) continue
    const place = next[account[row] ?? 0]!++
    const original = refunds[row] ?? -1
    const countedAt = signs[row] === -1 && original >= 0 ? original : row
    payments.at[place] = transactions.at[countedAt] ?? 0
    payments.amount[place] = (transactions.amount[row] ?? 0) * (signs[row] ?? 0)
    payments.share[place] = signs[row] === 1 ? 1 : -shareOf(transactions.amount[row] ?? 0, original < 0 ? 0 : transactions.amount[original] ?? 0)
    payments.currency[place] = transactions.currency[row] ?? 0
  }
  return payments
}

/** A return whose original is not known takes nothing of a reward that does not depend on the amount. */
function shareOf(amount: number, original: number): number {
  return original > 0 ? Math.min(1, amount / original) : 0
}
