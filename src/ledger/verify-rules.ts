// What must hold in the books, rule by rule, each as a query for the first row that breaks it. Recomputed from entries, not from balances.
// Every query gives the columns place (table and id) and found (what is wrong there), ordered so that the first row is the earliest.

import type { BookRule } from './verifier.ts'

export type { BookRule }

export const ENTRY_RULES: readonly BookRule[] = [
  {
    name: 'references',
    sentence: 'Every entry, position, hold and rebate refers to rows that exist.',
    query: `
      select place, found from (
        select 1 as rank, e.id, 'entry ' || e.id as place, 'its transfer, book account or rebate is missing' as found from entry e
          where not exists (select 1 from transfer t where t.id = e.transfer_id) or not exists (select 1 from book_account b where b.id = e.book_account_id)
            or (e.rebate_id is not null and not exists (select 1 from rebate r where r.id = e.rebate_id))
        union all
        select 2, p.rebate_id, 'position ' || p.book_account_id || '/' || p.rebate_id, 'its book account or rebate is missing' from position p
          where not exists (select 1 from book_account b where b.id = p.book_account_id) or not exists (select 1 from rebate r where r.id = p.rebate_id)
        union all
        select 3, r.id, 'rebate ' || r.id, 'its referral, event or version is missing' from rebate r
          where (r.referral_id is not null and not exists (select 1 from referral f where f.id = r.referral_id))
            or (r.event_id is not null and not exists (select 1 from event v where v.id = r.event_id))
            or not exists (select 1 from program_version v where v.id = r.program_version_id and v.program_id = r.program_id)
        union all
        select 4, t.id, 'transfer ' || t.id, 'its event, decision, actor or the transfer it takes back is missing' from transfer t
          where (t.event_id is not null and not exists (select 1 from event v where v.id = t.event_id))
            or (t.decision_id is not null and not exists (select 1 from decision d where d.id = t.decision_id))
            or (t.reverses_id is not null and not exists (select 1 from transfer o where o.id = t.reverses_id))
            or not exists (select 1 from actor a where a.id = t.actor_id)
      ) as broken order by rank, id limit 1`,
  },
  {
    name: 'zero_sum',
    sentence: 'Every transfer has two entries or more and sums to zero in every asset.',
    query: `
      select 'transfer ' || id as place, found from (
        select t.id, 'it has fewer than two entries' as found from transfer t left join entry e on e.transfer_id = t.id group by t.id having count(e.id) < 2
        union all
        select transfer_id, 'its entries sum to ' || sum(amount) || ' ' || asset from entry group by transfer_id, asset having sum(amount) <> 0
      ) as broken order by id limit 1`,
  },
  {
    name: 'content',
    sentence: 'Every transfer is, to the last digit, what was posted under its key.',
    query: `
      select 'transfer ' || id as place, 'its lines are not those that were posted' as found from (
        select t.id, t.content_digest, sha256(convert_to(concat_ws('|', t.kind, t.program_id, t.event_id, t.decision_id, t.reverses_id,
            array_agg(b.account_id order by e.id)::text, array_agg(b.kind order by e.id)::text, array_agg(e.asset order by e.id)::text,
            array_agg(e.rebate_id order by e.id)::text, array_agg(e.amount order by e.id)::text), 'UTF8')) as digest
          from transfer t join entry e on e.transfer_id = t.id join book_account b on b.id = e.book_account_id group by t.id
      ) as posted where digest <> content_digest order by id limit 1`,
  },
  {
    name: 'running_balance',
    sentence: 'The entries of every book account are numbered from 1 without a gap, and each starts from the balance of the one before.',
    query: `
      select 'entry ' || id as place, found from (
        select id, case when account_version <> row_number() over w then 'its number is ' || account_version || ', ' || row_number() over w || ' is due'
            when balance_before <> coalesce(lag(balance_after) over w, 0) then 'it starts from ' || balance_before || ' after ' || coalesce(lag(balance_after) over w, 0)
            when balance_after <> balance_before + amount then 'its balances and its amount disagree' end as found
          from entry window w as (partition by book_account_id order by account_version, id)
      ) as line where found is not null order by id limit 1`,
  },
  {
    name: 'balances',
    sentence: 'Every balance is the sum of its entries and every version their number; no book account exists twice or is beyond its bound.',
    query: `
      select 'book_account ' || id as place, found from (
        select b.id, 'it shows ' || b.balance || ' at version ' || b.version || '; its entries are ' || count(e.id) || ' and sum to ' || coalesce(sum(e.amount), 0) as found
          from book_account b left join entry e on e.book_account_id = b.id group by b.id
          having b.balance <> coalesce(sum(e.amount), 0) or b.version <> count(e.id)
        union all
        select b.id, 'it is beyond its bound or not of its kind' from book_account b left join book_account_kind k on k.kind = b.kind
          where k.kind is null or b.sign <> k.sign or b.balance * k.sign < 0 or (k.owner = 'member') <> (b.account_id is not null)
        union all
        select max(id), 'another book account has the same owner, kind, asset and stripe' from book_account group by account_id, kind, asset, stripe having count(*) > 1
        union all
        select b.id, 'an entry of it is in another asset' from book_account b join entry e on e.book_account_id = b.id where e.asset <> b.asset
      ) as broken order by id limit 1`,
  },
  {
    name: 'positions',
    sentence: 'Every position is the sum of the entries of its rebate in its book account, and none is missing.',
    query: `
      select 'position ' || book_account_id || '/' || rebate_id as place, 'it shows ' || coalesce(p.amount::text, 'nothing') || ', its entries sum to ' || coalesce(line.total, 0) as found
        from (select e.book_account_id, e.rebate_id, sum(e.amount) as total from entry e join book_account b on b.id = e.book_account_id
                where b.account_id is not null and e.rebate_id is not null group by 1, 2) as line
        full join position p using (book_account_id, rebate_id)
        where coalesce(line.total, 0) <> coalesce(p.amount, 0) order by book_account_id, rebate_id limit 1`,
  },
]

