// Goal: serve, check and key say what they did, with exit codes that scripts can trust.
// Method: the command lines in this process, on a test's own database; the server on a free port until the test asks it to stop.

import { Command } from 'commander'
import { Readable } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/base/config.ts'
import { createLog } from '../../src/base/log.ts'
import { register as registerCheck } from '../../src/cli/check.ts'
import type { CliContext } from '../../src/cli/context.ts'
import { serveUntilStopped } from '../../src/cli/serve.ts'
import { createAuthentication } from '../../src/identities/index.ts'
import { createWorld } from '../checks/world.ts'
import { useDatabase } from '../database.ts'
import { ran } from './review-commands.ts'

const setting = await useDatabase()
const { database, keys, clock } = setting
const world = createWorld(setting)

function contextOf(more: Partial<CliContext> = {}) {
  const printed: string[] = []
  const complained: string[] = []
  const codes: number[] = []
  const context: CliContext = {
    config: parseConfig({ RINGFENCE_PORT: '0' }), clock, log: createLog('silent'), monotonicSeconds: () => 0, peakMemoryBytes: () => 0, isTerminal: false,
    print: (text) => printed.push(text), printError: (text) => complained.push(text), progress: () => ({ update: () => undefined, finish: () => undefined }),
    openDatabase: () => Promise.resolve({ database, keys, close: () => Promise.resolve() }), stopRequested: () => Promise.resolve(), exit: (code) => codes.push(code), ...more,
  }
  return { context, printed, complained, codes }
}

beforeAll(async () => {
  await world.program('main', { mode: 'hold' })
  await world.accounts('farmer', 'alt', 'honest', 'friend')
  await world.seen(['farmer', 'device:install', 'd1'], ['alt', 'device:install', 'd1'], ['farmer', 'payment:fingerprint', 'p1'], ['alt', 'payment:fingerprint', 'p1'])
  await world.referral('main', 'farmer', 'alt')
  await world.referral('main', 'honest', 'friend')
  await world.scan()
})

