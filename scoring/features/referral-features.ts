// The features of the referral scorecard: does the inviter hold the invitee's account too? What both were seen with, when,
// how they behave, and how the inviter's other invitees look. Row by row over the referrals; linear in what a pair shares.
import type { FeatureMatrix, Monotone } from '../model/scorecard.ts'
import type { LinkingInput, NamedColumn } from './account-features.ts'
import { behaviourFeatures } from './behaviour-features.ts'
import { inviterFeatures } from './inviter-features.ts'
import { sharedFeatures } from './shared-features.ts'
import { timingFeatures } from './timing-features.ts'
import { useFeatures } from './use-features.ts'

/** What one group of features knows of a referral: the two accounts and the row. */
export interface ReferralSubject {
  readonly row: number
  readonly inviter: number
  readonly invitee: number
  /** Seconds since the epoch; NaN where unknown. */
  readonly at: number
}

export interface ReferralFeatureGroup {
  readonly features: readonly { readonly name: string; readonly monotone: Monotone }[]
  /** One value per feature, in order; NaN where unknown. */
  measure(subject: ReferralSubject): readonly number[]
}

/** Account features that are carried over to the referral, once for either side. */
const carried = ['strength_best', 'strength_second', 'neighbours', 'neighbours_alike', 'pair_bits_best', 'network_strength_best',
  'fit_both_best', 'twins_same_hour_log2', 'linked_strength_mean', 'group_50_accounts_log2']

export function referralColumns(input: LinkingInput, accountFeatures: readonly NamedColumn[]): NamedColumn[] {
  const { referrals } = input.population
  const groups = [sharedFeatures(input), useFeatures(input), timingFeatures(input), behaviourFeatures(input), inviterFeatures(input)]
  const columns = groups.map((group) => group.features.map((feature): NamedColumn => ({
    ...feature, values: new Float32Array(referrals.count),
  })))
  for (let row = 0; row < referrals.count; row++) {
    const subject = { row, inviter: referrals.inviter[row]!, invitee: referrals.invitee[row]!, at: referrals.at[row]! }
    groups.forEach((group, index) => {
      const values = group.measure(subject)
      const own = columns[index]!
      for (let column = 0; column < own.length; column++) own[column]!.values[row] = values[column]!
    })
  }
  const own = columns.flat()
  return [...own, ...tiedSiblingColumns(input.population, own), ...carriedColumns(input, accountFeatures)]
}

/**
 * The share of the inviter's other invitees that share strong identifiers with the inviter. It speaks only where this invitee
 * shares something too: whoever signs up through an honest inviter's link must not burn the inviter's friends.
 */
function tiedSiblingColumns({ referrals }: LinkingInput['population'], columns: readonly NamedColumn[]): NamedColumn[] {
  const valuesOf = (name: string) => columns.find((column) => column.name === name)!.values
  const bits = valuesOf('shared_total_bits')
  const siblingBits = valuesOf('sibling_bits_best')
  const tied = new Map<number, Map<number, boolean>>()
  for (let row = 0; row < referrals.count; row++) {
    if (referrals.inviter[row] === referrals.invitee[row]) continue
    const invitees = tied.get(referrals.inviter[row]!) ?? new Map<number, boolean>()
    invitees.set(referrals.invitee[row]!, bits[row]! >= tiedBitsMin)
    tied.set(referrals.inviter[row]!, invitees)
  }
  const share = new Float32Array(referrals.count)
  const total = new Float32Array(referrals.count)
  const counts = new Map([...tied].map(([inviter, invitees]) => [inviter, [...invitees.values()].filter(Boolean).length] as const))
  for (let row = 0; row < referrals.count; row++) {
    const invitees = tied.get(referrals.inviter[row]!)
    if (invitees === undefined || bits[row]! < ownBitsMin) continue
    const isTied = bits[row]! >= tiedBitsMin ? 1 : 0
    const others = Math.max(0, counts.get(referrals.inviter[row]!)! - isTied)
    total[row] = Math.log2(1 + others) * Math.min(1, bits[row]! / tiedBitsMin)
    share[row] = (others / Math.max(1, invitees.size - 1)) * Math.min(1, bits[row]! / tiedBitsMin)
  }
  const both = Float32Array.from(bits, (own, row) => (own >= ownBitsMin ? Math.min(own, siblingBits[row]!) : 0))
  return [
    { name: 'siblings_tied_log2', monotone: 1, values: total },
    { name: 'siblings_tied_share', monotone: 1, values: share },
    { name: 'shared_and_sibling_bits', monotone: 1, values: both },
  ]
}

/** Evidence from which an invitee counts as tied to the inviter, and from which ties of others may speak at all. */
const tiedBitsMin = 3
const ownBitsMin = 1

function carriedColumns({ population }: LinkingInput, accountFeatures: readonly NamedColumn[]): NamedColumn[] {
  return accountFeatures.filter((column) => carried.includes(column.name)).flatMap((column) =>
    (['invitee', 'inviter'] as const).map((side): NamedColumn => ({
      name: `${side}_${column.name}`,
      monotone: 0,
      values: Float32Array.from(population.referrals[side], (account) => column.values[account]!),
    })))
}

export function matrixOf(columns: readonly NamedColumn[], rows: number): FeatureMatrix {
  return { names: columns.map((column) => column.name), columns: columns.map((column) => column.values), rows }
}
