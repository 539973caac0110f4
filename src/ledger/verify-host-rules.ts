// What must hold between the books and the instructions to hosts: what is in transit has its instruction, and how one ended has its transfer.

import type { BookRule } from './verifier.ts'

export const HOST_RULES: readonly BookRule[] = [
  {
    name: 'host_in_transit',
    sentence: 'Per rebate, the money on its way to the host is the sum of the instructions that the host has not answered.',
    query: `
      select 'rebate ' || rebate_id as place, coalesce(books.amount, 0) || ' are in transit to the host, open instructions give ' || coalesce(told.amount, 0) as found from (
        select e.rebate_id, sum(e.amount) as amount from book_account b join entry e on e.book_account_id = b.id join transfer t on t.id = e.transfer_id
          where b.kind = 'payout_in_transit' and t.kind in ('reward_transfer', 'recovery', 'undo', 'host_confirmed', 'host_refused') group by 1
      ) as books full join (
        select l.rebate_id, sum(l.amount) as amount from host_instruction i join host_instruction_line l on l.instruction_id = i.id
          where i.state = 'in_transit' and i.kind in ('credit', 'grant_days') group by 1
      ) as told using (rebate_id)
      where coalesce(books.amount, 0) <> coalesce(told.amount, 0) order by rebate_id limit 1`,
  },
  {
    name: 'host_instructions',
    sentence: 'Every instruction is the sum of its lines, of its own member, programme and asset, and what it gives or takes back was posted by its transfer.',
    query: `
      select 'host_instruction ' || id as place, found from (
        select i.id, case
            when count(l.rebate_id) = 0 or i.amount <> sum(l.amount) then 'its lines sum to ' || coalesce(sum(l.amount), 0)
            when bool_or(r.account_id <> i.account_id or r.program_id <> i.program_id or r.asset <> i.asset) then 'a line of it is of another member, programme or asset'
            when i.kind in ('credit', 'grant_days') and (i.kind = 'grant_days') <> (a.kind = 'days') then 'its kind does not fit its asset'
            when i.kind in ('credit', 'grant_days') and bool_or(l.amount <> coalesce(posted.in_transit, 0)) then 'its transfer put another amount in transit'
            when i.kind = 'reclaim' and bool_or(l.amount > coalesce(posted.owed, 0)) then 'it asks back more than its transfer made owed' end as found
          from host_instruction i left join host_instruction_line l on l.instruction_id = i.id left join rebate r on r.id = l.rebate_id left join asset a on a.code = i.asset
          left join lateral (
            select sum(e.amount) filter (where b.kind = 'payout_in_transit') as in_transit, -sum(e.amount) filter (where b.kind = 'debt') as owed
              from entry e join book_account b on b.id = e.book_account_id where e.transfer_id = i.transfer_id and e.rebate_id = l.rebate_id) as posted on true
          group by i.id, a.kind
      ) as broken where found is not null order by id limit 1`,
  },
  {
    name: 'host_answers',
    sentence: 'Every answered instruction has the transfer that ended it, rebate by rebate what the host confirmed; one that moved nothing has none.',
    query: `
      select 'host_instruction ' || id as place, found from (
        select i.id, case
            when i.state = 'in_transit' and (i.ended_transfer_id is not null or count(l.confirmed_amount) > 0) then 'it has an end although it was not answered'
            when i.state = 'in_transit' then null
            when i.ended_at is null or i.ended_actor_id is null then 'it does not say when and by whom it was answered'
            when i.confirmed_amount is distinct from sum(l.confirmed_amount) then 'its lines confirm ' || coalesce(sum(l.confirmed_amount)::text, 'nothing')
            when (i.kind in ('credit', 'grant_days') or (i.kind = 'reclaim' and i.confirmed_amount > 0)) <> (i.ended_transfer_id is not null) then 'its transfer is missing, or it moved nothing and has one'
            when i.kind in ('credit', 'grant_days') and bool_or(coalesce(posted.in_transit, 0) <> -l.amount or coalesce(posted.cleared, 0) <> l.confirmed_amount) then 'its transfer does not clear what the host confirmed'
            when i.kind = 'reclaim' and bool_or(coalesce(posted.cleared, 0) <> -l.confirmed_amount) then 'its transfer does not take back what the host confirmed' end as found
          from host_instruction i left join host_instruction_line l on l.instruction_id = i.id
          left join lateral (
            select sum(e.amount) filter (where b.kind = 'payout_in_transit') as in_transit, sum(e.amount) filter (where b.kind = 'host_clearing') as cleared
              from entry e join book_account b on b.id = e.book_account_id where e.transfer_id = i.ended_transfer_id and e.rebate_id = l.rebate_id) as posted on true
          group by i.id
      ) as broken where found is not null order by id limit 1`,
  },
]
