// The parameters of a world: one number each, with the range from which a varied world draws it and where the range comes from.
// A varied world promises that no parameter is safe to rely on; a plain world keeps the numbers of its file.
import type { Random } from './random.ts'

interface Definition {
  readonly low: number
  readonly high: number
  readonly scale: 'linear' | 'log' | 'flag'
  readonly source: string
}

const assumed = 'assumption'

function linear(low: number, high: number, source = assumed): Definition {
  return { low, high, scale: 'linear', source }
}

function logarithmic(low: number, high: number, source = assumed): Definition {
  return { low, high, scale: 'log', source }
}

/** A yes or no: `probability` is the chance of yes in a varied world. */
function flag(probability: number, source = assumed): Definition {
  return { low: 0, high: probability, scale: 'flag', source }
}

const definitions = {
  days: linear(365, 540),
  referredShare: linear(0.2, 0.65),
  prevalence: linear(0.015, 0.05),
  launchShare: linear(0, 0.3),
  accountsPerCity: logarithmic(400, 4000),

  mobileWeight: logarithmic(0.1, 3),
  homeWeight: logarithmic(0.4, 2),
  workWeight: logarithmic(0.1, 1.2),
  cafeWeight: logarithmic(0.01, 0.2),
  vpnShare: logarithmic(0.02, 0.3),
  relayShare: linear(0, 0.25),
  campusShare: linear(0, 0.5),
  accountsPerCarrierAddress: logarithmic(15, 800, 'one address may serve hundreds of users (Cloudflare, 2025)'),
  leaseDays: logarithmic(1, 1500),
  homePoolFactor: logarithmic(1.5, 40),
  ipv6Share: linear(0, 0.6),
  apiShare: linear(0, 0.3),

  phoneShare: linear(0.15, 0.95),
  iphoneShare: linear(0.1, 0.65),
  appShare: linear(0, 0.95),
  secondDeviceShare: linear(0.1, 0.6, 'two devices per user in the median (public marketplace tables)'),
  fingerprintEntropy: logarithmic(0.2, 30, '83 to 94 % of browsers unique (Panopticlick, 2010); phones of one model alike'),
  driftDays: logarithmic(40, 1500),
  cookieDays: logarithmic(25, 1500),
  secondHandShare: linear(0, 0.04),

  householdCardShare: linear(0.08, 0.3),
  householdDeviceShare: linear(0.05, 0.3),
  corporateCardShare: linear(0.02, 0.25),
  virtualCardShare: linear(0, 0.25),
  borrowedCardScale: linear(0.3, 1.6, '95 / 4.2 / .6 / .13 % of bank instruments with 1 / 2 / 3 / 4 users (public marketplace tables)'),
  helpedSignupShare: linear(0.003, 0.04),
  visitShare: linear(0.02, 0.15),

  engagedShare: linear(0.35, 0.95),
  promoShare: linear(0.15, 0.5),
  sessionsMedian: logarithmic(2.5, 14),
  rechargesMedian: logarithmic(1.3, 4),
  amountSigma: linear(0.5, 1.1),
  refundShare: linear(0, 0.03),
  disputeShare: linear(0, 0.006),

  zealTail: logarithmic(0.5, 5),

  friend: logarithmic(2, 10),
  household: logarithmic(0.5, 2.5),
  campus: logarithmic(0.1, 4),
  office: logarithmic(0.1, 1.5),
  cafe: logarithmic(0.05, 0.6),
  influencer: logarithmic(0.3, 3),
  reseller: logarithmic(0.05, 0.5),
  secondHand: logarithmic(0.02, 0.2),
  kiosk: logarithmic(0.02, 0.2),
  corporateCard: logarithmic(0.03, 0.35),
  collision: logarithmic(0.03, 0.4),
  carrier: logarithmic(0.1, 2),
  vpn: logarithmic(0.05, 0.8),
  launch: logarithmic(0.05, 1),

  lazy: linear(0.1, 0.3),
  medium: linear(0.15, 0.35),
  careful: linear(0.12, 0.35),
  expert: linear(0.06, 0.13, 'about one self-invitation in ten shares nothing'),
  sleeper: linear(0.05, 0.16),
  camouflage: linear(0.06, 0.2),
  farm: linear(-0.05, 0.08),
  laundering: linear(-0.05, 0.05),
  hubPusher: linear(-0.05, 0.05),
  creditBot: linear(-0.05, 0.07),
  framedShare: linear(-0.04, 0.15),

  ringTail: linear(0.9, 1.8),
  deviceSharing: linear(0.8, 1.1),
  instrumentSharing: linear(0.75, 1.15),
  payoutSharing: linear(0.5, 1.1),
  placeSharing: linear(0.5, 1.1),
  sittingShare: linear(0.2, 1.3),
  activeMainShare: linear(0.8, 1),
  slipShare: linear(0.05, 0.4),
  identifierBudget: logarithmic(0.3, 4),
  resemblance: linear(0.5, 1),
  usageMovedShare: linear(0.1, 0.7),
  burstShare: linear(0.1, 0.7),

  observationLoss: linear(0, 0.15),
  noDeviceShare: linear(0, 0.12),
  observesEachDay: flag(0.5),
  observesOnce: flag(0.25),
  hasInstall: flag(0.75),
  hasCookie: flag(0.75),
  hasFingerprint: flag(0.8),
  hasDevice: flag(0.97),
  hasBareKinds: flag(0.3),
  hasUserAgent: flag(0.75),
  hasContext: flag(0.85),
  hasObservedAt: flag(0.93),
  hasPaymentObservation: flag(0.6),
  hasPaymentColumn: flag(0.65),
  hasMaskedOnly: flag(0.08),
  hasEmail: flag(0.6),
  hasPhone: flag(0.35),
  hasOrganisation: flag(0.25),
  hasPayouts: flag(0.5),
  hasPayoutObservation: flag(0.3),
  hasRebates: flag(0.75),
  callsRechargePayment: flag(0.2),
  hasSpend: flag(0.85),
  hasClicks: flag(0.5),
  hasCredit: flag(0.4),
} as const satisfies { readonly [name: string]: Definition }

