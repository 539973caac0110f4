// What must not change when a database is carried on: sums of the books and counts of what was done, as text to compare.

import type pg from 'pg'

const SUMS: Readonly<Record<string, string>> = {
  balances: `select concat_ws(' ', b.account_id, b.kind, b.asset, sum(b.balance)) as line from book_account b group by b.account_id, b.kind, b.asset having sum(b.balance) <> 0`,
  rebates: `select concat_ws(' ', r.id, r.account_id, r.base, r.rate_ppm, r.amount, r.asset) as line from rebate r`,
  transfers: `select concat_ws(' ', kind, count(*)) as line from transfer group by kind`,
  holds: `select concat_ws(' ', id, reason, ended_as) as line from hold`,
  referrals: `select concat_ws(' ', id, inviter_id, invitee_id, state) as line from referral`,
  decisions: `select concat_ws(' ', id, plan_id, reason, undoes_id) as line from decision`,
  rings: `select concat_ws(' ', id, state) as line from ring`,
}

export async function sumsOf(pool: pg.Pool): Promise<Record<string, string[]>> {
  const sums: Record<string, string[]> = {}
  for (const [name, query] of Object.entries(SUMS)) {
    const { rows } = await pool.query<{ line: string }>(`select line from (${query}) as lines order by line collate "C"`)
    sums[name] = rows.map(({ line }) => line)
  }
  return sums
}
