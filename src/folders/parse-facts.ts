// One parser per table: from a row of text to a typed fact, identifiers normalised at the door of the detector, so that a
// raw card number is refused here and goes no further.
import type {
  AccountFact, BalanceFact, ClickFact, FolderFact, LabelFact, ObservationFact,
  PayoutFact, RebateFact, ReferralFact, ReferralLabelFact, TransactionFact,
} from './facts.ts'
import type { RowReader } from './row-reader.ts'
import type { TableName } from './tables.ts'
import { words } from './tables.ts'

export type FactParser = (row: RowReader, line: number) => FolderFact

function account(row: RowReader, line: number): AccountFact {
  const email = named('email', row.raw('email'))
  const phone = named('phone', row.raw('phone'))
  const ofEmail = row.droppableIdentifiers('email', email)
  const ofPhone = row.droppableIdentifiers('phone', phone)
  return {
    table: 'accounts',
    line,
    accountId: row.text('account_id'),
    createdAt: row.time('created_at'),
    email: ofEmail.length > 0 ? email?.value ?? null : null,
    phone: ofPhone.length > 0 ? phone?.value ?? null : null,
    identifiers: [...ofEmail, ...ofPhone],
    status: row.optionalText('status', 64),
    inviteCode: row.optionalText('invite_code'),
    organisationId: row.optionalText('org_id'),
    parentAccountId: row.optionalText('parent_account_id'),
    country: row.optionalText('country', 64),
  }
}

function referral(row: RowReader, line: number): ReferralFact {
  return {
    table: 'referrals',
    line,
    inviterId: row.text('inviter_id'),
    inviteeId: row.text('invitee_id'),
    createdAt: row.time('created_at'),
    channel: row.optionalWord('channel', words.channel),
    program: row.optionalText('program'),
  }
}

function click(row: RowReader, line: number): ClickFact {
  return {
    table: 'clicks',
    line,
    clickId: row.text('click_id'),
    clickedAt: row.time('clicked_at'),
    inviteCode: row.optionalText('invite_code'),
    accountId: row.optionalText('account_id'),
    landingPage: row.optionalCardless('landing_page', 2000),
    referer: row.optionalCardless('referer', 2000),
    adParameters: row.optionalCardless('ad_parameters', 2000),
  }
}

function transaction(row: RowReader, line: number): TransactionFact {
  const currency = row.asset('currency')
  const instrument = named('payment', row.raw('payment_instrument'))
  const identifiers = row.droppableIdentifiers('payment_instrument', instrument)
  return {
    table: 'transactions',
    line,
    transactionId: row.text('transaction_id'),
    accountId: row.text('account_id'),
    type: row.word('type', words.type),
    amountUnits: row.amount('amount', currency),
    currency,
    occurredAt: row.time('occurred_at'),
    paymentInstrument: identifiers.length > 0 ? instrument?.value ?? null : null,
    identifiers,
    refunds: row.optionalText('refunds'),
    periodUnit: row.optionalWord('period_unit', words.period_unit),
    periodCount: row.optionalCount('period_count'),
    fundedBy: row.optionalWord('funded_by', words.funded_by),
    item: row.optionalCardless('item'),
  }
}

function observation(row: RowReader, line: number): ObservationFact {
  const kind = row.text('kind', 64).toLowerCase()
  const value = row.text('value', 512)
  const context = row.optionalText('context')
  const userAgent = row.optionalText('user_agent', 4096)
  const attributes = row.attributes('attributes')
  const raw = {
    kind, value, context: context ?? undefined, userAgent: userAgent ?? undefined, attributes: attributes ?? undefined,
  }
  return {
    table: 'observations',
    line,
    accountId: row.text('account_id'),
    kind,
    value,
    identifiers: row.fault === null ? row.identifiers('value', raw) : [],
    observedAt: row.optionalTime('observed_at'),
    context,
    userAgent,
    attributes,
    display: row.optionalMask('display', value),
  }
}

function rebate(row: RowReader, line: number): RebateFact {
  const currency = row.asset('currency')
  return {
    table: 'rebates',
    line,
    rebateId: row.text('rebate_id'),
    inviterId: row.text('inviter_id'),
    inviteeId: row.text('invitee_id'),
    amountUnits: row.amount('amount', currency),
    currency,
    occurredAt: row.time('occurred_at'),
    status: row.optionalWord('status', words.status),
    transactionId: row.optionalText('transaction_id'),
  }
}

function balance(row: RowReader, line: number): BalanceFact {
  const asset = row.asset('asset')
  return {
    table: 'balances',
    line,
    accountId: row.text('account_id'),
    bookAccount: row.text('book_account', 64),
    asset,
    amountUnits: row.amount('amount', asset),
    asOf: row.time('as_of'),
  }
}

function payout(row: RowReader, line: number): PayoutFact {
  const currency = row.asset('currency')
  const destination = row.text('destination', 512)
  return {
    table: 'payouts',
    line,
    payoutId: row.text('payout_id'),
    accountId: row.text('account_id'),
    amountUnits: row.amount('amount', currency),
    currency,
    occurredAt: row.time('occurred_at'),
    destination,
    identifiers: row.identifiers('destination', named('payout', destination)),
  }
}

function label(row: RowReader, line: number): LabelFact {
  return {
    table: 'labels',
    line,
    accountId: row.text('account_id'),
    isAbuser: row.flag('is_abuser'),
    cluster: row.optionalText('cluster'),
    source: row.optionalText('source'),
  }
}

function referralLabel(row: RowReader, line: number): ReferralLabelFact {
  return {
    table: 'referral_labels',
    line,
    inviterId: row.text('inviter_id'),
    inviteeId: row.text('invitee_id'),
    isSelfInvite: row.flag('is_self_invite'),
    stratum: row.optionalText('stratum'),
  }
}

function named(kind: string, value: string): { kind: string; value: string } | null {
  return value === '' ? null : { kind, value }
}

export const factParsers: Readonly<Record<TableName, FactParser>> = {
  accounts: account,
  referrals: referral,
  clicks: click,
  transactions: transaction,
  observations: observation,
  rebates: rebate,
  balances: balance,
  payouts: payout,
  labels: label,
  referral_labels: referralLabel,
}

/** What makes a row of its table unique; null where rows may repeat freely. */
export function identityOf(fact: FolderFact): string | null {
  switch (fact.table) {
    case 'accounts':
    case 'labels': return fact.accountId
    case 'referrals': return pair(fact.program ?? '', fact.inviterId, fact.inviteeId)
    case 'referral_labels': return pair(fact.inviterId, fact.inviteeId)
    case 'clicks': return fact.clickId
    case 'transactions': return fact.transactionId
    case 'rebates': return fact.rebateId
    case 'payouts': return fact.payoutId
    case 'balances': return pair(fact.accountId, fact.bookAccount, fact.asset)
    case 'observations': return null
  }
}

/** The column that names each account a row speaks of, with the account named. */
export function accountsNamedBy(fact: FolderFact): readonly (readonly [column: string, accountId: string])[] {
  switch (fact.table) {
    case 'accounts': return []
    case 'referrals':
    case 'rebates':
    case 'referral_labels': return [['inviter_id', fact.inviterId], ['invitee_id', fact.inviteeId]]
    case 'clicks': return fact.accountId === null ? [] : [['account_id', fact.accountId]]
    default: return [['account_id', fact.accountId]]
  }
}

/** Control characters are refused in ids, so a unit separator joins them without ambiguity. */
function pair(...parts: string[]): string {
  return parts.join('\u001f')
}