export type ParameterName = keyof typeof definitions
export type Parameters = { readonly [name in ParameterName]: number }

export const parameterDefinitions: { readonly [name in ParameterName]: Definition } = definitions

export interface WorldSettings {
  readonly name: string
  /** For its card: what kind of market this is. */
  readonly description: string
  readonly country: string
  readonly phonePrefix: string
  readonly zoneMinutes: number
  readonly currency: string
  /** First day of the programme, seconds since the epoch. */
  readonly startsAt: number
  /** The usual top-up in units of the currency, and the least that qualifies for a rebate. */
  readonly usualAmount: number
  readonly qualifyingAmount: number
  readonly holdDays: number
  readonly rebateRate: number
  readonly parameters: Parameters
}

/** Why a third stays: a varied world remains a relative of its base, and the combination is still new. */
const keptShare = 1 / 3

/** Settings with every parameter drawn anew from its range, or kept from the base with a chance of one third. */
export function varySettings(base: WorldSettings, random: Random): WorldSettings {
  const drawn: { [name: string]: number } = {}
  for (const [name, definition] of Object.entries(definitions) as [ParameterName, Definition][]) {
    const value = drawParameter(definition, random)
    drawn[name] = random.chance(keptShare) ? base.parameters[name] : value
  }
  const parameters = drawn as Parameters
  // Why: a platform that only knows installs, and has no app to speak of, would know no device at all.
  const knowsDevices = parameters.hasCookie + parameters.hasFingerprint > 0
    || (parameters.hasInstall === 1 && parameters.appShare * parameters.phoneShare > 0.4)
  return {
    ...base,
    startsAt: base.startsAt + Math.floor(random.between(-300, 300)) * 86_400,
    holdDays: Math.floor(random.between(0, 45)),
    usualAmount: roundAmount(base.usualAmount * random.betweenLog(0.4, 2.5)),
    qualifyingAmount: roundAmount(base.qualifyingAmount * random.betweenLog(0.4, 2.5)),
    rebateRate: random.pick([0.03, 0.05, 0.05, 0.1]),
    parameters: {
      ...parameters,
      hasFingerprint: knowsDevices ? parameters.hasFingerprint : 1,
      hasPaymentColumn: parameters.hasPaymentObservation === 1 ? parameters.hasPaymentColumn : 1,
    },
  }
}

/** Prices are round: one significant digit, or two with a five. */
function roundAmount(amount: number): number {
  const step = Math.pow(10, Math.floor(Math.log10(amount))) / 2
  return Math.max(1, Math.round(amount / step) * step)
}

function drawParameter(definition: Definition, random: Random): number {
  if (definition.scale === 'flag') return random.chance(definition.high) ? 1 : 0
  if (definition.scale === 'log') return random.betweenLog(definition.low, definition.high)
  return Math.max(0, random.between(definition.low, definition.high))
}
