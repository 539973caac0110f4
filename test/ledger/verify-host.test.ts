// `verify` on what stands between the books and hosts: it holds when nothing was touched, and each kind of corruption is found at its row.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type pg from 'pg'
import { HOST_RULES } from '../../src/ledger/verify-host-rules.ts'
import { answerInstruction } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { hostProgram, hostRules } from '../programs/host-programme.ts'
import { makeProgramme, units } from '../programs/programme.ts'

const given = await useDatabase()
const { clock, database, owner } = given
const programme = await makeProgramme(given, hostProgram('verified', hostRules))

const known = { open: 0n, confirmed: 0n, partly: 0n, reclaim: 0n, rebate: 0n }
let client: pg.PoolClient

/** An open credit, a confirmed one of which part was taken back, and one that was done in part. */
beforeAll(async () => {
  const [inviter, invitee] = [await programme.account('inviter'), await programme.account('invitee')]
  await programme.signUp(invitee, inviter)
  const newest = async () => database.prisma.hostInstruction.findFirstOrThrow({ orderBy: { id: 'desc' } })
  for (const [name, confirmed] of [['confirmed', '10'], ['partly', '4'], ['open', null]] as const) {
    await programme.recharge(name, invitee, '100')
    await programme.transfer(inviter, 'all')
    const { id, publicId } = await newest()
    known[name] = id
    if (confirmed !== null) await answerInstruction(programme.recorder, { instructionId: publicId, confirmed: units(confirmed) })
    clock.advance(60)
  }
  await programme.refund('refund', 'confirmed', invitee)
  const reclaim = await database.prisma.hostInstruction.findFirstOrThrow({ where: { kind: 'reclaim' } })
  known.reclaim = reclaim.id
  await answerInstruction(programme.recorder, { instructionId: reclaim.publicId, confirmed: units('3') })
  known.rebate = (await database.prisma.hostInstructionLine.findFirstOrThrow({ where: { instructionId: known.open }, orderBy: { place: 'asc' } })).rebateId
  client = await owner.pool.connect()
  await client.query('set session_replication_role = replica')
})
afterAll(() => client.release())

/** The first wrong row of every broken rule. */
async function faults(): Promise<string[]> {
  const found: string[] = []
  for (const { name, query } of HOST_RULES) {
    const { rows } = await client.query<{ place: string }>(query)
    if (rows[0] !== undefined) found.push(`${name} ${rows[0].place}`)
  }
  return found
}

test('holds when nothing was touched', async () => {
  expect(await faults()).toEqual([])
})

test.each([
  ['an open instruction that vanished', () => `delete from host_instruction_line where instruction_id = ${known.open}`, () => [`host_in_transit rebate ${known.rebate}`, `host_instructions host_instruction ${known.open}`]],
  ['an open instruction that was called refused', () => `update host_instruction set state = 'refused', confirmed_amount = 0, ended_at = now(), ended_actor_id = 1 where id = ${known.open}`, () => [`host_in_transit rebate ${known.rebate}`, `host_answers host_instruction ${known.open}`]],
  ['a line of another amount', () => `update host_instruction_line set amount = amount + 1 where instruction_id = ${known.confirmed}`, () => [`host_instructions host_instruction ${known.confirmed}`, `host_answers host_instruction ${known.confirmed}`]],
  ['a confirmation of more than was cleared', () => `update host_instruction_line set confirmed_amount = confirmed_amount + 1 where instruction_id = ${known.partly}; update host_instruction set confirmed_amount = confirmed_amount + 1 where id = ${known.partly}`, () => [`host_answers host_instruction ${known.partly}`]],
  ['a recovery that no transfer posted', () => `update host_instruction set ended_transfer_id = null where id = ${known.reclaim}`, () => [`host_answers host_instruction ${known.reclaim}`]],
  ['an instruction of another member', () => `update host_instruction set account_id = account_id + 1 where id = ${known.confirmed}`, () => [`host_instructions host_instruction ${known.confirmed}`]],
  ['a reclaim of more than is owed', () => `update host_instruction_line set amount = amount + 5 where instruction_id = ${known.reclaim}; update host_instruction set amount = amount + 5 where id = ${known.reclaim}`, () => [`host_instructions host_instruction ${known.reclaim}`]],
  ['an answer without who gave it', () => `update host_instruction set ended_actor_id = null where id = ${known.confirmed}`, () => [`host_answers host_instruction ${known.confirmed}`]],
])('finds %s', async (_name, corruption, expected) => {
  await client.query('begin')
  for (const table of ['host_instruction', 'host_instruction_line']) {
    const { rows } = await client.query<{ conname: string }>(`select conname from pg_constraint where conrelid = '${table}'::regclass and contype = 'c'`)
    for (const { conname } of rows) await client.query(`alter table ${table} drop constraint ${conname}`)
  }
  await client.query(corruption())
  const found = await faults()
  await client.query('rollback')
  expect(found).toEqual(expected())
})
