// The sweep: what became available by the clock, a release or an undo, and moves by itself, is moved.
// Promises: safe to repeat and to run twice at once; one member's failure keeps no other from moving.

import { defineJob, type Job } from '../../base/jobs.ts'
import type { PreCreditCheck } from '../../checks/index.ts'
import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import { moveAutomatically } from './move-reward.ts'
import type { Recorder } from '../recorder.ts'

const MEMBERS_AT_ONCE = 500
const SWEEP_SECONDS = 60

/** Returns how many members had something that moves by itself; those that a check or a restriction stops are looked at again. */
export async function sweepRewards({ database, clock, actorId, check }: Pick<Recorder, 'database' | 'clock' | 'actorId' | 'check'>): Promise<number> {
  let [after, members] = [0n, 0]
  for (;;) {
    const found = await candidates({ database }, after)
    for (const { account_id: accountId, program_id: programId } of found) {
      await database.inTransaction((transaction) => moveAutomatically(transaction, { actorId, now: clock.now(), check }, [{ programId, accountId }]))
    }
    members += found.length
    const last = found.at(-1)
    if (last === undefined || found.length < MEMBERS_AT_ONCE) return members
    after = last.account_id
  }
}

/** Whole accounts, so that the next page starts after the last one. */
async function candidates({ database }: Pick<Recorder, 'database'>, after: bigint): Promise<{ account_id: bigint; program_id: bigint }[]> {
  return database.inTransaction((transaction) => transaction.$queryRaw<{ account_id: bigint; program_id: bigint }[]>`
    select distinct b.account_id, r.program_id
      from book_account b
      join position p on p.book_account_id = b.id and p.amount <> 0
      join rebate r on r.id = p.rebate_id
      join program_version v on v.id = r.program_version_id
      left join lateral (select t->'movement'->>'rewardTransfer' as movement from jsonb_array_elements(coalesce(v.rules->'tracks', '[]')) as t where t->>'key' = r.track) as track on true
      where b.kind = 'reward_available' and b.account_id > ${after}
        and (r.kind in ('signup_credit', 'grant') or coalesce(track.movement, v.rules->'movement'->>'rewardTransfer') = 'automatic')
        and not exists (select 1 from account_restriction s where s.account_id = b.account_id and s.kind = 'no_transfer' and s.ended_at is null)
        and not coalesce((select l.confirmed_amount < l.amount from host_instruction_line l join host_instruction i on i.id = l.instruction_id
              where l.rebate_id = r.id and i.kind in ('credit', 'grant_days') order by i.id desc limit 1), false)
      order by 1, 2 fetch first ${MEMBERS_AT_ONCE} rows with ties`)
}

export function sweepJob(check: PreCreditCheck): Job {
  return defineJob({ name: 'sweep_rewards', everySeconds: SWEEP_SECONDS, run: async ({ database, clock }) => void await sweepRewards({ database, clock, actorId: SYSTEM_ACTOR_ID, check }) })
}
