// `ringfence webhook` and `ringfence reconcile` as an operator runs them: what they print, what they refuse, and exit codes for scripts.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseConfig } from '../../src/base/config.ts'
import { createLog } from '../../src/base/log.ts'
import { runCommand } from '../../src/cli/run-command.ts'
import { useDatabase } from '../database.ts'
import { hostProgram, hostRules } from '../programs/host-programme.ts'
import { makeProgramme } from '../programs/programme.ts'

const given = await useDatabase()
const { database, keys, clock } = given
const directory = mkdtempSync(join(tmpdir(), 'ringfence-reconcile-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))
const programme = await makeProgramme(given, hostProgram('hosted', hostRules))

async function run(...parameters: string[]): Promise<{ code: number; printed: string }> {
  const printed: string[] = []
  let code = 0
  await runCommand(parameters, {
    config: parseConfig({ RINGFENCE_WEBHOOK_RANGES: '10.1.0.0/16' }), clock, log: createLog('silent'), monotonicSeconds: () => 0, peakMemoryBytes: () => 0,
    print: (text) => printed.push(text), printError: (text) => printed.push(text), isTerminal: false,
    progress: () => ({ update: () => undefined, finish: () => undefined }),
    openDatabase: async () => ({ database, keys, close: async () => undefined }),
    stopRequested: () => Promise.resolve(),
    exit: (exitCode) => {
      code = exitCode
    },
  })
  return { code, printed: printed.join('\n') }
}

let account = ''
let instructionId = ''
beforeAll(async () => {
  const [inviter, invitee] = [await programme.account('inviter'), await programme.account('invitee')]
  account = (await database.prisma.accountIdentity.findUniqueOrThrow({ where: { accountId: inviter } })).externalId
  await programme.signUp(invitee, inviter)
  await programme.recharge('r', invitee, '100')
  const answer = await programme.transfer(inviter, '2.5')
  instructionId = answer.ok ? answer.instructionId ?? '' : ''
})

describe('webhook', () => {
  test('makes an endpoint, prints its secret once, and lists it without', async () => {
    const made = await run('webhook', 'create', 'http://10.1.2.3/hooks', '--topics', 'host.instruction', '--program', 'hosted')
    expect([made.code, /^Endpoint 1\nwhsec_\S{44}$/.test(made.printed)]).toEqual([0, true])
    const list = await run('webhook', 'list')
    expect(list.printed).toBe('1  in use  http://10.1.2.3/hooks  host.instruction')
    expect(JSON.parse((await run('webhook', 'list', '--json')).printed)).toMatchObject([{ endpoint_id: '1', topics: ['host.instruction'] }])
  })

  test('an endpoint that subscribes to instructions is told those that are open', async () => {
    const { printed } = await run('webhook', 'messages', '--json')
    expect(JSON.parse(printed)).toMatchObject([{ topic: 'host.instruction', state: 'waiting' }])
  })

  test('tests, rotates and retires it; what does not exist is refused with exit code 2', async () => {
    expect((await run('webhook', 'test', '1')).code).toBe(0)
    expect((await run('webhook', 'rotate', '1')).printed).toMatch(/^whsec_/)
    const [{ message_id: messageId }] = JSON.parse((await run('webhook', 'messages', '--json')).printed) as [{ message_id: string }]
    expect((await run('webhook', 'redeliver', messageId)).code).toBe(0)
    expect((await run('webhook', 'retire', '1')).printed).toBe('Retired 1.')
    for (const command of [['test', '1'], ['rotate', '1'], ['retire', '77'], ['redeliver', 'nonsense'], ['retire', 'x']]) expect((await run('webhook', ...command)).code, command.join(' ')).toBe(2)
    expect((await run('webhook', 'create', 'https://10.2.0.1/', '--topics', 'host.instruction')).printed).toBe('The endpoint is refused: address_refused.')
    expect((await run('webhook', 'create', 'https://example.com/', '--topics', 'host.instruction', '--program', 'none')).code).toBe(2)
  })
})

describe('reconcile', () => {
  const list = (text: string): string => {
    const file = join(directory, 'list.csv')
    writeFileSync(file, text)
    return file
  }
  const HEAD = 'instruction_id,reference,account,asset,amount,status'

  test('says what differs and ends with exit code 1, and with 0 once answers are taken over', async () => {
    const file = list(`${HEAD}\n${instructionId},h-1,${account},USD,2.5,done\n`)
    const found = await run('reconcile', file, '--program', 'hosted')
    expect([found.code, found.printed.split('\n')[0]]).toEqual([1, '0 matched, 0 in transit, 1 different; 0 answers taken, 1 differences left.'])
    expect(found.printed).toContain('ours 2.5  host 2.5 USD: the host ended it, we have no answer')
    const taken = await run('reconcile', file, '--take-answers', '--json')
    expect([taken.code, JSON.parse(taken.printed)]).toMatchObject([0, { answers_taken: 1, differences_left: 0 }])
  })

  test('reads JSON lines as well', async () => {
    const file = list(`${JSON.stringify({ instruction_id: instructionId, account, asset: 'USD', amount: '2.5', status: 'done' })}\n`)
    expect(await run('reconcile', file, '--program', 'hosted')).toEqual({ code: 0, printed: '1 matched, 0 in transit, 0 different; 0 answers taken, 0 differences left.' })
  })

  test.each([
    [`${HEAD}\n,,a,USD,1,done\n`, 'Row 1: it names neither the instruction nor a reference.'],
    [`${HEAD}\nx,,,USD,1,done\n`, 'Row 1: it names no account.'],
    [`${HEAD}\nx,,a,USD,1,paid\n`, 'Row 1: its status is not done, refused or pending.'],
    [`${HEAD}\nx,,a,QQQ,1,done\n`, 'Row 1: its asset is not known.'],
    [`${HEAD}\nx,,a,DAY,1.5,done\n`, 'Row 1: its amount is no decimal of this asset.'],
    [`${HEAD}\nx,,a,USD,1e3,done\n`, 'Row 1: its amount is no decimal of this asset.'],
    ['{"a":', 'The list is neither CSV with a head nor JSON lines.'],
  ])('refuses a malformed list with exit code 2 and the row: %#', async (text, sentence) => {
    expect(await run('reconcile', list(text), '--program', 'hosted')).toEqual({ code: 2, printed: sentence })
  })

  test('refuses an unknown program and hours that are no hours', async () => {
    expect((await run('reconcile', list(HEAD), '--program', 'none')).code).toBe(2)
    expect((await run('reconcile', list(HEAD), '--in-transit-hours', 'x')).code).toBe(2)
  })
})
