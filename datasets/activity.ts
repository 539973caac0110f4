// What an account does, written as rows: sign-up, sessions, recharges, spending, refunds, calls from servers.
// All accounts go through the same code, so that no field is present for some kinds of account only.
import { daySeconds, type Account, type AccountPlanner, type DeviceUse } from './accounts.ts'
import { cookieId, fingerprint, installId, userAgent } from './devices.ts'
import { topUps, type Instrument } from './people.ts'
import { addressAt, type Place } from './places.ts'
import type { ObservationRow, TransactionRow } from './world.ts'
import type { Random } from './random.ts'

export interface Rows {
  readonly observations: ObservationRow[]
  readonly transactions: TransactionRow[]
}

/** Writes the life of each account; `accounts` must be in order of creation, as sittings follow earlier accounts. */
export function writeLives(planner: AccountPlanner, accounts: readonly Account[], random: Random): Rows {
  const rows: Rows = { observations: [], transactions: [] }
  for (const account of accounts) new Life(planner, account, rows, random).write()
  return rows
}

class Life {
  private readonly planner: AccountPlanner
  private readonly account: Account
  private readonly rows: Rows
  private readonly random: Random
  private readonly seen = new Set<string>()
  private readonly hidesDevice: boolean

  constructor(planner: AccountPlanner, account: Account, rows: Rows, random: Random) {
    this.planner = planner
    this.account = account
    this.rows = rows
    this.random = random
    this.hidesDevice = planner.parameters.hasDevice === 0 || random.chance(planner.parameters.noDeviceShare)
  }

  write(): void {
    const { account, planner } = this
    const signupUse = account.signupUse ?? this.useAt(account.createdAt)
    const signupPlace = account.signupPlace ?? this.placeFor(signupUse)
    const clickedAt = account.invitation?.clickedAt ?? Number.NaN
    if (!Number.isNaN(clickedAt) && this.random.chance(0.6)) this.session(clickedAt, 'click', signupUse, signupPlace)
    this.session(account.createdAt, 'signup', signupUse, signupPlace)
    for (const at of this.loginTimes()) this.session(at, 'login')
    for (const visit of account.visits) {
      if (visit.at < planner.endsAt) this.session(visit.at, 'login', visit.use, visit.place)
    }
    this.money()
    this.serverCalls()
    this.payoutDetails()
  }

  private loginTimes(): number[] {
    const { account, planner, random } = this
    const { life, createdAt, follows } = account
    const times: number[] = []
    for (let index = 1; index < life.sessions; index++) {
      const days = Math.max(life.dormantDays, life.lifeDays * Math.pow(random.float(), 1.6))
      let at = planner.momentLike(life.habits, createdAt + days * daySeconds)
      if (follows !== undefined && random.chance(follows.share)) at = this.sittingAfter(follows.account, at)
      if (createdAt + days * daySeconds < planner.endsAt) times.push(at)
    }
    times.sort((one, other) => one - other)
    account.sessionTimes.push(createdAt, ...times)
    return times
  }

  /** A session of the followed account, some minutes later; `at` when that account has none. */
  private sittingAfter(followed: Account, at: number): number {
    const { account, random, planner } = this
    const times = followed.sessionTimes.filter((time) => time > account.createdAt)
    if (times.length === 0) return at
    return Math.min(planner.endsAt - 1, random.pick(times) + 30 + Math.floor(random.exponential(700)))
  }

  private session(at: number, context: string, use = this.useAt(at), place = this.placeFor(use)): void {
    const { planner, random } = this
    const { parameters } = planner
    const { device, disguise } = use
    const inApp = random.chance(device.appShare) && parameters.hasInstall === 1
    const agent = parameters.hasUserAgent === 1 ? userAgent(device, at, inApp) : ''
    this.observe('ip', addressAt(place, device.seed, at, random), at, context, agent)
    if (this.hidesDevice) return
    const bare = parameters.hasBareKinds === 1
    if (inApp) this.observe(bare ? 'device' : 'device:install', installId(device, disguise), at, context, agent)
    else if (parameters.hasCookie === 1) this.observe(bare ? 'device' : 'device:cookie', cookieId(device, disguise, at), at, context, agent)
    if (parameters.hasFingerprint === 1) this.observe(bare ? 'device' : 'device:fingerprint', fingerprint(device, disguise, at), at, context, agent)
  }

