// Clicks: a followed invite link, remembered under an id that says nothing, so that sign-up can name it.
// Promises: bots are kept and bind nobody; a flood on one code leaves a bounded number of rows; values of a query are never kept.

import { randomUUID } from 'node:crypto'
import type { Transaction } from '../../base/database.ts'
import { checkCode } from './invite-codes.ts'

/** Clicks of one code that are kept in any hour and any day. Beyond that a visitor is led on with the code alone, which binds as well. */
export const CLICKS_PER_HOUR = 1_000
export const CLICKS_PER_DAY = 5_000
/** Names of advertising parameters that are kept of one click, and how they may look: a name is never long enough to be a person. */
export const AD_PARAMETERS_MAX = 20
export const AD_PARAMETER = /^[A-Za-z][A-Za-z0-9_.-]{0,39}$/

export interface NewClick {
  readonly programId: bigint
  readonly code: string
  readonly occurredAt: Date
  readonly recordedAt: Date
  /** Without its query values. */
  readonly landingPage?: string | null
  readonly refererHost?: string | null
  /** Names of advertising parameters of the landing page, never their values. */
  readonly adParameters?: readonly string[]
  /** Nobody followed the link: a program that shows previews, or a page that loaded it as a picture or a frame. */
  readonly isBot?: boolean
  /** What was seen with the click; the rows must be there already. */
  readonly identifierIds?: readonly bigint[]
}

export type ClickRefusal = 'unknown_code' | 'closed_code' | 'too_many_clicks'
export type ClickAnswer = { ok: true; clickId: string } | { ok: false; reason: ClickRefusal }

export async function recordClick(transaction: Transaction, click: NewClick, newId: () => string = randomUUID): Promise<ClickAnswer> {
  const answer = await checkCode(transaction, click.programId, click.code, click.recordedAt)
  if (answer.status !== 'valid') return { ok: false, reason: answer.status === 'closed' ? 'closed_code' : 'unknown_code' }
  const codeId = answer.found.id
  if (!(await hasRoom(transaction, codeId, click.recordedAt))) return { ok: false, reason: 'too_many_clicks' }
  const clickId = newId()
  const { id } = await transaction.click.create({
    data: {
      publicId: clickId, codeId, occurredAt: click.occurredAt, recordedAt: click.recordedAt, landingPage: click.landingPage ?? null,
      refererHost: click.refererHost ?? null, adParameters: [...(click.adParameters ?? [])], isBot: click.isBot ?? false,
    },
    select: { id: true },
  })
  const seen = [...new Set(click.identifierIds ?? [])]
  if (seen.length > 0) await transaction.clickObservation.createMany({ data: seen.map((identifierId) => ({ clickId: id, identifierId })) })
  return { ok: true, clickId }
}

/** Counted in the database, so that processes and restarts share one count; clicks of one code are counted one after another. */
async function hasRoom(transaction: Transaction, codeId: bigint, now: Date): Promise<boolean> {
  const [dayAgo, hourAgo] = [new Date(now.getTime() - 86_400_000), new Date(now.getTime() - 3_600_000)]
  await transaction.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${`clicks ${codeId}`}, 0))`
  const [counted] = await transaction.$queryRaw<{ day: number; hour: number }[]>`
    select count(*)::int as day, (count(*) filter (where recorded_at > ${hourAgo}))::int as hour
      from (select recorded_at from click where code_id = ${codeId} and recorded_at > ${dayAgo} order by recorded_at desc limit ${CLICKS_PER_DAY}) as recent`
  return counted !== undefined && counted.day < CLICKS_PER_DAY && counted.hour < CLICKS_PER_HOUR
}

export interface FoundClick {
  readonly id: bigint
  readonly occurredAt: Date
  readonly codeId: bigint
  readonly programId: bigint
  readonly inviterId: bigint
  readonly isBot: boolean
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** By their ids in small letters; an id that is no id is simply not found. */
export async function findClicks(transaction: Transaction, clickIds: readonly string[]): Promise<Map<string, FoundClick>> {
  const ids = clickIds.map((id) => id.toLowerCase()).filter((id) => UUID.test(id))
  if (ids.length === 0) return new Map()
  const rows = await transaction.click.findMany({
    where: { publicId: { in: ids } },
    select: { id: true, publicId: true, occurredAt: true, isBot: true, codeId: true, inviteCode: { select: { programId: true, accountId: true } } },
  })
  return new Map(rows.map(({ id, publicId, occurredAt, isBot, codeId, inviteCode }) =>
    [publicId, { id, occurredAt, isBot, codeId, programId: inviteCode.programId, inviterId: inviteCode.accountId }]))
}

export interface FollowedClick {
  readonly accountId: bigint
  readonly clickId: bigint
  readonly recordedAt: Date
  readonly batchId: bigint
}

/** What was seen with the clicks becomes what was seen of the accounts that signed up by them, at the time of the click. */
export async function keepClickObservations(transaction: Transaction, followed: readonly FollowedClick[]): Promise<void> {
  if (followed.length === 0) return
  const [accountIds, clickIds] = [followed.map(({ accountId }) => accountId), followed.map(({ clickId }) => clickId)]
  const [times, batchIds] = [followed.map(({ recordedAt }) => recordedAt), followed.map(({ batchId }) => batchId)]
  await transaction.$executeRaw`
    insert into observation (account_id, identifier_id, context, occurred_at, recorded_at, batch_id)
      select f.account_id, o.identifier_id, 'click', c.occurred_at, f.recorded_at, f.batch_id
        from unnest(${accountIds}::bigint[], ${clickIds}::bigint[], ${times}::timestamptz[], ${batchIds}::bigint[]) as f (account_id, click_id, recorded_at, batch_id)
        join click c on c.id = f.click_id join click_observation o on o.click_id = c.id
      on conflict do nothing`
}
