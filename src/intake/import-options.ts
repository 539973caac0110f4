// What an import is told and what it tells: options, counts, and the reasons why it did not begin.

import type { IdentifierLists } from '../../scoring/identifiers/index.ts'
import type { Clock } from '../base/clock.ts'
import type { KeyRing } from '../base/keys.ts'
import type { FolderFact } from '../folders/facts.ts'
import type { ReadingSummary } from '../folders/read-facts.ts'
import type { Refusal, RefusalReason } from '../folders/refusals.ts'
import type { PreCreditCheck } from '../programs/index.ts'

/** The system whose ids these are, where none is named. */
export const SOURCE_DEFAULT = 'host'

export type RefuseRow = (fact: FolderFact, column: string, reason: RefusalReason) => void

export interface Accrual {
  /** Events from this time on earn. Seconds since 1970. */
  readonly from: number
  /** Asked before each rebate is credited. */
  readonly check: PreCreditCheck
}

export interface ImportOptions {
  readonly keys: KeyRing
  readonly clock: Clock
  readonly actorId: bigint
  /** Key of the programme that rows without one belong to; it is made, in mode observe, if it is not there. */
  readonly program: string
  /** Name of the system that owns the rows: its ids are unique within it. */
  readonly source?: string | undefined
  /** Asset of programmes that are made by the import; default: what most of the folder's money is counted in. */
  readonly asset?: string | undefined
  /** Makes events earn rebates; without it the import posts none. */
  readonly accrual?: Accrual | undefined
  /** Rows with a later time are refused. Seconds since 1970. */
  readonly asOf?: number | undefined
  readonly isStrict?: boolean | undefined
  readonly lists?: IdentifierLists | undefined
  /** Rows per transaction. */
  readonly chunkRows?: number | undefined
  readonly onRefusal?: ((refusal: Refusal) => void) | undefined
  readonly onProgress?: ((stage: string, done: number, total: number) => void) | undefined
}

export interface ImportCounts {
  /** Referrals that are facts alone, by the reason why the books do not pay on them. */
  readonly notPayable: Record<'self_referral' | 'second_inviter' | 'cycle', number>
  /** Clicks whose invite code belongs to no account of the programme: they are not kept. */
  clicksWithoutCode: number
  /** Invite codes that another account of the programme has already. */
  codesTaken: number
  rebatesWithoutReferral: number
  openings: number
  /** Rebates that the folder's events have earned now. */
  accrued: number
}

export interface ImportSummary {
  readonly reading: ReadingSummary
  readonly counts: ImportCounts
}

export type ImportResult =
  | { readonly ok: true; readonly summary: ImportSummary }
  | { readonly ok: false; readonly refusal: Refusal; readonly summary: ImportSummary | null }

export function emptyCounts(): ImportCounts {
  return {
    notPayable: { self_referral: 0, second_inviter: 0, cycle: 0 },
    clicksWithoutCode: 0, codesTaken: 0, rebatesWithoutReferral: 0, openings: 0, accrued: 0,
  }
}
