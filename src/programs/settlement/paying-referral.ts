// The relation by which an account's money may earn its inviter something, and when it does.

/** Who invited whom, and from when on or until when that counts. */
export interface Relation {
  readonly id: bigint
  readonly programId: bigint
  readonly inviterId: bigint
  readonly inviteeId: bigint
  readonly state: string
  readonly occurredAt: Date
  readonly effectiveAt: Date
}

export interface PayingReferral extends Relation {
  /** What was seen of the followed link; null where none was. */
  readonly click: { readonly adParameters: readonly string[]; readonly refererHost: string | null } | null
}

/** An active relation earns from its effective time on; a suspended or cancelled one earned until then. */
export function earnsAt(referral: Relation, occurredAt: Date): boolean {
  if (occurredAt < referral.occurredAt) return false
  return referral.state === 'active' ? occurredAt >= referral.effectiveAt : occurredAt < referral.effectiveAt
}
