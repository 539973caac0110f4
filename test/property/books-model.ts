// The books as a reader of the rules would keep them on paper: plain maps, no database, written apart from the product.

export interface PaperRebate {
  readonly owner: number
  readonly event: string
  readonly amount: bigint
  /** In seconds of the run. */
  readonly maturesAt: number
  pending: bigint
  held: bigint
  available: bigint
  main: bigint
  mainHeld: bigint
  debt: bigint
  reversed: bigint
  reclaimed: bigint
  isHeld: boolean
}

interface PaperRecharge {
  readonly member: number
  readonly amount: bigint
  refunded: bigint
  givenBack: bigint
}

type Waiting = { readonly spend: { left: bigint } } | { readonly refundOf: PaperRecharge }

export class PaperBooks {
  readonly rebates: PaperRebate[] = []
  readonly recharges = new Map<string, PaperRecharge>()
  readonly paid: bigint[]
  private readonly waiting: Waiting[][]
  /** `inviterOf[member]` is the member who invited them, or undefined. */
  readonly inviterOf: readonly (number | undefined)[]
  /** Share in parts per million. */
  readonly ratePpm: bigint
  readonly maturitySeconds: number
  /** Seconds of the run. */
  now = 0

  constructor(inviterOf: readonly (number | undefined)[], ratePpm: bigint, maturitySeconds: number) {
    this.inviterOf = inviterOf
    this.ratePpm = ratePpm
    this.maturitySeconds = maturitySeconds
    this.paid = inviterOf.map(() => 0n)
    this.waiting = inviterOf.map(() => [])
  }

  recharge(event: string, member: number, amount: bigint, isHeld: boolean): void {
    this.recharges.set(event, { member, amount, refunded: 0n, givenBack: 0n })
    this.paid[member] = this.paidOf(member) + amount
    this.settleWaiting(member)
    const owner = this.inviterOf[member]
    const earned = halfEven(amount * this.ratePpm, 1_000_000n)
    if (owner === undefined || earned === 0n) return
    const rebate: PaperRebate = { owner, event, amount: earned, maturesAt: this.now + this.maturitySeconds, pending: 0n, held: 0n, available: 0n, main: 0n, mainHeld: 0n, debt: 0n, reversed: 0n, reclaimed: 0n, isHeld }
    this.rebates.push(rebate)
    if (isHeld) rebate.held = earned
    else this.becomeDue(rebate, earned)
  }

  /** What of the member's rebates has become due by now. */
  mature(member: number): void {
    for (const rebate of this.rebates.filter((each) => each.owner === member && each.pending > 0n && each.maturesAt <= this.now)) {
      const { pending } = rebate
      rebate.pending = 0n
      this.arrive(rebate, pending)
    }
  }

  refund(event: string, amount: bigint): void {
    const recharge = this.recharges.get(event)
    if (recharge === undefined) throw new Error('nothing to refund')
    recharge.refunded = least(recharge.refunded + amount, recharge.amount)
    if (!this.giveBack(recharge)) this.waiting[recharge.member]?.push({ refundOf: recharge })
    for (const rebate of this.rebates.filter((each) => each.event === event)) {
      const due = halfEven(rebate.amount * recharge.refunded, recharge.amount) - rebate.reversed
      const taken = least(due, outstanding(rebate))
      this.take(rebate, taken)
      rebate.reversed += taken
      if (outstanding(rebate) === 0n) rebate.isHeld = false
    }
  }

  spend(member: number, amount: bigint): void {
    const spend = { left: amount }
    if (!this.cover(member, spend)) this.waiting[member]?.push({ spend })
  }

  /** Whether there was enough. */
  transfer(member: number, amount: bigint | 'all'): boolean {
    this.mature(member)
    const own = this.rebates.filter((rebate) => rebate.owner === member && rebate.available > 0n)
    const available = own.reduce((sum, rebate) => sum + rebate.available, 0n)
    let left = amount === 'all' ? available : amount
    if (left > available || left === 0n) return false
    for (const rebate of own) {
      const part = least(left, rebate.available)
      rebate.available -= part
      rebate.main += part
      left -= part
    }
    this.settleWaiting(member)
    return true
  }

