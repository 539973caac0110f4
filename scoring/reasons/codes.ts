// Which reason a feature speaks for, and how its value reads as a fact. Several features of one thing make one reason.

export interface FeatureReason {
  readonly code: string
  /** Name of the fact that the feature's value becomes. */
  readonly fact: string
  /** The value as people read it. */
  readonly value: (raw: number) => number
}

const plain = (raw: number) => Math.round(raw * 1000) / 1000
/** From log2 to the number itself. */
const power = (raw: number) => Math.round(2 ** raw * 100) / 100
const percent = (raw: number) => Math.round(raw * 1000) / 10

const table: readonly (readonly [pattern: RegExp, code: string, fact: string, value: (raw: number) => number])[] = [
  [/^shared_device_bits$/, 'device_shared', 'bits', plain],
  [/^shared_payment_bits$/, 'payment_shared', 'bits', plain],
  [/^shared_payout_bits$/, 'payout_shared', 'bits', plain],
  [/^shared_contact_bits$/, 'contact_shared', 'bits', plain],
  [/^shared_other_bits$/, 'other_identifier_shared', 'bits', plain],
  [/^shared_network_bits_with_link$/, 'ip_shared_with_link', 'bits', plain],
  [/^shared_network_bits_alone$/, 'ip_shared_alone', 'bits', plain],
  [/^shared_addresses_share_of_invitee$/, 'ip_overlap', 'share_percent', percent],
  [/^shared_addresses$/, 'ip_overlap', 'addresses', plain],
  [/^shared_address_accounts_log2$/, 'ip_overlap', 'accounts_on_address', power],
  [/^shared_used_by_inviter_before$/, 'identifier_used_before_invitation', 'by_inviter', plain],
  [/^shared_used_by_both_before$/, 'identifier_used_before_invitation', 'by_both', plain],
  [/^shared_first_by_invitee$/, 'identifier_used_before_invitation', 'first_by_invitee', plain],
  [/^shared_use_overlap_share$/, 'identifier_use_overlaps', 'share_percent', percent],
  [/^shared_identifier_accounts_log2$/, 'identifier_popularity', 'accounts', power],
  [/^shared_(?:install|cookie|fingerprint)_rarity$/, 'device_shared', 'rarity', plain],
  [/^shared_payment_rarity$/, 'payment_shared', 'rarity', plain],
  [/^shared_(?:contact|pattern)_rarity$/, 'contact_shared', 'rarity', plain],
  [/^shared_other_rarity$/, 'other_identifier_shared', 'rarity', plain],
  [/^shared_(?:address|network)_rarity$/, 'ip_overlap', 'rarity', plain],
  [/^device_use_shared/, 'device_use_shared', 'share_percent', percent],
  [/^device_signup_rarity$/, 'signup_on_shared_device', 'rarity', plain],
  [/^device_signup_gap/, 'signup_on_shared_device', 'days_since_inviter', power],
  [/^device_switch/, 'device_switched', 'value', power],
  [/^payment_(?:use|signup|switch)/, 'payment_use_shared', 'value', plain],
  [/^address_(?:use|signup|switch)/, 'ip_used_in_turn', 'value', plain],
  [/^invitee_own_(?:devices|payments)$/, 'invitee_has_own', 'value', plain],
  [/^device_shared_exclusive/, 'device_use_shared', 'rarity_times_share', plain],
  [/^payment_shared_exclusive/, 'payment_use_shared', 'rarity_times_share', plain],
  [/^shared_share_of_invitee$/, 'identifiers_in_common', 'share_percent', percent],
  [/^shared_/, 'identifiers_in_common', 'value', plain],
  [/^click_to_signup_minutes_log2$/, 'click_to_signup', 'minutes', power],
  [/^signup_to_referral_hours_log2$/, 'signup_to_referral', 'hours', power],
  [/^signup_to_recharge_hours_log2$/, 'signup_to_recharge', 'hours', power],
  [/^first_recharge_log2$/, 'recharge_size', 'times_usual', power],
  [/^recharges_log2$/, 'recharges', 'recharges_plus_one', power],
  [/^volume_log2$/, 'volume', 'times_usual', power],
  [/^spen[dt]_(?:share_)?log2$/, 'spending', 'times_usual', power],
  [/^(?:activity_log2|active_share_of_life|dormant_days_log2|age_days_log2)$/, 'activity', 'value', plain],
  [/^inviter_(?:volume_log2|recharges_log2|age_days_log2)$/, 'inviter_history', 'value', power],
  [/^reversals$/, 'reversals', 'reversals', plain],
  [/^same_hours_similarity$/, 'same_hours', 'similarity_percent', percent],
  [/^activity_(?:within|gap)/, 'activity_together', 'value', plain],
  [/^recharge_(?:amount|equal|distinct)/, 'same_amounts', 'value', plain],
  [/^recharge_cadence/, 'same_cadence', 'gap_octaves', plain],
  [/^item_similarity$/, 'same_items', 'similarity_percent', percent],
  [/^spend_amount/, 'same_amounts', 'spend_gap_octaves', plain],
  [/^inviter_spend_change/, 'usage_moved', 'inviter_spend_times', power],
  [/^usage_moved$/, 'usage_moved', 'share_percent', percent],
  [/^sibling_arrival|^siblings_same_day/, 'siblings_arrived_together', 'value', plain],
  [/^siblings_same_volume/, 'siblings_spend_alike', 'share_percent', percent],
  [/^siblings_log2$/, 'inviter_invites_many', 'others_plus_one', power],
  [/^siblings_tied_log2$/, 'siblings_tied', 'others_plus_one', power],
  [/^siblings_tied_share$/, 'siblings_tied', 'share_percent', percent],
  [/^sibling/, 'siblings_linked', 'value', plain],
  [/^inviter_/, 'inviter_linked', 'value', plain],
  [/^invitee_/, 'invitee_linked', 'value', plain],
  [/^disposable_email$/, 'disposable_email', 'yes', plain],
  [/^same_organisation$/, 'same_organisation', 'yes', plain],
  [/^mutual_invitation$/, 'mutual_invitation', 'yes', plain],
  [/^claimed_later$/, 'claimed_later', 'yes', plain],
  [/^group_\d+_arrival/, 'group_arrived_together', 'share_percent', percent],
  [/^group_\d+_volume/, 'group_spends_alike', 'value', plain],
  [/^group_/, 'group_linked', 'value', plain],
  [/^neighbours?_(?:arrival|same_6)/, 'linked_arrived_together', 'value', plain],
  [/^neighbours?_(?:volume|same_volume|alike)/, 'linked_spend_alike', 'value', plain],
  [/^(?:birth|linked_birth)_/, 'arrival_time', 'value', plain],
  [/^(?:volume_rank|volume_twins_log2)$/, 'volume', 'value', plain],
  [/^twins_/, 'twins', 'others_plus_one', power],
  [/^network_/, 'network_coherent', 'strength_percent', percent],
  [/^direct_/, 'direct_links', 'links', plain],
  [/^fit_/, 'identifiers_coherent', 'value', plain],
  [/^linked_/, 'linked_accounts_alike', 'value', plain],
  [/^(?:strength|pair_bits|neighbours|shared_identifiers)/, 'identifiers_coherent', 'value', plain],
]

const known = new Map<string, FeatureReason>()

/** Every feature has a reason: one without a rule of its own is reported under its own name. */
export function reasonOfFeature(name: string): FeatureReason {
  let reason = known.get(name)
  if (reason === undefined) {
    const rule = table.find(([pattern]) => pattern.test(name))
    reason = rule === undefined
      ? { code: name, fact: 'value', value: plain }
      : { code: rule[1], fact: rule[2] === 'value' || rule[2] === 'bits' ? name : rule[2], value: rule[3] }
    known.set(name, reason)
  }
  return reason
}
