// Clicks that led to no sign-up go after a time, and stay as counts per code and day: floods do not grow the tables without bound.
// Promises: the sum of clicks and counts of a code never changes; a click that a relation names stays.

import type { Clock } from '../../base/clock.ts'
import type { Database } from '../../base/database.ts'

/** Days after which a click can bind no more, and goes. */
export const CLICKS_KEPT_DAYS = 90
const AT_ONCE = 5_000

/** Returns how many went; safe to run at any time and twice at once. */
export async function forgetClicks({ database, clock }: { database: Pick<Database, 'inTransaction'>; clock: Clock }): Promise<number> {
  const before = new Date(clock.now().getTime() - CLICKS_KEPT_DAYS * 86_400_000)
  let forgotten = 0
  for (;;) {
    const gone = await database.inTransaction(async (transaction) => {
      // Two that count the same day at once would wait for each other in any order: one after the other is simpler.
      await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended('forget clicks', 0))`
      const [row] = await transaction.$queryRaw<{ gone: number }[]>`
        with gone as (
          delete from click where id in (
            select c.id from click c where c.recorded_at < ${before}
              and not exists (select 1 from referral r where r.click_id = c.id) and not exists (select 1 from referral_fact f where f.click_id = c.id)
              order by c.recorded_at limit ${AT_ONCE})
          returning code_id, recorded_at, is_bot
        ), counted as (
          insert into click_day (code_id, day, clicks, bots)
            select code_id, (recorded_at at time zone 'UTC')::date, count(*) filter (where not is_bot), count(*) filter (where is_bot) from gone group by 1, 2
            on conflict (code_id, day) do update set clicks = click_day.clicks + excluded.clicks, bots = click_day.bots + excluded.bots
        )
        select count(*)::int as gone from gone`
      return row?.gone ?? 0
    })
    forgotten += gone
    if (gone < AT_ONCE) return forgotten
  }
}
