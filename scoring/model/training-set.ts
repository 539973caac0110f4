// A population with what people found out about it: for fitting and evaluation only, never read by detection.
import type { Population } from '../population.ts'

export interface AccountLabels {
  /** 1: one of several of one operator, 0: not known to be, -1: not labelled. */
  readonly isAbuser: Int8Array
  /** Accounts with the same non-negative number have one operator; -1: not known. */
  readonly cluster: Int32Array
  /** Who says so, e.g. `report`; empty where not known. */
  readonly source?: readonly string[]
}

export interface ReferralLabels {
  /** 1: inviter and invitee are one operator, 0: they are not, -1: not labelled. */
  readonly isSelfInvite: Int8Array
  /** What kind of friend or of abuse, e.g. `household`; empty where not known. */
  readonly stratum: readonly string[]
}

export interface TrainingSet {
  readonly name: string
  /** SHA-256 of the folder's files, or of the parameters of a generated world, in hexadecimal. */
  readonly digest: string
  readonly population: Population
  readonly accountLabels?: AccountLabels
  readonly referralLabels?: ReferralLabels
}
