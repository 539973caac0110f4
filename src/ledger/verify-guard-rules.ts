// What keeps the books from being changed at all: the triggers and constraints of the database, and what the serving role may not do.
// A guard that was taken away for a moment leaves no wrong row behind: it is looked for itself.

import type { BookRule } from './verifier.ts'

/** Tables whose rows never change and never go, each with a trigger of this ending. */
const APPEND_ONLY = [
  'act', 'check_record', 'client_payment', 'credit_extension', 'decision', 'decision_effect', 'enrolment_change', 'entry', 'event', 'member_notice', 'payee', 'payout_destination_state',
  'payout_event', 'period_lock', 'period_statement', 'plan', 'policy_version', 'posting_seal', 'program_version', 'rebate', 'terms_acceptance', 'track_change', 'transfer', 'verification',
]
const NEVER_EMPTIED = ['act', 'entry', 'event', 'period_lock', 'period_statement', 'posting_seal', 'rebate', 'transfer']
const OTHER_TRIGGERS = [['transfer', 'transfer_balances'], ['entry', 'entry_is_new'], ['host_instruction', 'host_instruction_ended']] as const
const FLOORS = [['book_account', 'book_account_floor'], ['position', 'position_floor']] as const
/** What only the posting functions write. */
const MONEY = ['book_account', 'transfer', 'entry', 'position']

const pairs = (list: readonly (readonly [string, string])[]): string => list.map(([table, name]) => `('${table}', '${name}')`).join(', ')

/** Table and trigger of everything that keeps rows as they were written. */
export const GUARD_TRIGGERS: readonly (readonly [string, string])[] = [
  ...APPEND_ONLY.map((table) => [table, `${table}_append_only`] as const),
  ...NEVER_EMPTIED.map((table) => [table, `${table}_no_truncate`] as const),
  ...OTHER_TRIGGERS,
]

export const GUARD_RULES: readonly BookRule[] = [
  {
    name: 'guards',
    sentence: 'The guards of the books are in place: what is append-only refuses changes, transfers must balance, and money is written by the posting functions alone.',
    query: `
      select place, found from (
        select 'table ' || guard.owner as place, 'its trigger ' || guard.name || ' is ' || case when t.oid is null then 'missing' else 'switched off' end as found
          from (values ${pairs(GUARD_TRIGGERS)}) as guard(owner, name) left join pg_trigger t on t.tgname = guard.name and t.tgrelid = to_regclass('public.' || guard.owner)
          where t.oid is null or t.tgenabled not in ('O', 'A')
        union all
        select 'table ' || guard.owner, 'its constraint ' || guard.name || ' is missing or was never checked'
          from (values ${pairs(FLOORS)}) as guard(owner, name) left join pg_constraint c on c.conname = guard.name and c.conrelid = to_regclass('public.' || guard.owner)
          where c.oid is null or not c.convalidated
        union all
        select 'table ' || money.name, 'the serving role may write it itself' from (values ${MONEY.map((table) => `('${table}')`).join(', ')}) as money(name)
          where has_table_privilege('ringfence_app', 'public.' || money.name, 'insert') or has_any_column_privilege('ringfence_app', 'public.' || money.name, 'update')
            or has_table_privilege('ringfence_app', 'public.' || money.name, 'delete') or has_table_privilege('ringfence_app', 'public.' || money.name, 'truncate')
      ) as open order by place, found limit 1`,
  },
]
