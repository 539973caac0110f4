// What every referral can still cost: its rebates that are not reversed or paid out, or, where a folder keeps no rebates, a
// rate on what the invitee paid after the invitation. Exact, in one currency, and it says what it could not value.
import { applyRate } from './amounts.ts'
import type { RebateFact, TransactionFact } from './facts.ts'

export type StakeBasis = 'rebates' | 'rate' | 'none'

export interface MoneyAtStake {
  readonly currency: string
  readonly basis: StakeBasis
  readonly ratePartsPerMillion: number
  /** Amounts in other currencies, which are not converted and count nowhere. */
  readonly unvalued: ReadonlyMap<string, bigint>
  /** Rebates whose inviter and invitee have no referral. */
  readonly rebatesWithoutReferral: number
}

export interface StakeReferral {
  readonly inviter: number
  readonly invitee: number
  readonly createdAt: number
  readonly isPayable: boolean
}

/** Gathers while the folder streams by; one map entry per rebated pair, or per paying invitee. */
export class StakeLedger {
  private readonly byPair = new Map<string, Map<string, bigint>>()
  private readonly goneByPair = new Map<string, Map<string, bigint>>()
  private readonly payments = new Map<number, Payment[]>()
  private readonly totals = new Map<string, bigint>()
  private readonly hasRebates: boolean

  constructor(hasRebates: boolean) {
    this.hasRebates = hasRebates
  }

  rebate(fact: RebateFact, inviter: number, invitee: number): void {
    add(this.totals, fact.currency, 0n)
    const key = `${inviter} ${invitee}`
    const amounts = amountsOf(this.byPair, key)
    if (fact.status === 'reversed') return
    if (fact.status === 'paid') {
      add(amountsOf(this.goneByPair, key), fact.currency, fact.amountUnits)
      return
    }
    add(amounts, fact.currency, fact.amountUnits)
    add(this.totals, fact.currency, fact.amountUnits)
  }

  /** What an account paid, or had returned of it; a return counts with the time of what it returns. */
  transaction(fact: TransactionFact, role: { account: number; countedAt: number; isReturn: boolean }): void {
    if (this.hasRebates) return
    const isReceipt = (fact.type === 'recharge' || fact.type === 'payment') && (fact.fundedBy ?? 'paid') === 'paid'
    if (!isReceipt && !role.isReturn) return
    const units = role.isReturn ? -fact.amountUnits : fact.amountUnits
    const payment = { at: role.countedAt, units, currency: fact.currency }
    const list = this.payments.get(role.account)
    if (list === undefined) this.payments.set(role.account, [payment])
    else list.push(payment)
    add(this.totals, fact.currency, units)
  }

  /** At stake, and already paid out, per referral in smallest units of the currency. Rebates of a pair go to its payable referral. */
  settle(
    referrals: readonly StakeReferral[],
    options: { currency: string | undefined; ratePartsPerMillion: number },
  ): { units: bigint[]; goneUnits: bigint[]; money: MoneyAtStake } {
    const currency = options.currency ?? this.mainCurrency()
    const basis: StakeBasis = this.hasRebates ? 'rebates' : referrals.length > 0 ? 'rate' : 'none'
    const units = new Array<bigint>(referrals.length).fill(0n)
    const goneUnits = new Array<bigint>(referrals.length).fill(0n)
    const unmatched = basis === 'rebates' ? this.settleRebates(referrals, currency, { units, goneUnits }) : 0
    if (basis === 'rate') this.settleRate(referrals, currency, options.ratePartsPerMillion, units)
    const unvalued = new Map([...this.totals].filter(([other, total]) => other !== currency && total > 0n).sort())
    return {
      units,
      goneUnits,
      money: {
        currency, basis, ratePartsPerMillion: options.ratePartsPerMillion,
        unvalued: basis === 'none' ? new Map() : unvalued, rebatesWithoutReferral: unmatched,
      },
    }
  }

  private settleRebates(
    referrals: readonly StakeReferral[], currency: string, into: { units: bigint[]; goneUnits: bigint[] },
  ): number {
    const taker = new Map<string, number>()
    for (const [index, { inviter, invitee, isPayable }] of referrals.entries()) {
      const key = `${inviter} ${invitee}`
      if (isPayable || !taker.has(key)) taker.set(key, index)
    }
    let unmatched = 0
    for (const [key, amounts] of this.byPair) {
      const index = taker.get(key)
      if (index === undefined) {
        unmatched += 1
        continue
      }
      into.units[index] = amounts.get(currency) ?? 0n
      into.goneUnits[index] = this.goneByPair.get(key)?.get(currency) ?? 0n
    }
    return unmatched
  }

  private settleRate(referrals: readonly StakeReferral[], currency: string, rate: number, units: bigint[]): void {
    for (const [index, referral] of referrals.entries()) {
      if (!referral.isPayable) continue
      let base = 0n
      for (const payment of this.payments.get(referral.invitee) ?? []) {
        if (payment.currency === currency && payment.at >= referral.createdAt) base += payment.units
      }
      if (base > 0n) units[index] = applyRate(base, BigInt(rate))
    }
  }

  /** The currency of most money; the first by name among equals, USD where there is none. */
  private mainCurrency(): string {
    let best = 'USD'
    let bestUnits = -1n
    for (const [currency, units] of [...this.totals].sort()) {
      if (units > bestUnits) {
        best = currency
        bestUnits = units
      }
    }
    return best
  }
}

interface Payment {
  readonly at: number
  readonly units: bigint
  readonly currency: string
}

function add(totals: Map<string, bigint>, currency: string, units: bigint): void {
  totals.set(currency, (totals.get(currency) ?? 0n) + units)
}

function amountsOf(pairs: Map<string, Map<string, bigint>>, key: string): Map<string, bigint> {
  const known = pairs.get(key)
  if (known !== undefined) return known
  const amounts = new Map<string, bigint>()
  pairs.set(key, amounts)
  return amounts
}
