// What every referral can still cost: its rebates that lie in the books, or, where a programme has booked none, the rate of
// its version on what the invitee paid after the invitation. The same rule as an audit's, so that both say the same.

import type pg from 'pg'
import { TransactionType } from '../../scoring/population.ts'
import { scaleHalfEven } from '../base/money.ts'
import { type LoadedPopulation, copyOut } from '../population/index.ts'
import type { ScanProgram } from './scan-programs.ts'

/**
 * Writes into `population.referrals.atStake`, in units of each programme's asset. Amounts in another asset have no value there:
 * how many referrals have such, per asset, is given back, so that a scan says what its expected loss leaves out.
 */
export async function settleStakes(client: pg.PoolClient, loaded: LoadedPopulation, programs: ReadonlyMap<number, ScanProgram>): Promise<ReadonlyMap<string, number>> {
  const booked = new Set((await client.query<{ id: string }>(
    'SELECT id FROM program p WHERE EXISTS (SELECT 1 FROM rebate r WHERE r.program_id = p.id)')).rows.map((row) => Number(row.id)))
  const unvalued = await stakesInBooks(client, loaded, programs)
  const unbooked = [...programs.values()].filter((program) => !booked.has(program.id))
  if (unbooked.length > 0) stakesByRate(loaded, new Map(unbooked.map((program) => [program.id, program])))
  return unvalued
}

async function stakesInBooks(client: pg.PoolClient, loaded: LoadedPopulation, programs: ReadonlyMap<number, ScanProgram>): Promise<ReadonlyMap<string, number>> {
  const { atStake } = loaded.population.referrals
  const assetOf = new Map([...programs.values()].map((program) => [program.id, program.asset]))
  const units = new Map<number, number>()
  const unvalued = new Map<string, number>()
  await copyOut(client,
    `SELECT r.referral_id, r.program_id, r.asset, sum(p.amount)::bigint FROM rebate r
       JOIN position p ON p.rebate_id = r.id JOIN book_account b ON b.id = p.book_account_id
       WHERE r.referral_id IS NOT NULL AND p.amount > 0
         AND b.kind IN ('reward_pending', 'reward_held', 'reward_available', 'main_reward', 'main_bonus', 'main_held')
       GROUP BY r.referral_id, r.program_id, r.asset`,
    (row) => {
      if (assetOf.get(row.int8(1)) === row.text(2)) units.set(row.int8(0), (units.get(row.int8(0)) ?? 0) + row.int8(3))
      else unvalued.set(row.text(2), (unvalued.get(row.text(2)) ?? 0) + 1)
    })
  for (const [index, referralId] of loaded.referralIds.entries()) {
    const amount = referralId === 0 ? undefined : units.get(referralId)
    const program = programs.get(loaded.programIds[index] ?? 0)
    if (amount !== undefined && program !== undefined) atStake[index] = amount / program.unitsPerOne
  }
  return unvalued
}

/** What an account paid, or had returned of it: by account, each with the time that counts. */
interface Payments {
  readonly start: Int32Array
  readonly at: Float64Array
  /** In units of the currency, below zero for returns. */
  readonly amount: Float64Array
  readonly currency: Uint8Array
}

function stakesByRate(loaded: LoadedPopulation, programs: ReadonlyMap<number, ScanProgram>): void {
  const { referrals, transactions } = loaded.population
  const payments = paymentsOf(loaded)
  for (let index = 0; index < referrals.count; index++) {
    const program = programs.get(loaded.programIds[index] ?? 0)
    if (program === undefined || loaded.referralIds[index] === 0) continue
    const currency = transactions.currencies.indexOf(program.asset)
    const bases = program.rates.map(() => 0)
    const invitee = referrals.invitee[index] ?? 0
    for (let place = payments.start[invitee] ?? 0; place < (payments.start[invitee + 1] ?? 0); place++) {
      const at = payments.at[place] ?? 0
      if (payments.currency[place] !== currency || at < (referrals.at[index] ?? 0)) continue
      const version = program.rates.findLastIndex((rate) => rate.from <= at)
      bases[version] = (bases[version] ?? 0) + Math.round((payments.amount[place] ?? 0) * program.unitsPerOne)
    }
    let units = 0n
    for (const [version, rate] of program.rates.entries()) {
      const base = bases[version] ?? 0
      if (base > 0) units += scaleHalfEven(BigInt(base), BigInt(rate.ppm), 1_000_000n)
    }
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
  const payments = { start, at: new Float64Array(total), amount: new Float64Array(total), currency: new Uint8Array(total) }
  for (let row = 0; row < count; row++) {
    if (signs[row] === 0) continue
    const place = next[account[row] ?? 0]!++
    const original = refunds[row] ?? -1
    const countedAt = signs[row] === -1 && original >= 0 ? original : row
    payments.at[place] = transactions.at[countedAt] ?? 0
    payments.amount[place] = (transactions.amount[row] ?? 0) * (signs[row] ?? 0)
    payments.currency[place] = transactions.currency[row] ?? 0
  }
  return payments
}
