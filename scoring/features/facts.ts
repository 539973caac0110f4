// What each account did, gathered once: birth, inviter, money, activity in time. Facts later than "now" do not exist here,
// and no value depends on the order of rows or the numbering of accounts.
import { countingSort } from '../linking/postings.ts'
import { fixed, quantile } from '../linking/exact.ts'
import { TransactionType } from '../population.ts'
import type { Population } from '../population.ts'

export interface AccountFacts {
  readonly count: number
  /** Creation, else the first thing known; seconds, NaN if nothing is. */
  readonly bornAt: Float64Array
  /** The first inviter, -1 if none, if it is the account itself, or if two share the first time. */
  readonly inviter: Int32Array
  /** Number of distinct other accounts invited. */
  readonly invitees: Int32Array
  /** log2 of the money brought (recharges and payments, else spending) in units of the usual amount; NaN if none. */
  readonly logVolume: Float64Array
  /** log2 of the money spent in units of the usual amount; NaN if none. */
  readonly logSpend: Float64Array
  readonly recharges: Int32Array
  readonly firstRechargeAt: Float64Array
  /** log2 of the first recharge in units of the usual amount; NaN if none. */
  readonly firstRechargeLog: Float64Array
  /** Refunds, disputes and chargebacks. */
  readonly reversals: Int32Array
  /** Sorted times of all that the account did; `activityStart[a] … activityStart[a + 1]`. */
  readonly activityStart: Int32Array
  readonly activityAt: Float64Array
  /** Transactions of account a in order of time: `transactions[transactionStart[a] …]`; untimed ones are left out. */
  readonly transactionStart: Int32Array
  readonly transactions: Int32Array
  /** log2 of the usual amount, per currency. */
  readonly usualLog: Float64Array
}

export function gatherFacts(population: Population): AccountFacts {
  const money = gatherMoney(population)
  const activity = gatherActivity(population)
  const { createdAt } = population.accounts
  const bornAt = Float64Array.from(createdAt, (at, account) => {
    if (at <= population.asOf) return at
    const first = activity.activityAt[activity.activityStart[account]!]
    return activity.activityStart[account]! < activity.activityStart[account + 1]! && first !== undefined ? first : Number.NaN
  })
  return { count: population.accounts.count, bornAt, ...gatherInvitations(population), ...money, ...activity }
}

function gatherInvitations({ accounts, referrals, asOf }: Population) {
  const inviter = new Int32Array(accounts.count).fill(-1)
  const invitedAt = new Float64Array(accounts.count).fill(Infinity)
  const invitees = new Int32Array(accounts.count)
  const rows = Int32Array.from({ length: referrals.count }, (_, row) => row)
  const { order, start } = countingSort(rows, referrals.inviter, accounts.count)
  const seenBy = new Int32Array(accounts.count).fill(-1)
  for (let account = 0; account < accounts.count; account++) {
    for (let index = start[account]!; index < start[account + 1]!; index++) {
      const row = order[index]!
      const invitee = referrals.invitee[row]!
      const at = referrals.at[row]!
      if (invitee === account || at > asOf) continue
      if (seenBy[invitee] !== account) invitees[account]!++
      seenBy[invitee] = account
      const time = Number.isNaN(at) ? Number.MAX_VALUE : at
      if (time < invitedAt[invitee]!) {
        invitedAt[invitee] = time
        inviter[invitee] = account
      } else if (time === invitedAt[invitee]! && inviter[invitee] !== account) {
        inviter[invitee] = -1
      }
    }
  }
  return { inviter, invitees }
}

const isIncome = (type: number) => type === TransactionType.recharge || type === TransactionType.payment

