// One English sentence per reason code, safe to show to an analyst: counts and kinds, never a value.

const TEXTS: Readonly<Record<string, string>> = {
  stored_verdict: 'The last scan gave this referral its probability.',
  never_scored: 'No scan has scored this referral yet; only what it shares now was weighed.',
  not_yet_seen: 'Nothing is known of this account yet.',
  all_stop: 'All crediting of this program is stopped.',
  restricted: 'A reviewer has restricted this account.',
  degraded: 'The check could not see everything it needs.',
  same_account: 'Inviter and invitee are the same account.',
  device_shared: 'Both were seen on one device.',
  payment_shared: 'Both paid with one instrument.',
  payout_shared: 'Both are paid to one destination.',
  contact_shared: 'Both have one e-mail address or phone number.',
  other_identifier_shared: 'Both were seen with one identifier of another kind.',
  ip_shared_with_link: 'Both use one network, besides a stronger link.',
  ip_shared_alone: 'Both use one network, and nothing stronger links them.',
  ip_overlap: 'Their addresses overlap.',
  identifiers_in_common: 'They have several identifiers in common.',
  identifier_popularity: 'How many accounts share the identifier.',
  siblings_linked: 'The invitee shares identifiers with others whom the inviter brought.',
}

export function reasonText(code: string): string {
  return TEXTS[code] ?? `${code.slice(0, 1).toUpperCase()}${code.slice(1).replaceAll('_', ' ')}.`
}
