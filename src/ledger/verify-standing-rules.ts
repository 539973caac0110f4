// What must hold between the books and the standing of members: credit with an end, enrolment, tracks and contracts.

import type { BookRule } from './verifier.ts'

export const STANDING_RULES: readonly BookRule[] = [
  {
    name: 'signup_credits',
    sentence: 'Every sign-up credit went to the invitee of its referral, once per programme, with the amount and the end of its version.',
    query: `
      select 'rebate ' || id as place, found from (
        select r.id, case
            when f.id is null or v.account_id is distinct from f.invitee_id or r.account_id <> f.invitee_id or r.program_id <> f.program_id then 'it is not of the invitee of its referral and event'
            when p.rules->'signupCredit' is null or p.rules->>'signupCredit' is null then 'its version grants none'
            when r.asset <> p.rules->'signupCredit'->>'asset' or r.amount <> (p.rules->'signupCredit'->>'amount')::numeric * 10 ^ a.exponent then 'its amount is not that of its version'
            when r.base <> 0 or r.rate_ppm <> 0 then 'it has a base or a rate'
            when r.expires_at is distinct from r.effective_at + make_interval(hours => 24 * (p.rules->'signupCredit'->>'validDays')::int) then 'its end is not that of its version'
            when count(*) over (partition by r.program_id, r.account_id) > 1 then 'its member has another one in this programme' end as found
          from rebate r left join referral f on f.id = r.referral_id left join event v on v.id = r.event_id
          left join program_version p on p.id = r.program_version_id left join asset a on a.code = r.asset
          where r.kind = 'signup_credit'
      ) as broken where found is not null order by id limit 1`,
  },
  {
    name: 'expiries',
    sentence: 'Only what has an end expires, after that end and never while it is held; what was earned has the end that its version gave it, or none.',
    query: `
      select place, found from (
        select 1 as rank, e.id, 'entry ' || e.id as place, case
            when t.kind <> 'expiry' then 'it is breakage of another kind of transfer'
            when r.expires_at is null then 'what it takes has no end'
            when t.occurred_at < r.expires_at or t.recorded_at < t.occurred_at then 'it took credit before its end'
            when exists (select 1 from hold h where h.rebate_id = r.id and h.placed_at < t.recorded_at and (h.ended_at is null or h.ended_at > t.recorded_at)) then 'it took credit that was held' end as found
          from book_account b join entry e on e.book_account_id = b.id join transfer t on t.id = e.transfer_id left join rebate r on r.id = e.rebate_id
          where b.kind = 'breakage'
        union all
        select 2, r.id, 'rebate ' || r.id, 'its end is not the one of its track and version' from rebate r left join program_version p on p.id = r.program_version_id
          where r.kind <> 'signup_credit' and r.expires_at is distinct from case when r.kind = 'rebate' then greatest(r.matures_at, r.effective_at) + make_interval(hours => 24 * coalesce(
            (select t->>'rewardValidDays' from jsonb_array_elements(p.rules->'tracks') as t where t->>'key' = r.track),
            case when r.track = coalesce(p.rules->>'defaultTrack', 'default') then p.rules->>'rewardValidDays' end)::int) end
        union all
        select 3, x.id, 'credit_extension ' || x.id, 'it gives time to what has no end' from credit_extension x
          where not exists (select 1 from rebate r where r.id = x.rebate_id and r.expires_at is not null)
      ) as broken where found is not null order by rank, id limit 1`,
  },
  {
    name: 'earned_in_standing',
    sentence: 'Nobody earned while suspended, closed or excluded, as far as that was recorded when the rebate was; and each rebate is of the track its member was on.',
    query: `
      select 'rebate ' || id as place, found from (
        select r.id, case
            when 'active' <> all (enrolment.states) then 'its member was ' || enrolment.states[1] || ' when it occurred'
            when exists (select 1 from excluded_account x where x.account_id in (r.account_id, f.invitee_id) and (x.program_id is null or x.program_id = r.program_id) and x.recorded_at < r.recorded_at
              and x.starts_at <= r.occurred_at and (x.ends_at is null or x.ends_at > r.occurred_at)) then 'its member or invitee was excluded when it occurred'
            when r.track <> all (track.keys) then 'its track is ' || r.track || ', its member was on ' || track.keys[1] end as found
          from rebate r join program_version p on p.id = r.program_version_id left join referral f on f.id = r.referral_id
          -- What was recorded in the same instant may have come before the rebate or after it.
          cross join lateral (select array_agg(coalesce((select c.state from enrolment_change c where c.account_id = r.account_id and c.program_id = r.program_id and c.effective_from <= r.occurred_at
              and (c.recorded_at < r.recorded_at or (is_same and c.recorded_at = r.recorded_at)) order by c.effective_from desc, c.id desc limit 1), 'active') order by is_same) as states
            from unnest(array[false, true]) as is_same) as enrolment
          cross join lateral (select array_agg(coalesce((select c.track from track_change c where c.account_id = r.account_id and c.program_id = r.program_id and c.effective_from <= r.occurred_at
              and (c.recorded_at < r.recorded_at or (is_same and c.recorded_at = r.recorded_at)) and p.rules->'tracks' @> jsonb_build_array(jsonb_build_object('key', c.track))
              and not exists (select 1 from track_change n where n.account_id = c.account_id and n.program_id = c.program_id and (n.effective_from, n.id) > (c.effective_from, c.id)
                and n.effective_from <= r.occurred_at and (n.recorded_at < r.recorded_at or (is_same and n.recorded_at = r.recorded_at)))
              limit 1), p.rules->>'defaultTrack', r.track) order by is_same) as keys
            from unnest(array[false, true]) as is_same) as track
          where r.kind = 'rebate' and (r.account_id in (select account_id from enrolment_change union all select account_id from track_change union all select account_id from excluded_account)
            or f.invitee_id in (select account_id from excluded_account))
      ) as broken where found is not null order by id limit 1`,
  },
  {
    name: 'contracts',
    sentence: 'Every contract in force was approved by another person than who entered it, and its track is in force from its signing.',
    query: `
      select place, found from (
        select 1 as rank, c.id, 'contract ' || c.id as place, case
            when c.approved_by = c.entered_by then 'who entered it approved it'
            when not exists (select 1 from actor a where a.id = c.approved_by and a.kind = 'person') then 'no person approved it'
            when not exists (select 1 from track_change t where t.contract_id = c.id and t.track = c.track and t.effective_from = c.signed_at) then 'its track is not in force from its signing' end as found
          from contract c where c.approved_at is not null
        union all
        select 2, t.id, 'track_change ' || t.id, 'its contract was not approved' from track_change t join contract c on c.id = t.contract_id where c.approved_at is null
      ) as broken where found is not null order by rank, id limit 1`,
  },
]
