// What a set of reason texts is: one sentence per code for analysts, saying what speaks for or against, and a handful of plain
// categories for members, which say what kind of thing was looked at and never what to change.

/** A sentence for each direction; `{fact}` is replaced by the fact of that name, rounded. */
export interface ReasonText {
  readonly for: string
  readonly against: string
  /** Where a sentence names a fact: what is said when that is not known. */
  readonly unmeasured?: string
}

/** All that a member is told: the kind of check, not the measurement. */
export type MemberCategory = 'shared_details' | 'use_of_program' | 'account_activity' | 'eligibility'

export interface ReasonTexts {
  readonly reasons: Readonly<Record<string, ReasonText>>
  /** For a code without a sentence of its own. */
  readonly unknown: ReasonText
  readonly member: Readonly<Record<MemberCategory, string>>
  /** Lists facts that the sentence does not name. */
  readonly factSeparator: string
}

/** Codes that are about what both accounts were seen with; the rest of the table is by prefix. */
export function memberCategory(code: string): MemberCategory {
  if (code === 'same_account' || code === 'same_organisation' || code === 'mutual_invitation') return 'eligibility'
  if (/^(?:device|payment|payout|contact|other_identifier|ip|identifier|signup_on|disposable)/.test(code)) return 'shared_details'
  if (/^(?:sibling|inviter|click|signup|claimed|invitee)/.test(code)) return 'use_of_program'
  return 'account_activity'
}