export const REBATE_RULES: readonly BookRule[] = [
  {
    name: 'rebates_posted',
    sentence: 'Every rebate was posted once with its amount, to its own member and in its own asset, and no more was taken back than it gave.',
    query: `
      select 'rebate ' || id as place, found from (
        select r.id, case
            when r.amount <> coalesce(-sum(e.amount) filter (where b.kind in ('rebate_expense', 'opening_balance')), 0) and not (r.kind = 'opening' and count(e.id) = 0)
              then 'its amount is ' || r.amount || ', posted was ' || coalesce(-sum(e.amount) filter (where b.kind in ('rebate_expense', 'opening_balance')), 0)
            when coalesce(sum(e.amount) filter (where b.kind in ('reversed', 'reclaimed', 'breakage')), 0) > r.amount then 'more was taken back than it gave'
            when bool_or(b.account_id <> r.account_id) then 'an entry of it lies with another member'
            when bool_or(e.asset <> r.asset) then 'an entry of it is in another asset' end as found
          from rebate r left join entry e on e.rebate_id = r.id left join book_account b on b.id = e.book_account_id group by r.id
      ) as broken where found is not null order by id limit 1`,
  },
  {
    name: 'between_rebates',
    sentence: 'Value moves from one rebate to another only where a debt is repaid.',
    query: `
      select 'transfer ' || transfer_id as place, 'rebate ' || rebate_id || ' lost or gained ' || net || ' to others without a debt' as found from (
        select e.transfer_id, e.rebate_id, sum(e.amount) as net from entry e where e.rebate_id is not null group by 1, 2 having sum(e.amount) <> 0
      ) as crossing
      where not exists (select 1 from entry e join book_account b on b.id = e.book_account_id where e.transfer_id = crossing.transfer_id and b.kind = 'debt')
      order by transfer_id, rebate_id limit 1`,
  },
  {
    name: 'debts',
    sentence: 'Every debt belongs to a rebate of which at least as much had been used, and has a cause.',
    query: `
      select 'position ' || p.book_account_id || '/' || p.rebate_id as place, 'the debt is greater than what was taken back of this rebate, or paid out after it had been given back' as found
        from position p join book_account b on b.id = p.book_account_id and b.kind = 'debt'
        where p.amount < 0 and -p.amount > (select coalesce(sum(e.amount), 0) from entry e join book_account s on s.id = e.book_account_id
          where e.rebate_id = p.rebate_id and s.kind in ('reversed', 'reclaimed', 'opening_balance') and (s.kind <> 'opening_balance' or e.amount > 0))
          + (select coalesce(-sum(e.amount), 0) from entry e join transfer t on t.id = e.transfer_id
            where e.book_account_id = p.book_account_id and e.rebate_id = p.rebate_id and t.kind = 'payout_paid')
        order by p.book_account_id, p.rebate_id limit 1`,
  },
]

