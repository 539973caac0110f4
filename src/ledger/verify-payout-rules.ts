// What must hold between the books and payouts: what is in transit belongs to an open payout, what ended was posted, nobody is paid twice,
// two persons decided where two are needed, and debts that were given up have their posting.

import type { BookRule } from './verifier.ts'

export const PAYOUT_RULES: readonly BookRule[] = [
  {
    name: 'payouts_in_transit',
    sentence: 'What lies in transit for a payout is its whole amount until it ends, and nothing afterwards.',
    query: `
      select 'payout ' || id as place, found from (
        select p.id, 'it is ' || p.state || ' over ' || p.gross || ', and ' || coalesce(sum(e.amount), 0) || ' of it lie in transit' as found
          from payout p left join payout_event v on v.payout_id = p.id and v.transfer_id is not null
          left join (entry e join book_account b on b.id = e.book_account_id and b.kind = 'payout_in_transit' and b.account_id is not null) on e.transfer_id = v.transfer_id and e.asset = p.asset and b.account_id = p.account_id
          group by p.id having coalesce(sum(e.amount), 0) <> case when p.state in ('requested', 'approved', 'in_transit') then p.gross else 0 end
      ) as broken order by id limit 1`,
  },
  {
    name: 'payouts_paid',
    sentence: 'A payout that is paid left the platform once: its net amount, what was withheld and the fee; one that is not paid left nothing.',
    query: `
      select 'payout ' || id as place, found from (
        select p.id, 'it is ' || p.state || ' with net ' || p.gross - p.withheld - p.fee || ', withheld ' || p.withheld || ', fee ' || p.fee || '; posted are '
            || coalesce(sum(e.amount) filter (where b.kind = 'cash_clearing'), 0) || ', ' || coalesce(sum(e.amount) filter (where b.kind = 'withholding_payable'), 0) || ' and '
            || coalesce(sum(e.amount) filter (where b.kind = 'payout_fees'), 0) as found
          from payout p left join payout_event v on v.payout_id = p.id and v.transfer_id is not null
          left join (entry e join book_account b on b.id = e.book_account_id and b.account_id is null) on e.transfer_id = v.transfer_id
          group by p.id having coalesce(sum(e.amount) filter (where b.kind = 'cash_clearing'), 0) <> case when p.state = 'paid' then p.gross - p.withheld - p.fee else 0 end
            or coalesce(sum(e.amount) filter (where b.kind = 'withholding_payable'), 0) <> case when p.state = 'paid' then p.withheld else 0 end
            or coalesce(sum(e.amount) filter (where b.kind = 'payout_fees'), 0) <> case when p.state = 'paid' then p.fee else 0 end
      ) as broken order by id limit 1`,
  },
  {
    name: 'payout_transfers',
    sentence: 'Every transfer of a payout belongs to one step of one payout.',
    query: `
      select 'transfer ' || t.id as place, 'no step of a payout names it' as found from transfer t
        where t.kind in ('payout', 'payout_paid', 'payout_failed', 'payout_returned') and not exists (select 1 from payout_event v where v.transfer_id = t.id) order by t.id limit 1`,
  },
  {
    name: 'payout_steps',
    sentence: 'The newest step of every payout is its state, and two persons decided where two are needed.',
    query: `
      select place, found from (
        select 1 as rank, p.id, 'payout ' || p.id as place, 'its newest step is ' || coalesce(last.state, 'missing') || ', its state ' || p.state as found
          from payout p left join lateral (select v.state from payout_event v where v.payout_id = p.id and v.is_applied and v.state is not null order by v.id desc limit 1) as last on true
          where last.state is distinct from p.state
        union all
        select 2, p.id, 'payout ' || p.id, 'it went on without another person than the requester' from payout p left join actor a on a.id = p.approved_by
          where p.state not in ('requested', 'cancelled') and (p.needs_approval or p.approved_by is not null) and (a.id is null or a.kind <> 'person' or p.approved_by = p.requested_by)
        union all
        select 3, b.id, 'payout_batch ' || b.id, 'it was not released by another person than its maker' from payout_batch b left join actor a on a.id = b.released_by
          where b.state = 'released' and (a.id is null or a.kind <> 'person' or b.released_by = b.made_by)
      ) as broken order by rank, id limit 1`,
  },
  {
    name: 'write_offs',
    sentence: 'Every debt that was given up was posted with its amount, by two persons, and one that was restored was posted back.',
    query: `
      select 'write_off ' || id as place, found from (
        select w.id, case
            when w.transfer_id is not null and w.amount <> coalesce((select sum(e.amount) from entry e join book_account b on b.id = e.book_account_id
              where e.transfer_id = w.transfer_id and e.rebate_id = w.rebate_id and b.kind = 'debt'), 0) then 'its transfer gave up another amount'
            when w.restored_by is not null and w.amount <> coalesce((select -sum(e.amount) from entry e join book_account b on b.id = e.book_account_id
              where e.transfer_id = w.restored_by and e.rebate_id = w.rebate_id and b.kind = 'debt'), 0) then 'its transfer back restored another amount'
            when w.transfer_id is not null and (w.approved_by is null or w.approved_by = w.proposed_by) then 'one person gave it up alone' end as found
          from write_off w
      ) as broken where found is not null order by id limit 1`,
  },
]
