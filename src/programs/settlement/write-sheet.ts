// What a sheet adds to the books, in the form in which the database writes it all at once.

import type { Session } from '../../base/session.ts'
import { checkAsJson } from '../../checks/index.ts'
import { SYSTEM_ACTOR_ID } from '../../acts/index.ts'
import type { Sheet, SheetHold } from './sheet.ts'

/** Real ids in the order of the places on the sheet. */
export interface WrittenIds {
  readonly events: readonly bigint[]
  readonly rebates: readonly bigint[]
}

/** Throws PostingRefused's causes as the database states them; the transaction can then only be rolled back. */
export async function writeSheet(session: Session, sheet: Sheet): Promise<WrittenIds> {
  const document = documentOf(sheet)
  if (Object.values(document).every((part) => part.length === 0)) return { events: [], rebates: [] }
  const [row] = await session.$queryRaw<{ written: string }[]>`select write_facts(${JSON.stringify(document)}::jsonb)::text as written`
  const written = JSON.parse(row?.written ?? '{}') as { events: string[]; rebates: string[] }
  return { events: written.events.map(BigInt), rebates: written.rebates.map(BigInt) }
}

function documentOf(sheet: Sheet): Record<string, readonly unknown[]> {
  const now = sheet.now.toISOString()
  return {
    events: sheet.newEvents.map(({ row }) => row),
    rebates: sheet.newRebates.map((rebate) => ({
      key: rebate.key, kind: rebate.kind, program: text(rebate.programId), version: text(rebate.versionId), referral: text(rebate.referralId), event: text(rebate.eventId),
      account: text(rebate.accountId), base: text(rebate.base), rate_ppm: rebate.ratePpm, amount: text(rebate.amount), asset: rebate.asset, track: rebate.track,
      check_id: rebate.checkId, occurred_at: rebate.occurredAt, recorded_at: now, matures_at: rebate.maturesAt, expires_at: rebate.expiresAt, actor: text(rebate.actorId),
    })),
    transfers: sheet.transfers.map((transfer) => ({
      key: Buffer.from(transfer.naturalKey).toString('hex'), kind: transfer.kind, program: text(transfer.programId), event: text(transfer.eventId),
      reverses: text(transfer.reversesId), occurred_at: transfer.occurredAt, recorded_at: now, actor: text(transfer.actorId),
    })),
    entries: sheet.transfers.flatMap(({ entries }, place) => entries.map(({ accountId, kind, asset, rebateId, amount }) => ({
      transfer: place + 1, account: text(accountId), book: kind, asset, rebate: text(rebateId), amount: text(amount),
    }))),
    ended_holds: sheet.holds.flatMap(({ id, ended }) => (id === null || ended === undefined ? [] : [{ id: text(id), at: now, ended_as: ended.as, transfer: ended.transfer, actor: text(ended.actorId) }])),
    holds: sheet.holds.flatMap((hold) => newHold(hold, now)),
    ended_waits: [...sheet.endedWaits].map(text),
    waits: [...sheet.waits.values()].filter(({ isNew }) => isNew).map(({ event, waitsFor }) => ({
      event: text(event.id), account: text(event.accountId), waits_for: waitsFor, original: waitsFor === 'original' ? event.originalKey : null, recorded_at: now,
    })),
    questions: sheet.questions.map(({ event, referral, reason }) => ({
      event: text(event.id), program: text(referral.programId), referral: text(referral.id), reason, owner: text(SYSTEM_ACTOR_ID),
      due_at: sheet.rules.holdDueAt(referral.programId, sheet.now), recorded_at: now,
    })),
    checks: sheet.checks.map(checkAsJson),
  }
}

function newHold({ rebateId, reason, placed, ended }: SheetHold, now: string): object[] {
  if (placed === undefined) return []
  return [{
    rebate: text(rebateId), owner: text(placed.ownerId), reason, check_id: placed.checkId, is_degraded: placed.isDegraded, placed_at: now, due_at: placed.dueAt,
    on_silence: placed.onSilence, transfer: placed.transfer, ended_at: ended === undefined ? null : now, ended_as: ended?.as ?? null,
    ended_transfer: ended?.transfer ?? null, ended_actor: ended === undefined ? null : text(ended.actorId),
  }]
}

function text(value: bigint): string
function text(value: bigint | null): string | null
function text(value: bigint | null): string | null {
  return value === null ? null : value.toString()
}
