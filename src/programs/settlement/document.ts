// What one reading of the books brings, as the database writes it, and what it means here. 64-bit numbers come as text.

import type { MemberKind, PlatformKind, Position, PositionKind, RebateKind } from '../../ledger/index.ts'
import type { EventType } from '../../population/index.ts'
import type { PayingReferral } from './paying-referral.ts'
import type { VersionCounts } from './known-rules.ts'

/** An event as money needs it. An id below zero is of an event that is not written yet: its place in the batch, from 1. */
export interface SheetEvent {
  readonly id: bigint
  /** The natural key in hexadecimal. */
  readonly key: string
  readonly type: EventType
  readonly accountId: bigint
  readonly originalKey: string | null
  readonly amount: bigint | null
  readonly asset: string | null
  readonly excluded: bigint
  readonly fundedBy: string
  readonly periodUnit: string | null
  readonly periodCount: number | null
  readonly convertedAmount: bigint | null
  readonly convertedAsset: string | null
  readonly occurredAt: Date
  readonly recordedAt: Date
  readonly isImported: boolean
}

/** What an event earned, or an opening rebate; an id below zero is a place, as of events. */
export interface SheetRebate {
  readonly id: bigint
  readonly key: string
  readonly kind: RebateKind
  readonly programId: bigint
  readonly versionId: bigint
  readonly eventId: bigint | null
  readonly accountId: bigint
  readonly amount: bigint
  readonly asset: string
  readonly occurredAt: Date
  readonly maturesAt: Date
  readonly expiresAt: Date | null
}

/** One entry of a transfer that an event led to. */
export interface Move {
  readonly transferId: bigint
  readonly kind: string
  readonly eventId: bigint
  readonly reversesId: bigint | null
  readonly book: MemberKind | PlatformKind
  readonly rebateId: bigint | null
  readonly asset: string
  readonly amount: bigint
  /** When it was posted. */
  readonly at: Date
}

export interface EventJson {
  readonly id: string
  readonly key: string
  readonly digest: string
  readonly type: string
  readonly account: string
  readonly original: string | null
  readonly amount: string | null
  readonly asset: string | null
  readonly excluded: string
  readonly funded_by: string
  readonly unit: string | null
  readonly count: number | null
  readonly converted: string | null
  readonly converted_asset: string | null
  readonly occurred_at: string
  readonly recorded_at: string
  readonly imported: boolean
}

interface ReferralJson {
  readonly id: string
  readonly program: string
  readonly inviter: string
  readonly invitee: string
  readonly state: string
  readonly occurred_at: string
  readonly effective_at: string
  readonly click: { readonly ad_parameters: readonly string[]; readonly referer_host: string | null } | null
}

interface RebateJson {
  readonly id: string
  readonly key: string
  readonly kind: string
  readonly program: string
  readonly version: string
  readonly event: string | null
  readonly account: string
  readonly amount: string
  readonly asset: string
  readonly occurred_at: string
  readonly matures_at: string
  readonly expires_at: string | null
}

interface PositionJson {
  readonly account: string
  readonly book: string
  readonly asset: string
  readonly rebate: string
  readonly amount: string
  readonly program: string
  readonly kind: string
  readonly occurred_at: string
  readonly matures_at: string
  readonly expires_at: string | null
}

interface MoveJson {
  readonly transfer: string
  readonly kind: string
  readonly event: string
  readonly reverses: string | null
  readonly book: string
  readonly rebate: string | null
  readonly asset: string
  readonly amount: string
  readonly at: string
}

/** A list is null where it is empty. */
export interface BooksJson {
  readonly referrals: readonly ReferralJson[]
  readonly events: readonly EventJson[] | null
  readonly waiting: readonly { readonly event: string; readonly account: string; readonly for: 'original' | 'money' }[] | null
  readonly names: readonly (readonly [string, string])[] | null
  readonly held_referrals: readonly string[] | null
  readonly held_accounts: readonly string[] | null
  readonly rebates: readonly RebateJson[] | null
  readonly sums: readonly (readonly [string, string, string])[] | null
  readonly holds: readonly { readonly id: string; readonly rebate: string; readonly reason: string }[] | null
  readonly positions: readonly PositionJson[] | null
  readonly paid: readonly (readonly [string, string, string])[] | null
  readonly moves: readonly MoveJson[] | null
  readonly questions: readonly { readonly event: string; readonly program: string; readonly answer: unknown }[] | null
  readonly versions: VersionCounts
  readonly has_standing: boolean
  /** Whether anybody is told of rebates. */
  readonly has_listeners: boolean
}

export function eventOf(json: EventJson): SheetEvent {
  return {
    id: BigInt(json.id), key: json.key, type: json.type as EventType, accountId: BigInt(json.account), originalKey: json.original,
    amount: wholeOrNull(json.amount), asset: json.asset, excluded: BigInt(json.excluded), fundedBy: json.funded_by, periodUnit: json.unit, periodCount: json.count,
    convertedAmount: wholeOrNull(json.converted), convertedAsset: json.converted_asset,
    occurredAt: new Date(json.occurred_at), recordedAt: new Date(json.recorded_at), isImported: json.imported,
  }
}

export function referralOf(json: ReferralJson): PayingReferral {
  return {
    id: BigInt(json.id), programId: BigInt(json.program), inviterId: BigInt(json.inviter), inviteeId: BigInt(json.invitee), state: json.state,
    occurredAt: new Date(json.occurred_at), effectiveAt: new Date(json.effective_at),
    click: json.click === null ? null : { adParameters: json.click.ad_parameters, refererHost: json.click.referer_host },
  }
}

export function rebateOf(json: RebateJson): SheetRebate {
  return {
    id: BigInt(json.id), key: json.key, kind: json.kind as RebateKind, programId: BigInt(json.program), versionId: BigInt(json.version), eventId: wholeOrNull(json.event),
    accountId: BigInt(json.account), amount: BigInt(json.amount), asset: json.asset, occurredAt: new Date(json.occurred_at), maturesAt: new Date(json.matures_at),
    expiresAt: json.expires_at === null ? null : new Date(json.expires_at),
  }
}

/** The amount may be zero: what is known of a rebate that lies there no longer. */
export function positionOf(json: PositionJson): Position {
  return {
    accountId: BigInt(json.account), kind: json.book as PositionKind, asset: json.asset, rebateId: BigInt(json.rebate), amount: BigInt(json.amount),
    programId: BigInt(json.program), rebateKind: json.kind as RebateKind, occurredAt: new Date(json.occurred_at), maturesAt: new Date(json.matures_at),
    expiresAt: json.expires_at === null ? null : new Date(json.expires_at),
  }
}

export function moveOf(json: MoveJson): Move {
  return {
    transferId: BigInt(json.transfer), kind: json.kind, eventId: BigInt(json.event), reversesId: wholeOrNull(json.reverses), book: json.book as Move['book'],
    rebateId: wholeOrNull(json.rebate), asset: json.asset, amount: BigInt(json.amount), at: new Date(json.at),
  }
}

function wholeOrNull(text: string | null): bigint | null {
  return text === null ? null : BigInt(text)
}