export const RELATION_RULES: readonly BookRule[] = [
  {
    name: 'holds',
    sentence: 'What is held has an open hold; every hold has an owner and a due date, and an ended one says by whom.',
    query: `
      select place, found from (
        select 1 as rank, p.rebate_id as id, 'rebate ' || p.rebate_id as place, p.amount || ' is held without an open hold' as found
          from position p join book_account b on b.id = p.book_account_id
          where b.kind in ('reward_held', 'main_held') and p.amount <> 0
            and not exists (select 1 from hold h where h.rebate_id = p.rebate_id and h.ended_at is null)
        union all
        select 2, h.id, 'hold ' || h.id, 'its owner, its due date, its transfer or who ended it is missing' from hold h
          where not exists (select 1 from actor a where a.id = h.owner_id) or h.due_at is null or h.due_at <= h.placed_at
            or (h.placed_by is not null and not exists (select 1 from transfer t where t.id = h.placed_by))
            or (h.ended_by is not null and not exists (select 1 from transfer t where t.id = h.ended_by))
            or (h.ended_at is not null and (h.ended_as is null or h.ended_actor_id is null))
      ) as broken order by rank, id limit 1`,
  },
  {
    name: 'referrals',
    sentence: 'Every invitee has one inviter per programme and nobody invites themselves; every referral has its fact, and a fact without one says why.',
    query: `
      select place, found from (
        select 1 as rank, max(id) as id, 'referral ' || max(id) as place, 'the invitee has another inviter in this programme' as found
          from referral group by program_id, invitee_id having count(*) > 1
        union all
        select 2, id, 'referral ' || id, 'inviter and invitee are one account' from referral where inviter_id = invitee_id
        union all
        select 3, r.id, 'referral ' || r.id, 'it has no fact of its own' from referral r
          where not exists (select 1 from referral_fact f where f.referral_id = r.id and f.program_id = r.program_id and f.inviter_id = r.inviter_id and f.invitee_id = r.invitee_id)
        union all
        select 4, f.id, 'referral_fact ' || f.id, 'it neither has its referral nor says why it pays nothing' from referral_fact f
          where (f.referral_id is null) = (f.not_payable is null) or (f.referral_id is not null and not exists (select 1 from referral r where r.id = f.referral_id))
      ) as broken order by rank, id limit 1`,
  },
  {
    name: 'unique_keys',
    sentence: 'Every event, rebate and transfer has its natural key for itself.',
    query: `
      select place, found from (
        select 1 as rank, max(id) as id, 'event ' || max(id) as place, 'another event has its key' as found from event group by natural_key having count(*) > 1
        union all select 2, max(id), 'rebate ' || max(id), 'another rebate has its key' from rebate group by natural_key having count(*) > 1
        union all select 3, max(id), 'transfer ' || max(id), 'another transfer has its key' from transfer group by natural_key having count(*) > 1
      ) as broken order by rank, id limit 1`,
  },
  {
    name: 'waiting',
    sentence: 'A fact waits only as long as what it waits for is not there.',
    query: `
      select 'waiting_event ' || w.event_id as place, 'its original has come' as found
        from waiting_event w join event o on o.natural_key = w.original_key and o.account_id = w.account_id
        join event e on e.id = w.event_id join batch b on b.id = o.batch_id
        where w.waits_for = 'original' and b.kind <> 'import' order by w.event_id limit 1`,
  },
  {
    name: 'versions',
    sentence: 'The versions of every programme and policy are numbered from 1 without a gap.',
    query: `
      select place, found from (
        select id, 'program_version ' || id as place, 'its number is ' || number as found from (
          select id, number, row_number() over (partition by program_id order by number, id) as due from program_version) as v where number <> due
        union all
        select id, 'policy_version ' || id, 'its number is ' || number from (
          select id, number, row_number() over (partition by program_id order by number, id) as due from policy_version) as v where number <> due
      ) as broken order by place limit 1`,
  },
]
