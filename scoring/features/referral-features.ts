// The features of the referral scorecard: does the inviter hold the invitee's account too? What both were seen with, when,
// how they behave, and how the inviter's other invitees look. Row by row over the referrals; linear in what a pair shares.
import type { FeatureMatrix, Monotone } from '../model/scorecard.ts'
import type { LinkingInput, NamedColumn } from './account-features.ts'
import { behaviourFeatures } from './behaviour-features.ts'
import { inviterFeatures } from './inviter-features.ts'
import { sharedFeatures } from './shared-features.ts'
import { timingFeatures } from './timing-features.ts'

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
const carried = ['strength_best', 'strength_second', 'neighbours', 'neighbours_alike', 'linked_strength_mean']

export function referralColumns(input: LinkingInput, accountFeatures: readonly NamedColumn[]): NamedColumn[] {
  const { referrals } = input.population
  const groups = [sharedFeatures(input), timingFeatures(input), behaviourFeatures(input), inviterFeatures(input)]
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
  return [...columns.flat(), ...carriedColumns(input, accountFeatures)]
}

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