  private observe(kind: string, value: string, at: number, context: string, agent: string): void {
    const { planner, account, random } = this
    const { parameters } = planner
    if (context !== 'signup' && random.chance(parameters.observationLoss)) return
    const once = parameters.hasObservedAt === 0 || parameters.observesOnce === 1
    if (once || parameters.observesEachDay === 1) {
      const day = once ? 0 : Math.floor(at / daySeconds)
      const key = `${kind} ${value} ${day}${context === 'login' ? '' : context}`
      if (this.seen.has(key)) return
      this.seen.add(key)
    }
    this.rows.observations.push({
      account_id: account.id, kind, value, observed_at: Math.floor(at), context, user_agent: agent,
    })
  }

  private useAt(at: number): DeviceUse {
    const live = this.account.devices.filter((use) => use.from <= at && at < use.until)
    const uses = live.length > 0 ? live : this.account.devices
    const use = uses[this.random.weighted(uses.map((one) => one.weight))]
    if (use === undefined) throw new Error('an account without a device')
    return use
  }

  /** Phones roam; computers stay where there is a line. */
  private placeFor(use: DeviceUse): Place {
    const { places, person } = this.account
    const weights = places.map(({ place, weight }) => {
      if (place.kind === 'carrier') return use.device.isPhone ? weight : weight * 0.04
      if (place.kind === 'relay') return use.device.family === 'iphone' || use.device.family === 'mac' ? weight : 0
      return weight
    })
    const drawn = places[this.random.weighted(weights)]
    return drawn?.place ?? person.household.home
  }

  private money(): void {
    const { account, planner, random } = this
    const { life, createdAt } = account
    if (planner.parameters.hasCredit === 1 && random.chance(0.8)) this.credit()
    let at = planner.momentLike(life.habits, createdAt + life.firstRechargeDays * daySeconds)
    if (life.firstRechargeDays < 0.3) at = createdAt + life.firstRechargeDays * daySeconds
    for (let index = 0; index < life.recharges; index++) {
      if (at >= planner.endsAt - 60) return
      const next = planner.momentLike(life.habits, at + random.exponential(life.habits.cadenceDays) * daySeconds + 3600)
      this.recharge(Math.floor(at), next)
      at = next
    }
  }

  private recharge(at: number, next: number): void {
    const { planner, random, account } = this
    const { parameters } = planner
    const instrument = account.instruments[random.chance(0.93) ? 0 : random.below(account.instruments.length)]
    if (instrument === undefined) throw new Error('an account without an instrument')
    const amount = this.amount()
    const type = parameters.callsRechargePayment === 1 ? 'payment' : 'recharge'
    const payment_instrument = shown(instrument, parameters.hasMaskedOnly === 1)
    const id = this.transaction(type, amount, at, { payment_instrument })
    this.session(at, 'payment')
    this.showInstrument(instrument, at)
    if (parameters.hasSpend === 1) this.spend(amount * account.life.usedShare, at, next, 'paid')
    const settled = at + random.between(1, 40) * daySeconds
    if (settled >= planner.endsAt) return
    if (random.chance(parameters.refundShare)) {
      const refunded = random.chance(0.6) ? amount : cents(amount * random.between(0.2, 0.9))
      this.transaction('refund', refunded, settled, { refunds: id })
    } else if (random.chance(parameters.disputeShare)) {
      const outcome = random.chance(0.7) ? 'chargeback' : 'dispute_opened'
      this.transaction(outcome, amount, settled, { refunds: id })
    }
  }

