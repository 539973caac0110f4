// Clicks: a followed invite link, remembered under an id that says nothing, so that sign-up can name it.

import { randomUUID } from 'node:crypto'
import type { Transaction } from '../base/database.ts'
import { checkCode } from './invite-codes.ts'

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
  readonly isBot?: boolean
}

export type ClickAnswer = { ok: true; clickId: string } | { ok: false; reason: 'unknown_code' | 'closed_code' }

export async function recordClick(transaction: Transaction, click: NewClick, newId: () => string = randomUUID): Promise<ClickAnswer> {
  const answer = await checkCode(transaction, click.programId, click.code)
  if (answer.status !== 'valid') return { ok: false, reason: answer.status === 'closed' ? 'closed_code' : 'unknown_code' }
  const clickId = newId()
  await transaction.click.create({
    data: {
      publicId: clickId,
      codeId: answer.found.id,
      occurredAt: click.occurredAt,
      recordedAt: click.recordedAt,
      landingPage: click.landingPage ?? null,
      refererHost: click.refererHost ?? null,
      adParameters: [...(click.adParameters ?? [])],
      isBot: click.isBot ?? false,
    },
  })
  return { ok: true, clickId }
}

export interface FoundClick {
  readonly id: bigint
  readonly occurredAt: Date
  readonly codeId: bigint
  readonly programId: bigint
  readonly inviterId: bigint
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The click of an id, or null; an id that is no id is simply not found. */
export async function findClick(transaction: Transaction, clickId: string): Promise<FoundClick | null> {
  if (!UUID.test(clickId)) return null
  const row = await transaction.click.findUnique({ where: { publicId: clickId }, include: { inviteCode: { select: { programId: true, accountId: true } } } })
  if (row === null) return null
  return { id: row.id, occurredAt: row.occurredAt, codeId: row.codeId, programId: row.inviteCode.programId, inviterId: row.inviteCode.accountId }
}
