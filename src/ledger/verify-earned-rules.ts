// What must hold between a rebate and what it was earned by: its event, its referral, and the rules of its track in the version of its time.
// Written apart from the code that earns, so that a fault there is found.

import type { BookRule } from './verifier.ts'

/** numerator ÷ denominator, half to even. */
const halfEven = (numerator: string, denominator: string): string =>
  `(div(${numerator}, ${denominator}) + case when 2 * mod(${numerator}, ${denominator}) > ${denominator} or (2 * mod(${numerator}, ${denominator}) = ${denominator} and mod(div(${numerator}, ${denominator}), 2) = 1) then 1 else 0 end)`

export const EARNED_RULES: readonly BookRule[] = [
  {
    name: 'rebates_earned',
    sentence: 'Every rebate was earned by one event of its invitee, once per programme, under its track of the version known to be in force when it occurred, at its base, rate and amount; less only where the version has caps.',
    query: `
      select 'rebate ' || id as place, found from (
        select r.id, case
            when r.event_id is null or r.referral_id is null then 'it names no event or no referral'
            when v.account_id <> f.invitee_id or r.account_id <> f.inviter_id or r.program_id <> f.program_id then 'it is not of this referral and event'
            when r.occurred_at <> v.occurred_at then 'its time is not the time of its event'
            when r.program_version_id is distinct from (select p.id from program_version p where p.program_id = r.program_id and p.effective_from <= r.occurred_at and p.recorded_at <= r.recorded_at
              order by p.effective_from desc limit 1) then 'another version was in force when it occurred'
            when own.rules is null then 'its version has no track ' || r.track
            when r.asset <> told.asset then 'its asset is not that of its track'
            when r.base is distinct from received.base then 'its base is not the money received'
            when r.rate_ppm <> coalesce((own.rules->'reward'->>'ratePpm')::int, 0) then 'its rate is not the rate of its version'
            when due.amount is null then 'what it was paid for is not known'
            when r.amount > due.amount or (r.amount < due.amount and not told.is_capped) then 'its amount is not what its rules give'
            when count(*) over (partition by r.event_id, r.program_id) > 1 then 'its event earned twice in one programme' end as found
          from rebate r left join event v on v.id = r.event_id left join referral f on f.id = r.referral_id left join program_version p on p.id = r.program_version_id
          left join accrual_question q on q.event_id = r.event_id and q.program_id = r.program_id and q.answer is not null
          cross join lateral (select case when r.track = coalesce(p.rules->>'defaultTrack', 'default') then p.rules
            else (select t from jsonb_array_elements(p.rules->'tracks') t where t->>'key' = r.track) end as rules) as own
          cross join lateral (select own.rules->'reward'->>'kind' as kind, case own.rules->'reward'->>'kind' when 'days' then 'DAY' else own.rules->>'asset' end as asset,
            coalesce((q.answer->>'amount')::numeric, v.converted_amount) as converted, coalesce(q.answer->>'asset', v.converted_asset) as converted_asset,
            coalesce(q.answer->>'unit', v.period_unit) as unit, coalesce((q.answer->>'count')::int, v.period_count, 1) as count,
            exists (select 1 from jsonb_array_elements(p.rules->'caps') cap where cap ? 'amount') as is_capped) as told
          cross join lateral (select case when told.kind <> 'rate' or v.asset = told.asset then (v.amount - v.excluded)::numeric
            when told.converted_asset = told.asset and v.amount > 0 then ${halfEven('(told.converted * (v.amount - v.excluded))', 'v.amount::numeric')} end as base) as received
          left join asset a on a.code = r.asset
          cross join lateral (select case told.kind
            when 'rate' then ${halfEven('(r.base::numeric * r.rate_ppm)', '1000000::numeric')}
            when 'fixed' then (own.rules->'reward'->>'amount')::numeric * 10 ^ a.exponent
            when 'days' then coalesce(
              (select (length->>'days')::numeric from jsonb_array_elements(own.rules->'reward'->'lengths') length where length->>'unit' = told.unit and (length->>'count')::int = told.count),
              told.count * case told.unit when 'month' then (own.rules->'reward'->>'daysPerMonth')::numeric when 'year' then (own.rules->'reward'->>'daysPerYear')::numeric end) end as amount) as due
          where r.kind = 'rebate'
      ) as broken where found is not null order by id limit 1`,
  },
]
