// What must hold between events and what followed from them beyond a rebate: spending that was given back, and questions with their answers.

import type { BookRule } from './verifier.ts'

export const ACCRUAL_RULES: readonly BookRule[] = [
  {
    name: 'spending_returned',
    sentence: 'Spending took no more than was spent, and no more was given back of it than it took.',
    query: `
      select 'event ' || id as place, case when taken > amount then 'it took more than was spent' else 'more was given back of it than it took' end as found from (
        select v.id, v.amount,
          (select coalesce(sum(e.amount), 0) from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id and b.kind = 'host_clearing'
            where t.event_id = v.id and t.kind = 'spend') as taken,
          (select coalesce(-sum(e.amount), 0) from event r join transfer t on t.event_id = r.id and t.kind = 'refund' join entry e on e.transfer_id = t.id
            join book_account b on b.id = e.book_account_id and b.kind = 'host_clearing' where r.original_key = v.natural_key) as returned
          from event v where v.type = 'spend'
      ) as spent where taken > amount or returned > taken order by id limit 1`,
  },
  {
    name: 'questions',
    sentence: 'What is still to be asked, and what a person said earns nothing, earned nothing; an answer fits its question.',
    query: `
      select 'accrual_question ' || id as place, found from (
        select q.id, case
            when q.answer is null and r.id is not null then 'it is open although its event earned in its programme'
            when q.answer->>'kind' = 'nothing' and r.id is not null then 'its event earned although a person said that it earns nothing'
            when q.answer->>'kind' not in ('nothing', case when q.reason = 'conversion_missing' then 'conversion' else 'period' end) then 'its answer is to another question'
            when f.program_id <> q.program_id or f.invitee_id <> v.account_id then 'its relation is not of its event' end as found
          from accrual_question q join event v on v.id = q.event_id join referral f on f.id = q.referral_id
          left join rebate r on r.event_id = q.event_id and r.program_id = q.program_id and r.kind = 'rebate'
      ) as broken where found is not null order by id limit 1`,
  },
]
