// What rebates can still cost, valued in their programme's own asset: the one SQL for scans, cases and rings, so that all say the same.
// Promises: rebates that are neither reversed, reclaimed, spent nor paid out, in every asset; one without a valuation in the version in
// force has the value null. Estimates to rank by: what is booked is never converted.

/** The parts that a query fills in: SQL of this project's own, never of a caller's. */
interface AtStakeQuery {
  /** A time: the version in force then values; before the first version, the first. */
  readonly at: string
  /** Which rebates `r`, with their positions `p`. */
  readonly of: string
}

/** Rows (referral_id, program_id, asset, amount, valued_in, value), amounts in smallest units; one row per relation, programme and asset. */
export function rebatesAtStake({ at, of }: AtStakeQuery): string {
  return `(
    SELECT held.referral_id, held.program_id, held.asset, held.amount, version.asset AS valued_in,
           CASE WHEN held.asset = version.asset THEN held.amount
                ELSE round(held.amount * (version.valuation ->> held.asset)::numeric * power(10::numeric, own.exponent - other.exponent))::bigint END AS value
      FROM (SELECT r.referral_id, r.program_id, r.asset, sum(p.amount)::bigint AS amount
              FROM rebate r JOIN position p ON p.rebate_id = r.id AND p.amount > 0 JOIN book_account b ON b.id = p.book_account_id
                AND b.kind IN ('reward_pending', 'reward_held', 'reward_available', 'main_reward', 'main_bonus', 'main_held')
              WHERE r.referral_id IS NOT NULL AND ${of} GROUP BY r.referral_id, r.program_id, r.asset) AS held
      JOIN (SELECT DISTINCT ON (rules.program_id) rules.program_id, rules.rules ->> 'asset' AS asset, rules.rules -> 'valuation' AS valuation FROM program_version rules
              ORDER BY rules.program_id, rules.effective_from <= ${at} DESC, CASE WHEN rules.effective_from <= ${at} THEN rules.effective_from END DESC, rules.effective_from) AS version
        ON version.program_id = held.program_id
      JOIN asset own ON own.code = version.asset JOIN asset other ON other.code = held.asset)`
}