function gatherMoney(population: Population) {
  const { accounts, transactions } = population
  const usualLog = usualAmounts(population)
  const income = new Float64Array(accounts.count)
  const spent = new Float64Array(accounts.count)
  const recharges = new Int32Array(accounts.count)
  const reversals = new Int32Array(accounts.count)
  const firstRechargeAt = new Float64Array(accounts.count).fill(Number.NaN)
  const firstRechargeLog = new Float64Array(accounts.count).fill(Number.NaN)
  for (let row = 0; row < transactions.count; row++) {
    if (transactions.at[row]! > population.asOf) continue
    const account = transactions.account[row]!
    const type = transactions.type[row]!
    const relative = transactions.amount[row]! / 2 ** usualLog[transactions.currency[row]!]!
    if (type === TransactionType.spend) spent[account]! += fixed(relative)
    else if (!isIncome(type)) reversals[account]!++
    else if (transactions.fundedBy[row] === 0) {
      income[account]! += fixed(relative)
      recharges[account]!++
      const at = transactions.at[row]!
      const log = Math.log2(Math.max(relative, 1e-6))
      const isFirst = !(firstRechargeAt[account]! <= at)
      const isTied = firstRechargeAt[account] === at && log < firstRechargeLog[account]!
      if (isFirst || isTied) {
        firstRechargeAt[account] = at
        firstRechargeLog[account] = log
      }
    }
  }
  const log = (value: number) => (value > 0 ? Math.log2(value) : Number.NaN)
  const logVolume = income.map((value, account) => log(value > 0 ? value : spent[account]!))
  return { usualLog, recharges, reversals, firstRechargeAt, firstRechargeLog, logVolume, logSpend: spent.map(log), ...sortTransactions(population) }
}

/** log2 of the median amount of each currency, so that amounts of several compare. */
function usualAmounts({ transactions, asOf }: Population): Float64Array {
  const amounts: number[][] = transactions.currencies.map(() => [])
  for (let row = 0; row < transactions.count; row++) {
    const amount = transactions.amount[row]!
    if (amount > 0 && !(transactions.at[row]! > asOf)) amounts[transactions.currency[row]!]!.push(amount)
  }
  return Float64Array.from(amounts, (list) => {
    const median = quantile(Float64Array.from(list).sort(), 0.5)
    return median > 0 ? Math.log2(median) : 0
  })
}

function sortTransactions({ accounts, transactions, asOf }: Population) {
  const timed = new Int32Array(transactions.count)
  let count = 0
  for (let row = 0; row < transactions.count; row++) if (transactions.at[row]! <= asOf) timed[count++] = row
  const { order, start } = countingSort(timed.subarray(0, count), transactions.account, accounts.count)
  for (let account = 0; account < accounts.count; account++) {
    if (start[account + 1]! - start[account]! < 2) continue
    order.subarray(start[account], start[account + 1]).sort((a, b) =>
      transactions.at[a]! - transactions.at[b]! || transactions.type[a]! - transactions.type[b]!
      || transactions.amount[a]! - transactions.amount[b]!)
  }
  return { transactionStart: start, transactions: order }
}

function gatherActivity({ accounts, observations, transactions, asOf }: Population) {
  const start = new Int32Array(accounts.count + 1)
  const visit = (act: (account: number, at: number) => void) => {
    for (let row = 0; row < observations.count; row++) {
      if (observations.at[row]! <= asOf) act(observations.account[row]!, observations.at[row]!)
    }
    for (let row = 0; row < transactions.count; row++) {
      if (transactions.at[row]! <= asOf) act(transactions.account[row]!, transactions.at[row]!)
    }
  }
  visit((account) => start[account + 1]!++)
  for (let account = 0; account < accounts.count; account++) start[account + 1]! += start[account]!
  const next = start.slice(0, accounts.count)
  const activityAt = new Float64Array(start[accounts.count]!)
  visit((account, at) => { activityAt[next[account]!++] = at })
  // A session reports several facts of one moment, and rows may be repeated: each moment counts once.
  const distinctStart = new Int32Array(accounts.count + 1)
  let count = 0
  for (let account = 0; account < accounts.count; account++) {
    const times = activityAt.subarray(start[account], start[account + 1])
    if (times.length > 1) times.sort()
    let previous = Number.NaN
    for (let index = 0; index < times.length; index++) {
      const at = times[index]!
      if (at !== previous) activityAt[count++] = at
      previous = at
    }
    distinctStart[account + 1] = count
  }
  return { activityStart: distinctStart, activityAt: activityAt.slice(0, count) }
}
