// `ringfence members` as staff run it: what it shows, what it changes, and that a contract takes two persons.

import { expect, test } from 'vitest'
import { register } from '../../src/cli/standing.ts'
import { apiyi } from '../../src/programs/index.ts'
import { useDatabase } from '../database.ts'
import { runRegistered } from './run-registered.ts'
import { makeProgramme } from '../programs/programme.ts'

const given = await useDatabase()
const { clock } = given
const [version] = apiyi.versions
const { account, programId } = await makeProgramme(given, {
  key: 'agencies', name: 'agencies', versions: version === undefined ? [] : [{ ...version, content: { ...version.content, tracks: [{ key: 'money', entry: 'contract', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 } }] } }],
})
await account('acme')
const acme = `acme-${programId}`

const members = (...parameters: string[]) => runRegistered(given, register, ['members', ...parameters])

test('a member of whom nothing is recorded is active on the default track', async () => {
  expect(await members('show', 'agencies', acme)).toEqual({ code: 0, printed: `${acme} in agencies: active since always, track default` })
})

test('closing and reopening is shown with its time and its reason, for people and for machines', async () => {
  expect(await members('close', 'agencies', acme)).toMatchObject({ code: 0, printed: expect.stringContaining('state: closed') })
  expect((await members('show', 'agencies', acme)).printed).toContain(`${acme} in agencies: closed since 2026-06-01T12:00:00.000Z (staff), track default`)
  clock.advance(60)
  await members('reopen', 'agencies', acme)
  const { printed } = await members('show', 'agencies', acme, '--json')
  expect(JSON.parse(printed)).toMatchObject({ program: 'agencies', enrolment: { state: 'active', reason: 'staff', since: '2026-06-01T12:01:00.000Z' }, enrolments: [{ state: 'closed', effective_from: '2026-06-01T12:00:00.000Z' }, { state: 'active' }] })
})

test('a contract is entered by one person and approved by another', async () => {
  const entered = await members('enter-contract', 'agencies', acme, '--track', 'money', '--signed-at', '2026-05-30T09:00:00+03:00', '--document', 'cabinet 3', '--as', 'dana', '--json')
  const { contract_id: id } = JSON.parse(entered.printed) as { contract_id: string }
  expect(await members('approve-contract', id, '--as', 'dana')).toEqual({ code: 1, printed: 'Refused (same_person): same person' })
  expect((await members('approve-contract', id, '--as', 'lee')).code).toBe(0)
  expect((await members('show', 'agencies', acme)).printed).toContain(`track: money from 2026-05-30T06:00:00.000Z (contract ${id})`)
  expect(await members('track', 'agencies', acme, 'default')).toMatchObject({ code: 1, printed: expect.stringContaining('contract_in_force') })
  expect((await members('end-contract', id)).code).toBe(0)
})

test('an account is excluded and included again', async () => {
  const { exclusion_id: id } = JSON.parse((await members('exclude', acme, '--reason', 'test', '--json')).printed) as { exclusion_id: string }
  expect((await members('show', 'agencies', acme)).printed).toContain(`excluded ${id}: test from`)
  clock.advance(60)
  expect((await members('include', id)).code).toBe(0)
  expect((await members('show', 'agencies', acme)).printed).not.toContain('excluded')
})

test('what is not known is refused with exit code 1', async () => {
  expect(await members('show', 'nowhere', acme)).toMatchObject({ code: 1, printed: expect.stringContaining('unknown_program') })
  expect(await members('show', 'agencies', 'nobody')).toMatchObject({ code: 1, printed: expect.stringContaining('unknown_account') })
})