  private showInstrument(instrument: Instrument, at: number): void {
    const { parameters } = this.planner
    if (parameters.hasPaymentObservation === 0) return
    const masked = parameters.hasMaskedOnly === 1
    const subtype = instrument.kind !== 'card' ? instrument.kind : masked ? 'masked' : 'fingerprint'
    this.observe(parameters.hasBareKinds === 1 ? 'payment' : `payment:${subtype}`, shown(instrument, masked), at, 'payment', '')
  }

  private amount(): number {
    const { random, planner, account } = this
    const { habits, minimalShare } = account.life
    const { usualAmount, qualifyingAmount } = planner.settings
    if (random.chance(minimalShare)) return cents(qualifyingAmount * (random.chance(0.6) ? 1 : random.between(1, 1.4)))
    const wanted = Math.max(qualifyingAmount * 0.3, habits.amountScale * random.logNormal(1, 0.35))
    if (!random.chance(habits.menuShare)) return cents(wanted)
    const nearest = topUps.reduce((best, step) => Math.abs(step * usualAmount - wanted) < Math.abs(best * usualAmount - wanted) ? step : best)
    return cents(nearest * usualAmount)
  }

  private spend(total: number, from: number, until: number, fundedBy: string): void {
    const { random, planner, account } = this
    const parts = 1 + random.below(4)
    const shares = Array.from({ length: parts }, () => random.exponential(1))
    const sum = shares.reduce((one, other) => one + other, 0)
    for (const share of shares) {
      const at = Math.floor(random.between(from + 60, Math.max(from + 3600, until)))
      if (at >= planner.endsAt) continue
      const item = random.pick(account.life.habits.items)
      this.transaction('spend', Math.max(0.01, cents((total * share) / sum)), at, { item: `item-${item + 1}`, funded_by: fundedBy })
    }
  }

  /** The sign-up credit and what becomes of it. */
  private credit(): void {
    const { account, planner, random } = this
    const amount = cents(planner.settings.qualifyingAmount * 0.5)
    const at = account.createdAt + 2 + random.below(8)
    this.transaction('recharge', amount, at, { funded_by: 'credit' })
    if (random.chance(0.7) && planner.parameters.hasSpend === 1) {
      this.spend(amount, at, at + random.logNormal(1.2, 1.6) * daySeconds, 'credit')
    }
  }

  private serverCalls(): void {
    const { account, planner, random } = this
    const { server, life } = account
    if (server === undefined || life.recharges === 0) return
    const count = 1 + random.below(4)
    for (let index = 0; index < count; index++) {
      const at = account.createdAt + (0.1 + random.float() * life.lifeDays) * daySeconds
      if (at < planner.endsAt) this.observe('ip', addressAt(server, 1, at, random), at, 'api', '')
    }
  }

  /** Some members enter where their money shall go long before they ask for it. */
  private payoutDetails(): void {
    const { account, planner, random } = this
    if (planner.parameters.hasPayoutObservation === 0 || !random.chance(account.life.recharges > 0 ? 0.6 : 0.1)) return
    const at = account.createdAt + random.exponential(20) * daySeconds
    if (at >= planner.endsAt) return
    const kind = account.payout.startsWith('ba_') ? 'payout:bank' : 'payout:wallet'
    this.observe(planner.parameters.hasBareKinds === 1 ? 'payout' : kind, account.payout, at, 'payment', '')
  }

  private transaction(type: string, amount: number, at: number, rest: Partial<TransactionRow>): string {
    const transaction_id = `t${this.random.hex(12)}`
    this.rows.transactions.push({
      transaction_id, account_id: this.account.id, type, amount, currency: this.planner.settings.currency,
      occurred_at: Math.floor(at), payment_instrument: '', refunds: '',
      funded_by: type === 'refund' || type === 'chargeback' || type === 'dispute_opened' ? '' : 'paid', item: '', ...rest,
    })
    return transaction_id
  }
}

function shown(instrument: Instrument, masked: boolean): string {
  return masked && instrument.kind === 'card' ? instrument.mask : instrument.fingerprint
}

function cents(amount: number): number {
  return Math.round(amount * 100) / 100
}
