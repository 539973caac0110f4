// `ringfence claims`: what waits is listed, shown with masks, and decided by named people.

import { describe, expect, test } from 'vitest'
import { useDatabase } from '../database.ts'
import { makeClaimsDesk } from '../programs/claims-desk.ts'
import { ran } from './review-commands.ts'

const given = await useDatabase()
const desk = await makeClaimsDesk(given, 'claims', { claims: { secondPersonAbove: '100' } })

async function waiting(paid?: string) {
  const [inviter, client] = [await desk.member(), await desk.client()]
  const claim = await desk.enter(inviter, client)
  await desk.confirm(claim, client)
  if (paid !== undefined) await desk.pay(client, paid)
  return { inviter, client, id: claim.id.toString() }
}

const json = async (...parameters: string[]) => {
  const { code, printed } = await ran(given, 'claims', ...parameters, '--json')
  return { code, ...(JSON.parse(printed) as Record<string, unknown>) }
}

describe('claims', () => {
  test('are listed by what they wait for, of one programme or all', async () => {
    const { id, inviter, client } = await waiting()
    expect((await ran(given, 'claims')).printed).toContain(`Claim ${id}, claims: ${inviter.name} claims ${client.name}`)
    expect(await json('--program', 'claims')).toMatchObject({ code: 0, claims: [{ claim_id: id, state: 'waiting_for_review', client: client.name }] })
    expect((await ran(given, 'claims', '--state', 'accepted')).printed).toBe('No claims are accepted.')
    expect(await json('--program', 'none')).toMatchObject({ code: 1, reason: 'unknown_program' })
  })

  test('are shown with their facts masked', async () => {
    const { id, client } = await waiting()
    const { printed } = await ran(given, 'claims', '--show', id)
    expect(printed).toContain('client email: p…@example.com')
    expect(printed).not.toContain(client.email)
    expect(await json('--show', '999999')).toMatchObject({ code: 1, reason: 'unknown_claim' })
  })

  test('are accepted by a named person, with a second one above the amount', async () => {
    const small = await waiting('100')
    expect(await json('--accept', small.id, '--as', 'dana', '--note', 'asked them')).toMatchObject({ code: 0, state: 'accepted' })
    const large = await waiting('101')
    expect((await ran(given, 'claims', '--accept', large.id, '--as', 'dana')).printed).toContain('waiting for approval')
    expect(await json('--approve', large.id, '--as', 'dana')).toMatchObject({ code: 1, reason: 'second_person_needed' })
    expect(await json('--approve', large.id, '--as', 'lee')).toMatchObject({ code: 0, state: 'accepted' })
    expect(await given.database.prisma.act.count({ where: { kind: 'claim_approved', objectId: large.id } })).toBe(1)
  })

  test('are refused with a reason, and not without one', async () => {
    const { id } = await waiting()
    expect(await ran(given, 'claims', '--refuse', id, '--as', 'dana')).toMatchObject({ code: 2, complained: 'Say why with --reason.' })
    expect((await ran(given, 'claims', '--refuse', id, '--reason', 'claim_theft', '--as', 'dana')).printed).toContain('refused, because of claim_theft')
    expect(await ran(given, 'claims', '--accept', id, '--as', 'dana')).toMatchObject({ code: 1, complained: expect.stringContaining('claim_not_waiting') })
  })

  test('are refused by the second person too', async () => {
    const { id } = await waiting('200')
    await ran(given, 'claims', '--accept', id, '--as', 'dana')
    expect(await json('--disapprove', id, '--reason', 'evidence_insufficient', '--as', 'lee')).toMatchObject({ code: 0, state: 'refused', reason: 'evidence_insufficient' })
  })
})
