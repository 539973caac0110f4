// What must hold of attribution: codes, clicks and claims stand behind the relations they made, and a claim has its people.

import type { BookRule } from './verifier.ts'

export const ATTRIBUTION_RULES: readonly BookRule[] = [
  {
    name: 'attribution',
    sentence: 'A relation’s code is its inviter’s in its programme, its click is of that code, and one made by a claim has its accepted claim.',
    query: `
      select 'referral ' || id as place, found from (
        select r.id, case
            when r.code_id is not null and (k.id is null or k.account_id <> r.inviter_id or k.program_id <> r.program_id) then 'its code is not its inviter’s'
            when r.click_id is not null and (c.id is null or c.code_id is distinct from r.code_id or c.is_bot) then 'its click is not one of its code by a person'
            when r.source in ('link', 'code') and r.code_id is null then 'it was made by a code that it does not name'
            when r.source = 'claim' and not exists (select 1 from claim m where m.referral_id = r.id and m.state = 'accepted') then 'no accepted claim made it' end as found
          from referral r left join invite_code k on k.id = r.code_id left join click c on c.id = r.click_id
      ) as broken where found is not null order by id limit 1`,
  },
  {
    name: 'claims',
    sentence: 'An accepted claim has the relation of its inviter and client, was confirmed, and was decided by others than who entered it, by two where the rules ask for two.',
    query: `
      select 'claim ' || id as place, found from (
        select m.id, case
            when m.state = 'accepted' and (r.id is null or r.program_id <> m.program_id or r.inviter_id <> m.inviter_id or r.invitee_id is distinct from m.invitee_id) then 'its relation is not that of its inviter and client'
            when m.state = 'accepted' and r.source <> 'claim' then 'its relation was made by something else'
            when m.state = 'accepted' and (m.accrues_from is distinct from r.occurred_at) then 'its relation starts at another time than it says'
            when m.state not in ('waiting_for_client', 'refused') and m.confirmed_at is null then 'its client did not confirm it'
            when m.state not in ('waiting_for_client', 'refused') and (m.invitee_id is null or m.invitee_id = m.inviter_id) then 'it has no client but its inviter'
            when m.state in ('accepted', 'waiting_for_approval') and (m.decided_by is null or m.decided_by = m.entered_by) then 'who entered it decided it'
            when m.state = 'accepted' and m.needs_second_person and m.approved_by is null then 'it has no second person'
            when m.approved_by is not null and m.approved_by in (m.entered_by, m.decided_by) then 'its second person is not a second one'
            when (m.state = 'refused') <> (m.reason is not null) then 'it is refused without a reason, or has one without being refused'
            when m.state <> 'accepted' and m.referral_id is not null then 'it has a relation without being accepted' end as found
          from claim m left join referral r on r.id = m.referral_id
      ) as broken where found is not null order by id limit 1`,
  },
]