  freeze(rebate: PaperRebate): void {
    rebate.held += rebate.pending + rebate.available
    rebate.pending = 0n
    rebate.mainHeld += rebate.main
    rebate.available = 0n
    rebate.main = 0n
    rebate.isHeld = true
  }

  release(rebate: PaperRebate): void {
    const { held } = rebate
    rebate.main += rebate.mainHeld
    rebate.mainHeld = 0n
    rebate.held = 0n
    rebate.isHeld = false
    this.becomeDue(rebate, held)
  }

  reclaim(rebate: PaperRebate): void {
    const taken = outstanding(rebate)
    this.take(rebate, taken)
    rebate.reclaimed += taken
    rebate.isHeld = false
  }

  balances(member: number): Record<string, bigint> {
    const own = this.rebates.filter((rebate) => rebate.owner === member)
    const sum = (of: (rebate: PaperRebate) => bigint): bigint => own.reduce((total, rebate) => total + of(rebate), 0n)
    const all = {
      'debt USD': -sum((rebate) => rebate.debt), 'main_held USD': sum((rebate) => rebate.mainHeld), 'main_paid USD': this.paidOf(member),
      'main_reward USD': sum((rebate) => rebate.main), 'reward_available USD': sum((rebate) => rebate.available), 'reward_held USD': sum((rebate) => rebate.held), 'reward_pending USD': sum((rebate) => rebate.pending),
    }
    return Object.fromEntries(Object.entries(all).filter(([, amount]) => amount !== 0n))
  }

  private paidOf(member: number): bigint {
    return this.paid[member] ?? 0n
  }

  private becomeDue(rebate: PaperRebate, amount: bigint): void {
    if (rebate.maturesAt <= this.now) this.arrive(rebate, amount)
    else rebate.pending += amount
  }

  private arrive(rebate: PaperRebate, amount: bigint): void {
    rebate.available += amount
    let free = amount
    for (const owing of this.rebates.filter((each) => each.owner === rebate.owner && each.debt > 0n)) {
      const repaid = least(free, owing.debt)
      owing.debt -= repaid
      rebate.available -= repaid
      free -= repaid
    }
  }

  private take(rebate: PaperRebate, amount: bigint): void {
    let left = amount
    for (const place of ['pending', 'held', 'available', 'mainHeld', 'main'] as const) {
      const part = least(left, rebate[place])
      rebate[place] -= part
      left -= part
    }
    rebate.debt += left
  }

  private cover(member: number, spend: { left: bigint }): boolean {
    for (const rebate of this.rebates.filter((each) => each.owner === member)) {
      const part = least(spend.left, rebate.main)
      rebate.main -= part
      spend.left -= part
    }
    const part = least(spend.left, this.paidOf(member))
    this.paid[member] = this.paidOf(member) - part
    spend.left -= part
    return spend.left === 0n
  }

  private giveBack(recharge: PaperRecharge): boolean {
    const part = least(recharge.refunded - recharge.givenBack, this.paidOf(recharge.member))
    this.paid[recharge.member] = this.paidOf(recharge.member) - part
    recharge.givenBack += part
    return recharge.givenBack === recharge.refunded
  }

  private settleWaiting(member: number): void {
    const left = (this.waiting[member] ?? []).filter((each) => !('spend' in each ? this.cover(member, each.spend) : this.giveBack(each.refundOf)))
    this.waiting[member] = left
  }
}

function outstanding(rebate: PaperRebate): bigint {
  return rebate.amount - rebate.reversed - rebate.reclaimed
}

function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}

/** Half to even, for amounts at or above zero. */
function halfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const rest = (numerator % denominator) * 2n
  return rest > denominator || (rest === denominator && quotient % 2n === 1n) ? quotient + 1n : quotient
}