describe('ringfence serve', () => {
  test('prints its address and the first key once, serves until it is asked to stop, and stops', async () => {
    for (const isFirst of [true, false]) {
      let stop = (): void => undefined
      const stopped = new Promise<void>((resolve) => { stop = resolve })
      let listening = (_text: string): void => undefined
      const address = new Promise<string>((resolve) => { listening = resolve })
      const { context, printed } = contextOf({ stopRequested: () => stopped })
      const print = context.print.bind(context)
      const served = serveUntilStopped({ ...context, print: (text) => { print(text); if (text.includes('listens on')) listening(text) } }, { database, keys })
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await address)?.[0] ?? ''
      expect((await fetch(`${url}/readyz`)).status).toBe(200)
      const token = /rf_[0-9a-z]{8}_[\w-]{43}/.exec(printed.join('\n'))?.[0]
      expect(token !== undefined).toBe(isFirst)
      if (token !== undefined) expect((await fetch(`${url}/v1/programs`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200)
      stop()
      await served
      await expect(fetch(`${url}/healthz`)).rejects.toThrow()
    }
  })
})

describe('ringfence check', () => {
  const pair = (inviter: string, invitee: string) => ['check', '--program', 'main', '--inviter', inviter, '--invitee', invitee]

  test('prints the decision with its reasons; allow is 0, hold is 1', async () => {
    const allowed = await ran(setting, ...pair('honest', 'friend'))
    expect([allowed.code, allowed.printed.split('\n')[0]]).toEqual([-1, 'allow'])
    const held = await ran(setting, ...pair('farmer', 'alt'))
    expect([held.code, held.printed.split('\n')[0]]).toEqual([1, 'hold'])
    expect(held.printed).toMatch(/probability of one operator: \d+\.\d %/)
  })

  test('is recorded like any other', async () => {
    const { printed } = await ran(setting, ...pair('farmer', 'alt'), '--json')
    const answer = JSON.parse(printed) as { check_id: string; decision: string }
    expect(answer.decision).toBe('hold')
    expect(await database.prisma.checkRecord.count({ where: { id: answer.check_id } })).toBe(1)
  })

  test('takes identifiers seen with the request', async () => {
    const probability = async (...more: string[]) => (JSON.parse((await ran(setting, ...pair('honest', 'alt'), '--json', ...more)).printed) as { probability: number }).probability
    await world.seen(['honest', 'device:cookie', 'c=1'])
    await world.settle()
    expect(await probability('--observation', 'device:cookie=c=1')).toBeGreaterThan(await probability())
  })

  test('reads a request from standard input, and refuses what is none', async () => {
    const request = { program: 'main', subject: 'rebate', subject_id: 'o', inviter: 'honest', invitee: 'friend', amount: '1', asset: 'USD' }
    for (const [text, code] of [[JSON.stringify(request), undefined], ['{', 2], [JSON.stringify({ ...request, amount: '-1' }), 2], [JSON.stringify({ ...request, program: 'nowhere' }), 2]] as const) {
      const { context, codes, complained } = contextOf()
      const program = new Command().exitOverride()
      registerCheck(program, context, Readable.from([text]))
      await program.parseAsync(['check', '--stdin', '--json'], { from: 'user' })
      expect(codes.at(-1), text).toBe(code)
      expect(complained.length > 0).toBe(code === 2)
    }
  })

  test('names what is missing or wrong and exits with 2', async () => {
    const { code, complained } = await ran(setting, 'check', '--program', 'main', '--inviter', 'a', '--invitee', 'b', '--subject', 'lunch')
    expect([code, complained]).toEqual([2, expect.stringContaining('subject')])
  })
})

describe('ringfence key', () => {
  test('makes a key that works, lists it without its secret, rotates and revokes it', async () => {
    const made = await ran(setting, 'key', 'create', '--label', 'shop', '--scopes', 'host', '--program', 'main')
    const token = made.printed.trim()
    const prefix = token.split('_')[1] ?? ''
    expect(await createAuthentication({ database, clock }).authenticate(token)).toMatchObject({ actorKind: 'key' })
    const list = await ran(setting, 'key', 'list')
    expect(list.printed).toContain(`${prefix}  valid`)
    expect(list.printed).not.toContain(token.slice(12))
    expect(JSON.parse((await ran(setting, 'key', 'list', '--json')).printed)).toContainEqual(expect.objectContaining({ prefix, program: 'main', revoked_at: null }))
    const rotated = (await ran(setting, 'key', 'rotate', prefix, '--overlap-hours', '0')).printed.trim()
    expect(await createAuthentication({ database, clock }).authenticate(token)).toBeUndefined()
    expect((await ran(setting, 'key', 'revoke', rotated.split('_')[1] ?? '')).printed).toContain('Revoked')
    expect(await createAuthentication({ database, clock }).authenticate(rotated)).toBeUndefined()
  })

  test('of a person may decide, and takes the name of one who acted before without a key', async () => {
    const actor = await database.prisma.actor.create({ data: { kind: 'person', name: 'ada', createdAt: clock.now() } })
    const token = (await ran(setting, 'key', 'create', '--label', 'ada', '--scopes', 'analyst', '--person')).printed.trim()
    expect(await createAuthentication({ database, clock }).authenticate(token)).toMatchObject({ actorKind: 'person', actorId: actor.id })
  })

  test.each([
    [['create', '--label', 'x', '--scopes', 'everything'], 'scope'],
    [['create', '--label', 'x', '--scopes', 'host', '--program', 'nowhere'], 'program'],
    [['create', '--label', 'x', '--scopes', 'host', '--expires-days', 'soon'], 'Days'],
    [['create', '--label', '', '--scopes', 'host'], 'label'],
    [['create', '--scopes', 'host'], 'label'],
    [['revoke', 'zzzzzzzz'], 'no key'],
    [['rotate', 'zzzzzzzz'], 'no valid key'],
    [['rotate', 'zzzzzzzz', '--overlap-hours', '-1'], 'Hours'],
    [['destroy'], 'unknown command'],
  ])('%j is refused with 2 and a sentence', async (parameters, word) => {
    const { code, complained, printed } = await ran(setting, 'key', ...parameters)
    expect([code, complained + printed]).toEqual([2, expect.stringContaining(word)])
  })
})
